"""What is a cross-validation worth?"""

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from medidense import durable
from medidense.cohort import read_cohort
from medidense.errors import UsageError
from medidense.pages import curves_png, roc_png, scores_png
from medidense.rundir import BASELINE, RunDir, newest_sanity, read_groups, read_predictions
from medidense.stats import BaselineScores, evaluate_predictions, matched_subset, subgroups, with_repeats
from medidense.values import Evaluation, Predictions, Sample, Splits
from medidense.values.wording import count
from medidense.verbs.external_result import ExternalResult
from medidense.verbs.made_controls import controls_of
from medidense.verbs.pooling import choices_of
from medidense.verbs.prevalence import require_predictive_values, require_share, stated, told
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.run_contents import public_evaluation
from medidense.verbs.splitting import verified_splits

FROM_SCRATCH = "the same network from random weights"
COVARIATES = "logistic regression on the covariates alone"

LONGEST = 200
"""Bytes of the name of a file with rows: file systems take 255, of which evaluation- and .json need some."""


@dataclass(frozen=True)
class EvaluateResult:
    """The figures, and the JSON file that holds them."""

    run: Path
    evaluation: Evaluation
    written: Path

    @property
    def public(self) -> Evaluation:
        """The figures with a number in place of every word of a cell: what may stand in a log."""
        return public_evaluation(self.evaluation, RunDir(self.run).splits())

    def to_json(self) -> dict[str, object]:
        """The evaluation's fields beside the paths."""
        return {"run": str(self.run), "written": str(self.written), **self.evaluation.to_json()}


@overload
def evaluate(
    run: Path, cohort: None = None, *, rows: Path | None = None, prevalence: float | None = None
) -> EvaluateResult: ...


@overload
def evaluate(
    run: Path,
    cohort: Path | None = None,
    *,
    rows: Path | None = None,
    prevalence: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    tracked: bool = True,
    progress: Progress = quiet,
) -> EvaluateResult | ExternalResult: ...


def evaluate(
    run: Path,
    cohort: Path | None = None,
    *,
    rows: Path | None = None,
    prevalence: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    tracked: bool = True,
    progress: Progress = quiet,
) -> EvaluateResult | ExternalResult:
    """Figures with intervals over subjects: of a finished run, or of a package on another `cohort`.

    Of a run they come from its out-of-fold scores. With a `cohort` `run` is a package, frozen, and everything
    is written into the folder `out`, and logged to MLflow where it is `tracked`: see
    `verbs.external_validation.evaluate_external`.

    `rows` is a cohort CSV that names a subset of the run's samples by the same cells; the scores stay those
    of the whole run, and the result goes to ``evaluation-<name>.json``. Without it ``evaluation.json`` and
    the figures are written. Of repeated folds the scores are the means, and the spread of the repeats stands
    beside. `prevalence` is the share of positives where the model is to be used, in the place of the recipe's
    or the package's: PPV and NPV are told for it, and that it was stated afterwards. Raises RunError (also
    where the folds, the recipe or the cohort were changed since), CohortError, UsageError when a row is none
    of the run's, or has another label or subject there, and for a `prevalence` that is no share.
    """
    require_share(prevalence)
    if cohort is not None:
        from medidense.verbs.external_validation import evaluate_external  # torch, which a run does not need

        place = _out(rows, out)
        return evaluate_external(
            Path(run),
            Path(cohort),
            place,
            progress,
            overwrite=overwrite,
            tracked=tracked,
            prevalence=prevalence,
        )
    given = {"--out": out is not None, "--overwrite": overwrite, "--no-track": not tracked}
    for option in (name for name, there in given.items() if there):
        step = "leave it out, or name a package and a cohort"
        raise UsageError(option, "it is for a package on a cohort", "", step)
    return _of_run(RunDir(Path(run)), rows, prevalence)


def _of_run(folder: RunDir, rows: Path | None, prevalence: float | None) -> EvaluateResult:
    """The figures of a run, written into it."""
    folder.require_finished()
    require_predictive_values(prevalence, folder.kind)
    recipe = folder.recipe().evaluation
    splits = verified_splits(folder)
    whole, repeats = folder.predictions(), folder.repeated_predictions()
    predictions = whole
    name = "all"
    if rows is not None:
        wanted, name = _rows_of(Path(rows), folder, splits, whole), Path(rows).stem
        predictions, repeats = predictions.take(wanted), tuple(table.take(wanted) for table in repeats)
    evaluation = evaluate_predictions(
        predictions,
        folder.facts(),
        stated(recipe, prevalence),
        cohort_digest=folder.cohort_digest,
        rows=name,
        seed=folder.seed,
        rivals=_rivals(folder, predictions),
        whole=whole,
    )
    evaluation = _told(with_repeats(evaluation, repeats) if repeats else evaluation, folder, splits)
    evaluation = told(evaluation, recipe, prevalence)
    draws = recipe.bootstrap
    parts = subgroups(predictions, folder.facts(), read_groups(folder.path), draws, folder.seed)
    matched = matched_subset(predictions, folder.facts(), draws, folder.seed)
    leakage = folder.leakage()
    evaluation = replace(
        evaluation,
        subgroups=parts,
        matched=matched,
        leakage=leakage,
        notes=(*evaluation.notes, *leakage.notes),
        sanity=newest_sanity(folder.code),
        controls=controls_of(folder) if rows is None else (),
    )
    target = folder.evaluation_path if rows is None else folder.path / f"evaluation-{name}.json"
    text = json.dumps(evaluation.to_json(), indent=2) + "\n"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:  # its time is that of the figures
        durable.write_text(target, text)
    if rows is None:
        _draw(folder, predictions, evaluation)
    return EvaluateResult(folder.path, evaluation, target)


