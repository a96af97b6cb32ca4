"""Commands that make a cross-validation and read it: plan, cv, report, compare, explain."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import (
    Budget,
    BurnedIn,
    Cohort,
    Controls,
    Device,
    FoldsOn,
    Inputs,
    Json,
    Lesions,
    Overwrite,
    RunFolder,
    Split,
    Strata,
    Where,
    candidate,
    present,
    settings,
)
from medidense.cli.printing import Table, duration, facts, figure, show
from medidense.cli.progress import following
from medidense.values.wording import count


def plan(
    cohort: Cohort,
    out: Annotated[Path, typer.Option("--out", metavar="RECIPE.yaml", help="The recipe to write.")],
    budget: Budget = None,
    device: Where = Device.auto,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Take this key as given, not planned; repeatable."),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Propose a recipe for a cohort, with a reason for every choice.

    A recipe holds every decision about data, network and training. Edit the file and give it to
    'medidense cv --recipe'; docs/recipe.md explains every key. What depends on a key given with --set is
    planned accordingly.

    \b
    Example:
      medidense plan cohort.csv --out recipe.yaml --budget 30
      medidense plan cohort.csv --out recipe.yaml --set input.mask_channel=false
    """
    chosen = settings(changes or [])
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.plan(
            cohort,
            out=out,
            budget=budget,
            device=device.value,
            settings=chosen,
            overwrite=overwrite,
            progress=progress,
        )
    reasons = Table(("key", "reason"), tuple(sorted(result.recipe.reasons.items())))
    network = result.recipe.network
    size = f"{network.name}, {result.parameters:,} parameters, dropout {network.dropout:g}"
    page = [reasons, facts([("network", size), ("recipe", result.out)])]
    show(page, result.to_json(), as_json=as_json)
    return 0


def cv(
    cohort: Cohort,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="RECIPE.yaml", callback=present, help="By default one is planned."),
    ] = None,
    split: Annotated[
        Split, typer.Option("--split", help="How to split: k folds, or parts that the cohort gives.")
    ] = Split.kfold,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=100, show_default="5", help="Parts to cut the subjects into."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option("--repeats", min=2, max=100, show_default="3", help="With --split repeated: how often."),
    ] = None,
    stratify: Annotated[
        Strata, typer.Option("--stratify", help="What the parts are alike in: labels, or labels by site.")
    ] = Strata.label,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidate",
            metavar="KEY=VALUE[,KEY=VALUE]",
            help="With --split nested: settings that inner folds choose among; repeatable.",
        ),
    ] = None,
    fold: Annotated[
        list[int] | None,
        typer.Option("--fold", min=0, help="Train only this fold, from 0; repeatable. No figures yet."),
    ] = None,
    folds_on: Annotated[
        FoldsOn, typer.Option("--folds-on", help="Train all folds side by side on a Ray cluster.")
    ] = FoldsOn.here,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", metavar="ADDRESS", show_default="this machine", help="Of the cluster."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the folds and of training.")] = 0,
    budget: Budget = None,
    device: Where = Device.auto,
    devices: Annotated[
        int,
        typer.Option(
            "--devices", min=1, max=1024, help="Devices of this machine that train a fold together."
        ),
    ] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RUN_DIR", help="By default a folder below runs/.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe; repeatable."),
    ] = None,
    tracked: Annotated[
        bool, typer.Option("--track/--no-track", help="Log to MLflow, while it trains too.")
    ] = True,
    controls: Annotated[
        Controls,
        typer.Option("--controls", help="Shuffle labels, hide lesions: by a head on features, or retrained."),
    ] = Controls.features,
    allow_burned_in: BurnedIn = False,
    as_json: Json = False,
) -> int:
    """Cross-validate: a model a fold, tested on subjects it never saw.

    All rows of a subject stay in one fold. The same command finds the same run: finished, it prints the
    result; stopped half-way, it goes on. Processes with one --fold each may work on a run side by side; the
    command without it trains what is missing and pools.

    \b
    Example:
      medidense cv cohort.csv --budget 30 --set training.epochs=20
      medidense cv cohort.csv --split repeated --repeats 5
    """
    chosen, choices = settings(changes or []), [candidate(text) for text in candidates or []]
    from medidense import verbs
    from medidense.cli.pages import choices_table, crossing_copies, evaluation_page, folds_page

    options = verbs.CvOptions(
        folds=folds,
        seed=seed,
        budget=budget,
        device=device.value,
        devices=devices,
        out=out,
        settings=chosen,
        split=split.value,
        repeats=repeats,
        stratify=stratify.value,
        candidates=choices,
        fold=fold or [],
        folds_on=folds_on.value,
        ray_address=ray_address,
        tracked=tracked,
        controls=controls.value,
        allow_burned_in=allow_burned_in,
    )
    with following(as_json=as_json) as progress:
        result = verbs.cv(cohort, recipe=recipe, options=options, progress=progress)
    if result.figures is None:
        show([folds_page(result, fold or [])], result.to_json(), as_json=as_json)
        return 0
    where = facts(
        [
            ("run", result.run),
            ("report", result.report),
            ("tracking", result.tracking),
            ("took", duration(result.seconds) + (", a run begun before" if result.resumed else "")),
        ]
    )
    chose = [choices_table(result.choices)] if result.choices else []
    copies = crossing_copies(result.crossings)
    page = [*evaluation_page(result.public), *copies, *chose, where]
    show(page, result.to_json(), as_json=as_json)
    return 0


