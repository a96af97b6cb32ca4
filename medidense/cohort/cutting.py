"""How are rows cut into parts, whole subjects each, alike in their labels?"""

import warnings
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
    labels within each site. Where a row may show several labels at once, `shows` (N, sides) says which sides
    of them it has, and `labels` are strata of the labels.
    """

    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]
    strata: NDArray[np.int64]
    shows: NDArray[np.bool_] | None = None

    def take(self, keep: NDArray[np.bool_]) -> "Rows":
        """The rows where `keep` is true."""
        shows = None if self.shows is None else self.shows[keep]
        return Rows(self.labels[keep], self.subjects[keep], self.strata[keep], shows)

    @property
    def sides(self) -> NDArray[np.bool_]:
        """Which classes (or sides of labels) each row shows, (N, sides)."""
        if self.shows is not None:
            return self.shows
        return np.asarray(self.labels[:, None] == np.arange(int(self.labels.max(initial=-1)) + 1))

    def subjects_by_class(self) -> dict[int, int]:
        """How many subjects have samples of each class (or side of a label)."""
        shown = self.sides
        return {side: len(np.unique(self.subjects[shown[:, side]])) for side in range(shown.shape[1])}

    def enough(self, parts: int) -> bool:
        """Whether there are subjects of each class for so many parts; of a side of a label for two."""
        least = parts if self.shows is None else 2
        counts = [count for count in self.subjects_by_class().values() if count or self.shows is not None]
        return min(counts) >= least


def cut_rows(rows: Rows, parts: int, seed: int) -> Parts | None:
    """The part of each row, from 0; None where no shuffle tried leaves every training part all classes."""
    if not rows.enough(parts):
        return None
    usable = None
    for cut in _attempts(rows, parts, seed):
        table = _class_table(rows, cut, parts)
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
    rarest = min(count for count in rows.subjects_by_class().values() if count)
    finest = min(FINEST, rarest if rows.shows is None else len(np.unique(rows.subjects)))
    near = Fraction(share).limit_denominator(finest)
    wanted, parts = (near.numerator, near.denominator) if near > 0 else (1, finest)
    usable = None
    for cut in _attempts(rows, parts, seed) if finest >= 2 else ():
        held = cut < wanted
        table = _class_table(rows, held.astype(np.int64), 2)
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
    if rows.shows is not None and np.bincount(strata).max() < parts:
        strata = np.zeros_like(strata)  # too few of every kind to be alike in any
    splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    part = np.empty(len(rows.labels), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for index, (_, test) in enumerate(splitter.split(strata, strata, rows.subjects)):
            part[test] = index
    return part


def _class_table(rows: Rows, cut: Parts, parts: int) -> NDArray[np.int64]:
    """Samples by part and class (or side of a label), (parts, sides)."""
    return np.stack([rows.sides[cut == part].sum(axis=0) for part in range(parts)]).astype(np.int64)