def _out(rows: Path | None, out: Path | None) -> Path:
    """The folder for a package's evaluation. Raises UsageError without it, and for rows of a run."""
    if rows is not None:
        raise UsageError("--rows", "it is for a run", str(rows), "make a cohort of these rows")
    if out is None:
        raise UsageError("--out", "a package on a cohort needs a folder to write into", "none", "name one")
    return Path(out)


def _rivals(folder: RunDir, predictions: Predictions) -> tuple[BaselineScores, ...]:
    """Scores of the same folds and rows by others, as far as the recipe has them: the network from random
    weights, and a rule that knows the covariates and no image."""
    tables = ((FROM_SCRATCH, folder.scratch_path, True), (COVARIATES, folder.path / BASELINE, False))
    rows = set(predictions.samples)
    return tuple(
        BaselineScores(name, read_predictions(path, folder.positive, folder.kind).take(rows).scores, trained)
        for name, path, trained in tables
        if path.is_file()
    )


def _rows_of(rows: Path, folder: RunDir, splits: Splits, whole: Predictions) -> set[str]:
    """The samples of the run's test parts that the subset names.

    Rows that the run knows and never tests are left out. Raises UsageError for rows that it does not know, or
    knows with another label or of another subject, where none is left, and for a file of too long a name.
    """
    if len(os.fsencode(rows.stem)) > LONGEST:
        rule = f"the result is named after the file, so its name may have {LONGEST} bytes"
        raise UsageError(str(rows), rule, len(os.fsencode(rows.stem)), "give it a shorter name")
    table = read_cohort(rows, unlabelled=folder.recipe().labels.train_only, classes_known=True).samples
    row_of = {sample.name: sample.row for sample in table}
    names = set(row_of)
    known = {fact.sample for fact in folder.facts()} | splits.tested_in().keys()
    unknown, tested = sorted(row_of[name] for name in names - known), names & splits.tested_in().keys()
    if unknown:
        rule = f"{len(unknown)} of {count(len(names), 'row')} not among the samples of this run"
        raise UsageError(str(rows), rule, f"row {unknown[0]}", "use rows of the cohort the run was made from")
    if not tested:
        step = "use rows of a test part: splits.csv names them"
        raise UsageError(str(rows), "no row is in a test part of this run", count(len(names), "row"), step)
    told = _told_of(whole)
    other = [sample for sample in table if sample.name in tested and told[sample.name] != _told_in(sample)]
    if other:
        rule = f"{len(other)} of {count(len(names), 'row')} with another label or subject_id than in this run"
        step = "use rows of the cohort the run was made from"
        raise UsageError(str(rows), rule, f"row {other[0].row}", step)
    return tested


def _told_of(table: Predictions) -> dict[str, tuple[str, object]]:
    """Whose each sample is, and its label: a class, or 1, 0 and -1 (not known) of several by name."""
    labels: list[object] = [
        dict(zip(table.classes, map(int, row), strict=True)) if table.multi_label else table.classes[row]
        for row in table.label
    ]
    return dict(zip(table.samples, zip(table.subjects, labels, strict=True), strict=True))


def _told_in(sample: Sample) -> tuple[str, object]:
    """The same, by a row of a cohort."""
    several = {name: -1 if shown is None else int(shown) for name, shown in sample.labels.items()}
    return sample.subject_id, several or sample.label


def _told(evaluation: Evaluation, folder: RunDir, splits: Splits) -> Evaluation:
    """The evaluation with what its reader must know of the split."""
    notes = [*splits.notes]
    chosen = Counter(choice.settings for choice in choices_of(folder) if choice.chosen)
    if chosen:
        counts = "; ".join(f"{settings} in {count}" for settings, count in chosen.most_common())
        notes.append(f"Settings chosen by inner folds, by the number of outer folds: {counts}.")
    folds = evaluation.folds
    if splits.names:
        named = [(fold, splits.names[fold.fold]) for fold in folds]
        folds = tuple(replace(fold, note=f"{name}. {fold.note}".strip()) for fold, name in named)
    return replace(evaluation, folds=folds, notes=(*notes, *evaluation.notes))


def _draw(folder: RunDir, predictions: Predictions, evaluation: Evaluation) -> None:
    """The figures of a run, redrawn whole."""
    epochs = [folder.fold(index).epochs() for index in range(folder.folds)]
    pictures = {
        "roc.png": roc_png(predictions, evaluation),
        "scores.png": scores_png(predictions, evaluation),
        "curves.png": curves_png(epochs, folder.recipe()),
    }
    for name, content in pictures.items():
        durable.write_bytes(folder.figures / name, content)
