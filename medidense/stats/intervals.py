"""How sure is a figure, when subjects rather than images are what was drawn?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

LEVEL = 0.95
TAILS = (2.5, 97.5)
"""Percentiles that enclose `LEVEL` of a bootstrap's values."""

CELLS = 1 << 20
"""Weights held at once; bounds the memory of a bootstrap whatever the number of draws."""

DEFINED = 0.9
"""Share of draws in which a figure must be defined for an interval to be given."""

ROUNDING = 1e-12
"""Draws of one and the same figure may differ by as much."""

Weighted = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A statistic of weights (B, N) that gives (B,) or (B, K)."""


@dataclass(frozen=True, eq=False)
class SubjectDraws:
    """Bootstrap draws of whole subjects, the same each time they are asked for.

    `subject` (N,) int64 is the index of each sample's subject, 0..S-1. A draw takes S subjects with
    replacement; a sample's weight is how often its subject was taken (the cluster bootstrap: Davison and
    Hinkley 1997, Bootstrap Methods and their Application, section 3.8). Figures computed from the same draws
    may be subtracted: that is the paired difference.
    """

    subject: NDArray[np.int64]
    draws: int
    seed: int

    @classmethod
    def of(cls, subjects: Sequence[str], draws: int, seed: int) -> "SubjectDraws":
        """Draws for samples whose subjects have these names; renaming a subject changes the draws."""
        _, index = np.unique(np.array(subjects, dtype=np.str_), return_inverse=True)
        return cls(index.astype(np.int64), draws, seed)

    @property
    def subjects(self) -> int:
        """How many subjects there are."""
        return int(self.subject.max()) + 1

    @property
    def one_row_each(self) -> bool:
        """True when no subject has two samples."""
        return self.subjects == len(self.subject)

    def weights(self, cells: int = CELLS) -> Iterator[NDArray[np.float64]]:
        """The draws in order, in pieces (b, N) of about `cells` numbers; the pieces' size changes no draw."""
        generator = np.random.default_rng(self.seed)
        subjects, left = self.subjects, self.draws
        step = max(1, cells // len(self.subject))
        while left:
            rows = min(step, left)
            taken = generator.integers(subjects, size=(rows, subjects))
            taken += np.arange(rows)[:, None] * subjects
            counts = np.bincount(taken.ravel(), minlength=rows * subjects).reshape(rows, subjects)
            yield counts[:, self.subject].astype(np.float64)
            left -= rows

    def replicate(self, statistic: Weighted) -> NDArray[np.float64]:
        """The statistic in every draw: (draws,) or (draws, K)."""
        return np.concatenate([statistic(weights) for weights in self.weights()])


def percentile_interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The middle 95 % of bootstrap `values` (B,), NaN left out; Nones where over a tenth of them is NaN.

    >>> percentile_interval(np.arange(101.0))
    (2.5, 97.5)
    """
    defined = values[~np.isnan(values)]
    if not len(values) or len(defined) < DEFINED * len(values):
        return None, None
    low, high = np.percentile(defined, TAILS)
    return float(low), float(high)


def moving_interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """`percentile_interval`, Nones where no draw differs from another: they say nothing of how sure it is.

    >>> moving_interval(np.ones(200))
    (None, None)
    """
    low, high = percentile_interval(values)
    if low is None or high is None or np.nanmax(values) - np.nanmin(values) <= ROUNDING:
        return None, None
    return low, high


def subject_bootstrap(statistic: Weighted, draws: SubjectDraws) -> tuple[float | None, float | None]:
    """95 % percentile interval of `statistic`, a function of weights (B, N) that gives (B,)."""
    return percentile_interval(draws.replicate(statistic))


def wilson(successes: int, total: int) -> tuple[float | None, float | None]:
    """95 % score interval of a proportion of independent cases (Wilson 1927, JASA 22:209-212).

    >>> low, high = wilson(9, 10)
    >>> round(low, 4), round(high, 4)
    (0.5958, 0.9821)
    """
    if total == 0:
        return None, None
    limits = binomtest(successes, total).proportion_ci(LEVEL, method="wilson")
    return float(limits.low), float(limits.high)
