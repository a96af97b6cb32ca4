"""Which rows of a cohort are matched in size, so that only more than size can tell their classes apart?"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense import durable
from medidense.cohort import problem_at_row, read_cohort
from medidense.errors import CohortError, UsageError
from medidense.io import archives_kept, read_table
from medidense.preprocess import lesion_volume, open_sample
from medidense.stats import matched_pairs
from medidense.values import Cohort, Refused, Sample
from medidense.verbs.beside import check_beside
from medidense.verbs.progress import Progress, quiet


@dataclass(frozen=True)
class MatchResult:
    """The pairs, and the table that holds them; `before` and `after` are median volumes by class, in mm3."""

    out: str
    pairs: int
    samples: int
    subjects: int
    caliper: float
    before: dict[str, float]
    after: dict[str, float]

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


@archives_kept()
def match(
    cohort: Path,
    *,
    out: Path,
    on: str = "volume",
    caliper: float = 0.2,
    overwrite: bool = False,
    progress: Progress = quiet,
) -> MatchResult:
    """Write the rows of a cohort of two classes that are matched 1:1 by lesion volume.

    Rows of a pair differ by at most `caliper` in the natural logarithm of the volume and are of two subjects;
    each row is in one pair at most. Rows are written as typed, so `out` belongs into the cohort's folder: the
    paths in it are relative. Raises CohortError where a lesion cannot be read, UsageError where there are not
    two classes, a row has no lesion, or nothing matches, OutputExistsError.
    """
    cohort, out = Path(cohort), Path(out)
    _check(cohort, out, on, overwrite=overwrite)
    table = read_cohort(cohort, unlabelled=True)
    samples = [sample for sample in table.samples if sample.labelled]
    if len(table.classes) != 2 or table.multi_label:
        found = f"{len(table.classes)} classes" if not table.multi_label else "several labels at once"
        raise UsageError(str(cohort), "rows of two classes are matched", found, "give a table of two classes")
    volume = _volumes(table, samples, progress)
    label = np.array([sample.label == table.classes[1] for sample in samples])
    subject = np.array([sample.subject_id for sample in samples], dtype=np.str_)
    rows = np.sort(matched_pairs(volume, label, subject, caliper).ravel())
    if not len(rows):
        raise UsageError(
            str(cohort), "no two rows are alike in volume", f"caliper {caliper:g}", "widen --caliper"
        )
    _write(cohort, {samples[row].row for row in rows}, out)
    return MatchResult(
        out=str(out),
        pairs=len(rows) // 2,
        samples=len(rows),
        subjects=len(set(subject[rows])),
        caliper=caliper,
        before=_medians(table, volume, label),
        after=_medians(table, volume[rows], label[rows]),
    )


def _check(cohort: Path, out: Path, on: str, *, overwrite: bool) -> None:
    """Raise UsageError, OutputExistsError for what can be known before an image is opened."""
    if on != "volume":
        raise UsageError("--on", "rows are matched by their lesions' volume", on, "write --on volume")
    check_beside(cohort, out, overwrite=overwrite)


def _volumes(table: Cohort, samples: list[Sample], progress: Progress) -> NDArray[np.float64]:
    """The lesions' volumes, (N,) in mm3 (voxels where the spacing is unknown). Raises as `match`."""
    found, problems = [], []
    for number, sample in enumerate(samples):
        try:
            volume, region = open_sample(sample)
        except Refused as refused:
            problems.append(problem_at_row(table.name, sample, refused.refusal))
            continue
        if region is None:
            step = "give every row a mask or a point with a diameter"
            raise UsageError(f"{table.name} row {sample.row}", "the row has no lesion to measure", "", step)
        found.append(lesion_volume(volume, region))
        progress("measure lesions", number + 1, len(samples))
    if problems:
        raise CohortError.several(problems)
    return np.array(found, dtype=np.float64)


def _medians(table: Cohort, volume: NDArray[np.float64], positive: NDArray[np.bool_]) -> dict[str, float]:
    """Median volume of each class."""
    sides = (volume[~positive], volume[positive])
    return {name: float(np.median(side)) for name, side in zip(table.classes, sides, strict=True)}


def _write(cohort: Path, lines: set[int], out: Path) -> None:
    """The rows on these lines, as typed."""
    table = read_table(cohort)
    rows = [[row.cells[name] for name in table.columns] for row in table.rows if row.line in lines]
    durable.write_csv(out, table.columns, rows)
