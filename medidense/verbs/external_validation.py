"""Does a frozen package hold on the subjects of another cohort?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from medidense.batch import TRAINING_SUBJECT, ScoredCohort, scored_cohort
from medidense.cohort import label_array, read_cohort
from medidense.errors import CohortError, Problem, UsageError
from medidense.io import archives_kept
from medidense.package import Package, load_package
from medidense.rundir import ExternalDir, group_cells
from medidense.stats import evaluate_frozen
from medidense.track import log_validation
from medidense.values import Cohort, Predictions, Sample, Score
from medidense.values.external import ExternalEvaluation, Overlap
from medidense.verbs.external_files import (
    leave_other_run,
    remove_traces,
    require_own,
    write_figures,
    write_rows,
)
from medidense.verbs.external_result import ExternalResult
from medidense.verbs.external_rows import (
    BY_ID,
    SHOWN,
    Gathered,
    RefusedRow,
    comparable,
    gather,
    met_by_id,
    refused_subject,
    require_fit,
    turnout,
    unlabelled_of,
    with_unlabelled,
)
from medidense.verbs.prevalence import OPTION, require_predictive_values, stated, told
from medidense.verbs.progress import Progress, counting


@archives_kept()
def evaluate_external(
    package: Path,
    cohort: Path,
    out: Path,
    progress: Progress,
    *,
    overwrite: bool = False,
    prevalence: float | None = None,
    tracked: bool = True,
) -> ExternalResult:
    """Evaluate a frozen package on the labelled rows of a cohort and write it all into the folder `out`.

    Scores are those of `Package.predict`. Nothing is fitted on the cohort but recalibrations that stand
    apart. A subject that had a part in the training is refused TRAINING_SUBJECT with all its rows: by its ID
    where the package was exported under this user's key, and where one of its images, of a row without a
    label too, is one of the training.
    Rows that cannot be read or scored are refused by their own codes; the rest is evaluated. The same call
    goes on where it was stopped. `prevalence` is as in `verbs.evaluate`.

    Where it is `tracked` it is logged to MLflow once it is written; a store that is away stops nothing.

    Raises PackageError, UsageError, CohortError (also where no row is left: then `out` is not made), RunError
    where `out` holds something else and `overwrite` is False, LockedError, WriteError, Interrupted.
    """
    place, loaded = ExternalDir(out), load_package(package)
    _require_two(loaded, prevalence)
    result = _written(loaded, cohort, place, progress, overwrite, prevalence)
    if not tracked:
        return result
    progress("log to MLflow", 0, 1)
    logged = log_validation(place, working=Path.cwd(), command="medidense evaluate")
    progress("log to MLflow", 1, 1)
    return replace(result, tracking=logged.words)


def _written(
    loaded: Package,
    cohort: Path,
    place: ExternalDir,
    progress: Progress,
    overwrite: bool,
    prevalence: float | None,
) -> ExternalResult:
    """The evaluation, written into its folder."""
    out = place.path
    table = read_cohort(cohort, unlabelled=True, classes_known=True)
    require_fit(loaded, table)
    require_own(place, loaded, table, overwrite)
    digest = loaded.training_digest()
    key, overlap = comparable(digest)
    labelled = [sample for sample in table.samples if sample.labelled]
    by_id = met_by_id(digest, key, labelled)
    early = [refused_subject(sample, BY_ID) for sample in labelled if sample.subject_id in by_id]
    fresh = [sample for sample in labelled if sample.subject_id not in by_id]
    if not fresh:
        raise nothing_left(cohort, early)
    known = digest.has_image if digest and overlap.images_compared else None
    beside = unlabelled_of(table, fresh) if known else []
    told = counting(progress, "score", len(fresh) + len(beside))
    with scored_cohort(loaded, fresh, known, out, told, beside, overwrite=overwrite) as scored:
        rows = chain(scored.rows(), scored.compared())
        by_image = {one.subject_id for one, score in rows if score.reason_code == TRAINING_SUBJECT}
        found = gather(scored.rows(), by_image, loaded.manifest.classes)
        found.refused += early
        if not found.samples:
            remove_traces(place)
            raise nothing_left(cohort, found.refused)
        progress("evaluate", 0, 1)
        met = sum(one.code == TRAINING_SUBJECT for one in found.refused)
        overlap = replace(overlap, subjects_by_id=len(by_id), subjects_by_image=len(by_image), rows=met)
        overlap = with_unlabelled(overlap, scored.compared(), by_image)
        predictions = _predictions(loaded, found)
        external = _evaluated(loaded, table, found, overlap, predictions, prevalence)
        leave_other_run(place, loaded, table)
        write_rows(place, loaded, _counted(scored, found), found.refused)
        html = write_figures(place, loaded, table, external, predictions)
        progress("evaluate", 1, 1)
    return ExternalResult(out, external, html, len(found.refused))


def nothing_left(cohort: Path, refused: Sequence[RefusedRow]) -> CohortError:
    """The error for a cohort of which no row can be evaluated: the codes, and the first reasons."""
    codes = Counter(one.code for one in refused)
    found = ", ".join(f"{code} {number}" for code, number in sorted(codes.items())) or "no row with a label"
    step = "take labelled subjects that the package was not trained on"
    error = CohortError(str(cohort), "no row is left to evaluate on", found, step)
    others = [row for row in refused if row.code != TRAINING_SUBJECT][:SHOWN]
    error.problems += tuple(
        Problem(f"{cohort} row {one.sample.row}", "refused", one.reason, "see docs/coordinates.md")
        for one in others
    )
    return error


def _predictions(package: Package, found: Gathered) -> Predictions:
    """The scored rows, sorted by name, as one test part."""
    about = package.manifest
    order = sorted(range(len(found.samples)), key=lambda row: found.samples[row].name)
    samples = [found.samples[row] for row in order]
    return Predictions(
        classes=about.classes,
        positive=about.positive,
        samples=tuple(sample.name for sample in samples),
        subjects=tuple(sample.subject_id for sample in samples),
        fold=np.zeros(len(samples), dtype=np.int64),
        label=label_array(samples, about.classes),
        scores=np.array([found.scores[row] for row in order], dtype=np.float64),
        kind=about.kind,
    )


def _require_two(package: Package, prevalence: float | None) -> None:
    """Raise UsageError where a share is stated for a package without an operating point."""
    require_predictive_values(prevalence, package.manifest.kind)
    classes = len(package.manifest.classes)
    if prevalence is not None and classes > 2:
        rule = "PPV and NPV at a prevalence are of a package of two classes"
        raise UsageError(OPTION, rule, f"{classes} classes", "leave it out")


def _evaluated(
    package: Package,
    table: Cohort,
    found: Gathered,
    overlap: Overlap,
    predictions: Predictions,
    prevalence: float | None,
) -> ExternalEvaluation:
    """The figures with what they are of."""
    rules = package.recipe.evaluation
    figures = evaluate_frozen(
        predictions,
        found.facts,
        {sample.name: group_cells(sample) for sample in found.samples},
        package.manifest,
        stated(rules, prevalence),
        table.digest,
    )
    return ExternalEvaluation(
        evaluation=told(figures.evaluation, rules, prevalence),
        package=f"{package.manifest.name} {package.manifest.version}",
        package_digest=package.digest,
        overlap=overlap,
        turnout=turnout(table, found),
        beside=figures.beside,
        observed_expected=figures.observed_expected,
        recalibration=figures.recalibration,
        cohort_name=table.name,
        package_name=package.manifest.name,
        trained_on=package.manifest.training.cohort_digest,
        weights=package.manifest.weights_digest,
    )


def _counted(scored: ScoredCohort, found: Gathered) -> Iterator[tuple[Sample, Score]]:
    """The rows that count, as the ledger has them."""
    names = {sample.name for sample in found.samples}
    return ((sample, score) for sample, score in scored.rows() if sample.name in names)
