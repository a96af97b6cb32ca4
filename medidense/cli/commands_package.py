"""Commands around the package that scores: export, verify, score, promote."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import Inputs, Json, Lesions, Overwrite, PackageFolder, RunFolder
from medidense.cli.printing import Table, facts, show
from medidense.cli.progress import following
from medidense.values.wording import count


def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option("--out", metavar="PACKAGE", help="The package folder to write.")],
    name: Annotated[
        str, typer.Option("--name", help="Name of the model; by default the cohort's name.")
    ] = "",
    version: Annotated[str, typer.Option("--model-version", help="Version of the model.")] = "1",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Make a package from a finished run, to score with anywhere.

    A package is a folder of plain data with checksums: the folds' models, the recipe, and what the training
    data were like. It holds no code and no subject's name; a digest tells subjects and images of the training
    again when 'medidense evaluate' is given another cohort (docs/external.md).

    \b
    Example:
      medidense export runs/lung-1a2b3c4d --out lung-package
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.export(
            run, out=out, name=name, version=version, overwrite=overwrite, progress=progress
        )
    page = facts([("package", result.package), ("models", result.models), ("sha256", result.digest)])
    show([page, *(f"note: {note}" for note in result.notes)], result.to_json(), as_json=as_json)
    return 0


def verify(package: PackageFolder, as_json: Json = False) -> int:
    """Prove that a package is whole and still gives its own scores.

    Exit code 2 when a check fails.

    \b
    Example:
      medidense verify lung-package
    """
    from medidense import verbs

    result = verbs.verify(package)
    rows = tuple((check.name, "ok" if check.ok else "FAILED", check.detail) for check in result.checks)
    show([Table(("check", "outcome", "detail"), rows)], result.to_json(), as_json=as_json)
    if result.ok:
        return 0
    failed = [check for check in result.checks if not check.ok]
    return complain(
        [f"{package}: check failed: {check.name}; found {check.detail}; export it again" for check in failed]
        or [f"{package}: the package does not hold; export it again"],
        2,
    )


def score(
    package: PackageFolder,
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write scores.csv into.")],
    lesions: Lesions = None,
    as_json: Json = False,
) -> int:
    """Score fresh scans with a package; the result is scores.csv.

    Every series below the inputs is scored, a row a (series, lesion). A package made for lesions needs
    --lesions. The same command goes on where it was stopped. Exit code 3 when there is no image at all, 4
    when an input was refused or failed; the reason stands in its row.

    \b
    Example:
      medidense score lung-package tonight/ --lesions lesions.csv --out scores
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.score(package, inputs, lesions=lesions, out=out, progress=progress)
    page = facts(
        [
            ("found", result.found),
            ("scored", result.scored),
            ("refused", result.refused),
            ("failed", result.failed),
            ("scores", result.csv),
        ]
    )
    show([page, "Research software, not a medical device."], result.to_json(), as_json=as_json)
    if result.unmatched:
        rows = ", ".join(result.unmatched[:5]) + (" ..." if len(result.unmatched) > 5 else "")
        complain(
            [f"warning: {lesions}: {count(len(result.unmatched), 'lesion')} matched no input: {rows}"], 0
        )
    missed = result.refused + result.failed
    if not missed:
        return 0
    total = missed + result.scored
    return complain(
        [f"{result.csv}: {missed} of {count(total, 'row')} refused or failed; each row says why"], 4
    )


def promote(
    model: Annotated[
        str,
        typer.Argument(metavar="RUN_DIR|NAME/VERSION", help="A run, or a version of a registered model."),
    ],
    as_json: Json = False,
) -> int:
    """Make a run's model the champion of its registered model in MLflow.

    'medidense cv' registers each run as a version, and the newest is the challenger. The alias champion is
    moved by this command alone, back as well as forward. Exit code 2 when the run is not in the store that
    'cv' logs to from this folder.

    \b
    Example:
      medidense promote runs/lung-1a2b3c4d
      medidense promote lung-1a2b3c/2
    """
    from medidense import verbs

    result = verbs.promote(model)
    before = f"version {result.before}" if result.before else "nobody"
    moved = "as before" if result.before == result.version else f"before: {before}"
    rows = [("model", result.model), ("champion", f"version {result.version} ({moved})")]
    page = facts([*rows, ("AUROC", result.auroc), ("store", result.store)])
    show([page], result.to_json(), as_json=as_json)
    return 0
