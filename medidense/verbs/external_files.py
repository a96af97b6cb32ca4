"""What does an evaluation of a package write, and where?"""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from medidense import durable
from medidense.batch import LEDGER
from medidense.errors import RunError, UsageError
from medidense.package import Package
from medidense.pages import ExternalContents, external_figures, external_html, external_numbers
from medidense.rundir import LABEL, SCORE, ExternalDir
from medidense.track import pseudonym, pseudonym_key
from medidense.values import Cohort, Predictions, Sample, Score, public_subgroups
from medidense.values.external import ExternalEvaluation
from medidense.verbs.external_rows import RefusedRow
from medidense.verbs.run_contents import aliased

OWN = {"predictions.csv", "refusals.csv", "evaluation.json", "report.html", "report.json", "figures"}
OWN |= {"tracking.json", LEDGER}


def require_own(place: ExternalDir, package: Package, table: Cohort, overwrite: bool) -> None:
    """Raise RunError unless the folder is new, or of this package and this cohort, or to be replaced.

    Raises UsageError for a folder inside the package, which would not hold together any more.
    """
    if place.path.resolve().is_relative_to(package.path.resolve()):
        raise UsageError(
            str(place.path), "the output must not lie in the package", "", "choose another --out"
        )
    there = sorted(path.name for path in place.path.iterdir()) if place.path.is_dir() else []
    strange = [name for name in there if name not in OWN and not name.startswith(".")]
    if strange:
        rule = "the folder is not empty and holds no evaluation of a package"
        raise RunError(str(place.path), rule, strange[0], "choose an empty or a new --out")
    if overwrite or not place.evaluation_path.is_file():
        return
    if not place.is_of(package.digest, table.digest):
        rule = "the folder holds the evaluation of another package or another cohort"
        step = "choose another --out, or pass --overwrite"
        raise RunError(str(place.path), rule, place.evaluation_path.name, step)


def leave_other_run(place: ExternalDir, package: Package, table: Cohort) -> None:
    """Forget the MLflow run of another package or cohort that was evaluated into this folder before.

    That run stays as it is; what is evaluated now becomes one of its own.
    """
    if not place.is_of(package.digest, table.digest):
        with durable.writing(place.tracking_path):
            place.tracking_path.unlink(missing_ok=True)


def remove_traces(place: ExternalDir) -> None:
    """Remove what scoring left where nothing came of it, and the folder where nothing else is in it."""
    with durable.writing(place.path):
        for name in (LEDGER, ".lock"):
            (place.path / name).unlink(missing_ok=True)
        if not any(place.path.iterdir()):
            place.path.rmdir()


def write_rows(
    place: ExternalDir, package: Package, rows: Iterable[tuple[Sample, Score]], refused: Sequence[RefusedRow]
) -> None:
    """predictions.csv of the rows that count, image by image as the cohort has them, and refusals.csv."""
    about = package.manifest
    several = about.kind == "multi_label"
    labels = [LABEL + name for name in about.classes] if several else ["label"]
    beside = [*(["calibrated_score"] if about.calibration else []), *(["set"] if about.sets else [])]
    columns = [
        "sample",
        "subject_id",
        *labels,
        *(SCORE + name for name in about.classes),
        *beside,
        "decision",
    ]
    durable.write_csv(place.predictions_path, columns, _scored(package, rows, several))
    told = sorted(
        (one.sample.row, one.sample.name, one.sample.subject_id, one.status, one.code, one.reason)
        for one in refused
    )
    names = ("row", "sample", "subject_id", "status", "reason_code", "reason")
    durable.write_csv(place.refusals_path, names, ([str(row), *rest] for row, *rest in told))


def write_figures(
    place: ExternalDir, package: Package, table: Cohort, external: ExternalEvaluation, scored: Predictions
) -> Path:
    """evaluation.json, the pictures, and the page with its numbers; the path of the page.

    Raises WriteError, and UsageError where the user's key is no key.
    """
    key = pseudonym_key()
    evaluation = external.evaluation
    public = replace(evaluation, subgroups=public_subgroups(evaluation.subgroups))
    contents = ExternalContents(
        external=replace(external, evaluation=public),
        predictions=aliased(scored, lambda text: pseudonym(key, text)),
        manifest=package.manifest,
        recipe=package.recipe,
        cohort_name=table.name,
        command=shlex.join(
            ["medidense", "evaluate", package.path.name, f"{table.name}.csv", "--out", place.path.name]
        ),
    )
    pictures = external_figures(contents)
    for name, content in pictures.items():
        durable.write_bytes(place.figures / f"{name}.png", content)
    durable.write_text(place.report_path, external_html(contents, pictures))
    numbers = json.dumps(external_numbers(contents), indent=2)
    durable.write_text(place.report_numbers_path, numbers + "\n")
    figures = json.dumps(external.to_json(), indent=2) + "\n"
    known = place.evaluation_path.is_file() and place.evaluation_path.read_text(encoding="utf-8")
    if known != figures:  # its time is that of the figures
        durable.write_text(place.evaluation_path, figures)
    return place.report_path


def _scored(package: Package, rows: Iterable[tuple[Sample, Score]], several: bool) -> Iterator[list[str]]:
    about = package.manifest
    for sample, score in rows:
        labels = [_cell(sample.labels[name]) for name in about.classes] if several else [str(sample.label)]
        yield [
            sample.name,
            sample.subject_id,
            *labels,
            *(f"{score.scores[name]:.9f}" for name in about.classes),
            *([f"{score.calibrated:.9f}"] if about.calibration else []),
            *([score.possible] if about.sets else []),
            score.decision,
        ]


def _cell(known: bool | None) -> str:
    return "" if known is None else str(int(known))
