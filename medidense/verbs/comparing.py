"""Is one finished run better than another, on the same samples?"""

from dataclasses import dataclass, replace
from pathlib import Path

from medidense.errors import UsageError
from medidense.rundir import RunDir
from medidense.stats import compare_predictions
from medidense.values import Comparison, Predictions
from medidense.values.wording import count
from medidense.verbs.splitting import verified_splits


@dataclass(frozen=True)
class CompareResult:
    """Two runs, and how they differ: always the first less the second."""

    first: Path
    second: Path
    comparison: Comparison

    def to_json(self) -> dict[str, object]:
        """The comparison's fields beside the two folders."""
        return {"first": str(self.first), "second": str(self.second), **self.comparison.to_json()}


def compare(run_a: Path, run_b: Path) -> CompareResult:
    """Paired differences between the out-of-fold scores of two finished runs of the same samples.

    AUROC with a bootstrap over subjects (and DeLong's test, where each subject has one sample), and McNemar's
    exact test of the decisions, in which the samples of a subject go together, each run as its own `evaluate`
    decides. Nothing is written. Raises RunError where a run is not finished or was changed since, UsageError
    where the runs have not tested the same samples with the same labels.
    """
    first, second = RunDir(Path(run_a)), RunDir(Path(run_b))
    tables = []
    for folder in (first, second):
        folder.require_finished()
        verified_splits(folder)
        tables.append(folder.predictions())
    _same_question(tables[0], tables[1], second)
    rules = first.recipe().evaluation, second.recipe().evaluation
    found = compare_predictions(
        tables[0],
        tables[1],
        rules,
        draws=rules[0].bootstrap,
        seed=first.seed,
    )
    notes = (*found.notes, *_notes(first, second, tables))
    return CompareResult(first.path, second.path, replace(found, notes=notes))


def _same_question(first: Predictions, second: Predictions, other: RunDir) -> None:
    """Raise UsageError with the first thing that differs, by its line: samples are never named."""
    step = "compare runs of one cohort, labelled alike"
    if odd := sorted(set(first.samples) ^ set(second.samples)):
        found = f"{count(len(odd), 'sample')} tested in one run alone"
        raise UsageError(str(other.path), "the runs have tested different samples", found, step)
    for name in ("kind", "classes", "positive"):
        if getattr(first, name) != getattr(second, name):
            found = f"{getattr(second, name)!r}, not {getattr(first, name)!r}"
            raise UsageError(str(other.path), f"the runs differ in {name}", found, step)
    for line in range(len(first.samples)):
        found = f"line {line + 2} of its predictions.csv"  # sorted by sample; a name may be a patient's
        if first.subjects[line] != second.subjects[line]:
            raise UsageError(str(other.path), "a sample is of another subject in the other run", found, step)
        if (first.label[line] != second.label[line]).any():
            raise UsageError(str(other.path), "a sample has another label in the other run", found, step)


def _notes(first: RunDir, second: RunDir, tables: list[Predictions]) -> list[str]:
    """What of two runs differs beside what is compared."""
    notes = []
    if first.cohort_digest != second.cohort_digest:
        notes.append(
            "The cohorts' digests differ (a lesion, a file or training rows): only the samples tested, their "
            "subjects and labels are the same."
        )
    if (tables[0].fold != tables[1].fold).any():
        notes.append("The folds differ: part of the difference is theirs.")
    return notes
