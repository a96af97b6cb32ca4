"""How do the folds stand in CSV files, and are they still what was written?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from medidense import durable
from medidense.errors import RunError
from medidense.rundir.tables import read_rows
from medidense.values import Fold, Splits
from medidense.values.fold import DROPPED, PARTS

SPLIT_COLUMNS = ("fold", "part", "sample", "subject_id")

INNER_COLUMNS = ("outer", *SPLIT_COLUMNS)


def write_splits(splits: Splits, target: Path) -> None:
    """splits.csv: fold, part, sample, subject_id; the cohort's digest stands in run.json.

    A column repeat comes last where the cohort is cut several times.
    """
    if splits.repeats == 1:
        durable.write_csv(target, SPLIT_COLUMNS, _rows(splits.folds))
        return
    rows = [(*row, str(fold.repeat)) for fold in splits.folds for row in _rows([fold])]
    durable.write_csv(target, (*SPLIT_COLUMNS, "repeat"), rows)


def read_splits(path: Path, cohort_digest: str) -> Splits:
    """The folds, built anew, so that an overlap in an edited file is found. Raises RunError."""
    return _splits(path, read_rows(path, SPLIT_COLUMNS), cohort_digest)


def write_inner_splits(inner: Mapping[int, Splits], target: Path) -> None:
    """inner_splits.csv: the columns of splits.csv after the outer fold that these are inside of."""
    rows = [(str(outer), *row) for outer in sorted(inner) for row in _rows(inner[outer].folds)]
    durable.write_csv(target, INNER_COLUMNS, rows)


def read_inner_splits(path: Path, outer: int, cohort_digest: str) -> Splits:
    """The folds inside one outer fold, built anew. Raises RunError."""
    rows = [row for row in read_rows(path, INNER_COLUMNS) if row["outer"] == str(outer)]
    return _splits(path, rows, cohort_digest)


def _rows(folds: Iterable[Fold]) -> list[tuple[str, ...]]:
    return [
        (str(fold.index), part, name, fold.subject_of[name])
        for fold in folds
        for part in (*PARTS, DROPPED)
        for name in getattr(fold, part)
    ]


def _splits(path: Path, rows: Iterable[Mapping[str, str]], cohort_digest: str) -> Splits:
    by_fold: dict[int, list[Mapping[str, str]]] = defaultdict(list)
    try:
        for row in rows:
            by_fold[int(row["fold"])].append(row)
        return Splits(tuple(_fold(index, by_fold[index]) for index in sorted(by_fold)), cohort_digest)
    except (ValueError, KeyError) as error:
        raise RunError(
            str(path), "the folds do not hold", error, "remove the run and start it anew"
        ) from None


def _fold(index: int, rows: Iterable[Mapping[str, str]]) -> Fold:
    rows = list(rows)
    parts = {part: tuple(row["sample"] for row in rows if row["part"] == part) for part in (*PARTS, DROPPED)}
    subject_of = {row["sample"]: row["subject_id"] for row in rows}
    repeat = int(rows[0].get("repeat", 0))
    return Fold(index, subject_of=subject_of, repeat=repeat, **parts)
