"""The command that says what a run, or a package elsewhere, is worth: evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import Json, Overwrite, present
from medidense.cli.printing import facts, show
from medidense.cli.progress import following
from medidense.values.wording import count


def evaluate(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN_DIR|PACKAGE", callback=present, help="A run, or a package on a cohort."),
    ],
    cohort: Annotated[
        Path | None,
        typer.Argument(metavar="[COHORT.csv]", callback=present, help="Another cohort, for a package."),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", metavar="SUBSET.csv", callback=present, help="Of a run: only these rows."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Of a package: the folder to write into.")
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            "--prevalence",
            metavar="SHARE",
            help="Share of positives where the model is to be used, for PPV and NPV.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    tracked: Annotated[
        bool, typer.Option("--track/--no-track", help="Of a package: log it to MLflow.")
    ] = True,
    as_json: Json = False,
) -> int:
    """Print the figures of a finished run, or of a package on another cohort.

    Those of a run come from its out-of-fold scores. With --rows the scores stay those of the whole run; only
    the rows that are counted change. A package is evaluated frozen, with the calibration and the threshold
    of its training; rows of subjects that it was trained on are refused (TRAINING_SUBJECT). DIR/report.html
    is the page of it, DIR/refusals.csv the rows that were refused; the same command goes on where it was
    stopped. MLflow has it beside the package's cross-validation. With --prevalence PPV and NPV are told for
    that share of positives too, in the place of evaluation.deployment_prevalence of the recipe. Intervals
    resample subjects. Exit code 4 when a row was refused, 2 when none is left.

    \b
    Example:
      medidense evaluate runs/lung-1a2b3c4d --rows cohort_matched.csv
      medidense evaluate runs/lung-1a2b3c4d --prevalence 0.02
      medidense evaluate lung-package elsewhere.csv --out lung-elsewhere
    """
    from medidense import verbs
    from medidense.cli.external_page import external_page
    from medidense.cli.pages import evaluation_page

    with following(as_json=as_json) as progress:
        result = verbs.evaluate(
            run,
            cohort,
            rows=rows,
            prevalence=prevalence,
            out=out,
            overwrite=overwrite,
            tracked=tracked,
            progress=progress,
        )
    if isinstance(result, verbs.ExternalResult):
        page = external_page(result.external)
        written = facts([("report", result.html), ("written", result.out), ("tracking", result.tracking)])
        show([*page, written, "Research software, not a medical device."], result.to_json(), as_json=as_json)
        if not result.missed:
            return 0
        total = count(result.missed + result.external.turnout.scored, "labelled row")
        told = f"{result.out}: {result.missed} of {total} refused or failed; refusals.csv there says why"
        return complain([told], 4)
    page = [*evaluation_page(result.public), facts([("written", result.written)])]
    show(page, result.to_json(), as_json=as_json)
    return 0
