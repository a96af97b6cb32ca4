"""Commands about the MLflow page, and to get to know medidense by: sync, ui and demo."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain, emit
from medidense.cli.options import BurnedIn, Json, present
from medidense.cli.printing import Table, duration, facts, show
from medidense.cli.progress import following
from medidense.values.wording import count


def sync(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUN_DIR]...",
            callback=present,
            help="Folders of runs, or of packages evaluated elsewhere; by default all runs below runs/.",
        ),
    ] = None,
    allow_burned_in: BurnedIn = False,
    as_json: Json = False,
) -> int:
    """Log to MLflow what could not be logged when it happened.

    A run directory keeps everything that MLflow is to hold. Nothing is logged twice; runs that were stopped
    before their end are logged as far as they are. Pictures of modalities that may carry text in the image
    (all but CT, MR and PT) are left out unless --allow-burned-in, now or before, says that these do not.
    Exit code 4 when a run could not be logged.

    \b
    Example:
      medidense sync
      medidense sync runs/lung-1a2b3c4d
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.sync(runs or (), allow_burned_in=allow_burned_in, progress=progress)
    rows = tuple((item.status, item.run, item.words) for item in result.items)
    show([Table(("status", "run", "where, or why not"), rows)], result.to_json(), as_json=as_json)
    if not result.failed:
        return 0
    total = count(len(result.items), "run")
    return complain([f"sync: {result.failed} of {total} could not be logged; run it again later"], 4)


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this machine.")] = 5000,
    as_json: Json = False,
) -> int:
    """Serve the MLflow page of your runs, on this machine only.

    It runs until Ctrl-C. Where MLFLOW_TRACKING_URI names a server that runs already, its links are printed.
    docs/mlflow.md says how to read the page.

    \b
    Example:
      medidense ui --port 5001
    """
    from medidense import verbs

    def told(line: str) -> None:
        if not as_json:
            emit(line)

    def at(server: str) -> None:
        if as_json:
            show([], {"url": server}, as_json=True)

    verbs.ui(port=port, told=told, at=at)
    return 0


def demo(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; by default demo/.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the made-up scans and of training.")
    ] = 0,
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="Shuffle labels by subject: nothing can be learnt then.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Run the whole chain on made-up chest scans.

    Scan, check, plan, cross-validate, explain, export and score, by the functions that your own data would go
    through. Takes about 4 minutes on two cores.

    \b
    Example:
      medidense demo --out /tmp/demo
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.demo(out=out, seed=seed, shuffle_labels=shuffle_labels, progress=progress)
    table = facts(
        [
            (
                "AUROC",
                f"{result.auroc.text()}, out of fold" + (", labels shuffled" if result.shuffled else ""),
            ),
            ("took", duration(result.seconds)),
            ("cohort", result.cohort),
            ("run", result.run),
            ("package", result.package),
            ("scores", f"{result.scores} ({count(result.scored, 'lesion')} scored)"),
            ("maps", result.saliency),
            ("tracking", result.tracking),
        ]
    )
    follow = ["Next, try:", *(f"  {command}" for command in result.next_commands)]
    show([table, *follow], result.to_json(), as_json=as_json)
    return 0
