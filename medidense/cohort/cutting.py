"""How are rows cut into parts, whole subjects each, alike in their labels?"""

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from medidense.errors import CohortError

ATTEMPTS = 25
"""Shuffles tried for a cut with both classes in every part; the first one nearly always has them."""

FINEST = 10
"""Parts that a training part is cut into at most when some of them become its validation part."""

Parts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Labels, subjects and strata as integers, one for each labelled sample in the order of the names.

    The parts of a cut are alike in their shares of the strata: the labels or, where sites count too, the
    labels within each site.
    """

    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]
    strata: NDArray[np.int64]

    def take(self, keep: NDArray[np.bool_]) -> "Rows":
        """The rows where `keep` is true."""
        return Rows(self.labels[keep], self.subjects[keep], self.strata[keep])

    def subjects_by_class(self) -> dict[int, int]:
        """How many subjects have samples of each class."""
        pairs = np.unique(np.stack([self.labels, self.subjects]), axis=1)
        return dict(Counter(int(label) for label in pairs[0]))


def cut_rows(rows: Rows, parts: int, seed: int) -> Parts | None:
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


def held_out(name: str, rows: Rows, share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows of a training part become its validation part: about `share` of it, whole subjects.

    Raises CohortError, naming the cohort `name`, where no cut leaves the training part every class.
    """
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
            name,
            "a validation part needs 2 subjects of each class in every training part",
            f"{rarest} of the rarest class",
            "train without early stopping, or with fewer folds",
        )
    return usable


def derived_seed(seed: int, step: int) -> int:
    """A seed derived from another, the same on every machine."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])


def _attempts(rows: Rows, parts: int, seed: int) -> Iterator[Parts]:
    """Cuts to choose from; the first is of `seed` itself."""
    for attempt in range(ATTEMPTS):
        yield _shuffled(rows, parts, seed if attempt == 0 else derived_seed(seed, attempt))


def _shuffled(rows: Rows, parts: int, seed: int) -> Parts:
    """One cut by StratifiedGroupKFold. A stratum with fewer rows than parts counts by its label alone."""
    counts = np.bincount(rows.strata)
    strata = np.where(counts[rows.strata] >= parts, rows.strata, len(counts) + rows.labels)
    splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    part = np.empty(len(rows.labels), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for index, (_, test) in enumerate(splitter.split(strata, strata, rows.subjects)):
            part[test] = index
    return part


def _class_table(labels: NDArray[np.int64], cut: Parts, parts: int) -> NDArray[np.int64]:
    """Samples by part and class, (parts, classes)."""
    table = np.zeros((parts, int(labels.max()) + 1), dtype=np.int64)
    np.add.at(table, (cut, labels), 1)
    return table