def report(
    run: RunFolder,
    allow_burned_in: BurnedIn = False,
    as_json: Json = False,
) -> int:
    """Write a finished run as one page: RUN_DIR/report.html, to read, print and hand on.

    The page needs nothing beside it, and names subjects by pseudonyms. Pictures of modalities that may carry
    text in the image (all but CT, MR and PT) are left out, here and in MLflow, unless --allow-burned-in says
    that these do not: once, for all further commands on the run.
    report.json beside it holds its numbers. 'medidense cv' writes both too.

    \b
    Example:
      medidense report runs/lung-1a2b3c4d
    """
    from medidense import verbs

    result = verbs.report(run, allow_burned_in=allow_burned_in)
    withheld = f"{count(result.withheld, 'picture')}, see --allow-burned-in" if result.withheld else ""
    lines = [("AUROC", result.auroc.text()), ("report", result.html), ("numbers", result.numbers)]
    show([facts([*lines, ("withheld", withheld)])], result.to_json(), as_json=as_json)
    return 0


def compare(
    run_a: RunFolder,
    run_b: Annotated[
        Path,
        typer.Argument(metavar="RUN_DIR", callback=present, help="Another run that tested the same samples."),
    ],
    as_json: Json = False,
) -> int:
    """Compare two finished runs on the same samples, with paired tests.

    Differences are the first run less the second: AUROC resampled over subjects (and by DeLong where each
    subject has one sample), decisions at each run's operating point by McNemar's test of whole subjects.

    \b
    Example:
      medidense compare runs/lung-1a2b3c4d runs/lung-5e6f7a8b
    """
    from medidense import verbs
    from medidense.cli.comparison_page import comparison_page

    result = verbs.compare(run_a, run_b)
    show(comparison_page(result.comparison), result.to_json(), as_json=as_json)
    return 0


def explain(
    model: Annotated[
        Path,
        typer.Argument(metavar="RUN_DIR|PACKAGE", callback=present, help="What scores: a run or a package."),
    ],
    inputs: Inputs,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder to write maps and pictures into.")
    ],
    lesions: Lesions = None,
    target_class: Annotated[
        str,
        typer.Option(
            "--class", metavar="NAME", help="Class to show evidence for; by default the positive one."
        ),
    ] = "",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Show where a model sees evidence: a map and a picture for each lesion.

    The map is Grad-CAM on the scan's own grid, as NIfTI; it is empty where there is no evidence for the
    class. A run explains its own samples by the model that never saw their subject. Exit code 4 when an
    input was refused.

    \b
    Example:
      medidense explain lung-package tonight/ --lesions lesions.csv --out maps
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.explain(
            model,
            inputs,
            lesions=lesions,
            out=out,
            target_class=target_class,
            overwrite=overwrite,
            progress=progress,
        )
    rows = tuple(
        (item.status, figure(item.score), item.map or item.reason.partition(":")[0]) for item in result.items
    )
    table = Table(("status", "score", "map, or why not"), rows)
    show([table, facts([("written", result.out)])], result.to_json(), as_json=as_json)
    missed = [item for item in result.items if item.status != "explained"]
    if not missed:
        return 0
    total = count(len(result.items), "lesion")
    return complain([f"{result.out}: {len(missed)} of {total} have no map; explain.csv there says why"], 4)
