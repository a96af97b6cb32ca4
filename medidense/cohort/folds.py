"""Who is trained on and who is tested?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from medidense.errors import CohortError, UsageError
from medidense.values import Cohort, Fold, Splits

ATTEMPTS = 25
"""Shuffles tried for a cut with both classes in every part; the first one nearly always has them."""

FINEST = 10
"""Parts that a training part is cut into at most when some of them become its validation part."""

Parts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Labels and subjects as integers, one for each sample in the order of the sorted names."""

    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]

    def take(self, keep: NDArray[np.bool_]) -> "_Rows":
        return _Rows(self.labels[keep], self.subjects[keep])

    def subjects_by_class(self) -> dict[int, int]:
        """How many subjects have samples of each class."""
        pairs = np.unique(np.stack([self.labels, self.subjects]), axis=1)
        return dict(Counter(int(label) for label in pairs[0]))


def cut_folds(cohort: Cohort, *, folds: int, seed: int, validation_share: float | None = None) -> Splits:
    """Cut a cohort into folds, by subject and stratified by label (scikit-learn's StratifiedGroupKFold).

    Every sample is tested in exactly one fold; a subject stands on one side of each. The cut depends on the
    samples, `folds` and `seed`, not on the order of rows. `validation_share` (of the subjects, for a recipe
    that stops early) is cut out of each training part in the same way. A test part may hold one class where
    the counts leave no other way; a training part never lacks a class.

    Raises UsageError for fewer than 2 folds or a negative seed, CohortError when the counts do not allow
    this many folds, naming the largest number that works.
    """
    if folds < 2:
        raise UsageError("--folds", "a cross-validation has at least 2 folds", folds, "choose 2 or more")
    if not 0 <= seed < 2**32:
        raise UsageError("--seed", "a seed is a whole number from 0 to 4294967295", seed, "choose another")
    every = sorted(cohort.samples, key=lambda sample: sample.name)
    samples = [sample for sample in every if sample.label is not None]
    names = np.array([sample.name for sample in samples], dtype=object)
    rows = _Rows(
        labels=np.array([cohort.classes.index(str(sample.label)) for sample in samples], dtype=np.int64),
        subjects=np.unique([sample.subject_id for sample in samples], return_inverse=True)[1],
    )
    tested_in = _cut(rows, folds, seed)
    if tested_in is None:
        raise _impossible(cohort, rows, folds, seed)
    subject_of = {sample.name: sample.subject_id for sample in every}
    made = []
    for index in range(folds):
        train = tested_in != index
        validation = np.zeros(len(names), dtype=bool)
        if validation_share is not None:
            held = _held_out(cohort, rows.take(train), validation_share, _seed(seed, 1000 + index))
            validation[np.flatnonzero(train)[held]] = True
        outside = {subject_of[name] for name in names[~train | validation]}
        silent = [s.name for s in every if s.label is None and s.subject_id not in outside]
        fold = Fold(
            index=index,
            train=tuple(sorted([*names[train & ~validation], *silent])),
            validation=tuple(names[validation]),
            test=tuple(names[~train]),
            subject_of=subject_of,
        )
        made.append(fold)
    return Splits(tuple(made), cohort.digest)


def _cut(rows: _Rows, parts: int, seed: int) -> Parts | None:
    """The part of each row, from 0; None where no shuffle tried leaves every training part all classes."""
    if min(rows.subjects_by_class().values()) < parts:
        return None
    usable = None
    for cut in _attempts(rows, parts, seed):
        table = _class_table(rows.labels, cut, parts)
        if (table > 0).all():
            return cut
        trained = table.sum(axis=0) - table
        if usable is None and (trained > 0).all() and (table.sum(axis=1) > 0).all():
            usable = cut
    return usable


def _attempts(rows: _Rows, parts: int, seed: int) -> Iterator[Parts]:
    """Cuts to choose from; the first is of `seed` itself."""
    for attempt in range(ATTEMPTS):
        yield _shuffled(rows, parts, seed if attempt == 0 else _seed(seed, attempt))


def _shuffled(rows: _Rows, parts: int, seed: int) -> Parts:
    """One cut by StratifiedGroupKFold."""
    splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    part = np.empty(len(rows.labels), dtype=np.int64)
    for index, (_, test) in enumerate(splitter.split(rows.labels, rows.labels, rows.subjects)):
        part[test] = index
    return part


def _class_table(labels: NDArray[np.int64], cut: Parts, parts: int) -> NDArray[np.int64]:
    """Samples by part and class, (parts, classes)."""
    table = np.zeros((parts, int(labels.max()) + 1), dtype=np.int64)
    np.add.at(table, (cut, labels), 1)
    return table


def _held_out(cohort: Cohort, rows: _Rows, share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows of a training part become its validation part: about `share` of it, whole subjects."""
    rarest = min(rows.subjects_by_class().values())
    finest = min(FINEST, rarest)
    near = Fraction(share).limit_denominator(finest)
    wanted, parts = (near.numerator, near.denominator) if near > 0 else (1, finest)
    usable = None
    for cut in _attempts(rows, parts, seed) if finest >= 2 else ():
        held = cut < wanted
        table = _class_table(rows.labels, held.astype(np.int64), 2)
        if (table > 0).all():
            return held
        if usable is None and held.any() and (table[0] > 0).all():
            usable = held
    if usable is None:
        raise CohortError(
            cohort.name,
            "a validation part needs 2 subjects of each class in every training part",
            f"{rarest} of the rarest class",
            "train without early stopping, or with fewer folds",
        )
    return usable


def _impossible(cohort: Cohort, rows: _Rows, folds: int, seed: int) -> CohortError:
    """Why this many folds cannot be cut, and how many can."""
    counts = rows.subjects_by_class()
    works = next((fewer for fewer in range(folds - 1, 1, -1) if _cut(rows, fewer, seed) is not None), None)
    step = (
        f"choose {works} folds or fewer"
        if works
        else "add subjects: each class needs 2 or more, in different folds"
    )
    by_class = ", ".join(f"{name}: {counts[number]}" for number, name in enumerate(cohort.classes))
    found = f"{folds} folds; subjects by class: {by_class}"
    return CohortError(cohort.name, "this many folds cannot work with these counts", found, step)


def _seed(seed: int, step: int) -> int:
    """A seed derived from another, the same on every machine."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
