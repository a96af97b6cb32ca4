"""How sure is a figure of 0 or 1, which no draw of subjects moves?

Subjects drawn from those who all succeeded all succeed: a bootstrap's interval has no width there, and says
that nothing can fail. The intervals here ask how often so clean a result comes by chance.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from medidense.stats.intervals import LEVEL, SubjectDraws, percentile_interval, wilson

Part = tuple[NDArray[np.int64], NDArray[Any]]
"""Labels, (N,) of classes or (N, L) of several, and the subjects (N,) of some rows."""


def share_limits(
    hit: NDArray[np.bool_],
    among: NDArray[np.bool_],
    draws: SubjectDraws,
    found: NDArray[np.float64] | None = None,
) -> tuple[float | None, float | None]:
    """95 % limits of the share of `hit` (N,) in the rows `among` (N,); `found` (B,) is it in each draw,
    where that is known.

    Wilson's where a subject is a row, else the middle of the draws. Where all or none of the rows of subjects
    with several hit, it is Wilson's with each subject counted once: as if its rows always hit together, so
    rather too wide.
    """
    rows = hit[among]
    if draws.one_row_each:
        return wilson(int(rows.sum()), len(rows))
    if len(rows) and (rows.all() or not rows.any()):
        subjects = len(np.unique(draws.subject[among]))
        return wilson(subjects if rows.all() else 0, subjects)
    return percentile_interval(_drawn(rows, among, draws) if found is None else found)


def _drawn(rows: NDArray[np.bool_], among: NDArray[np.bool_], draws: SubjectDraws) -> NDArray[np.float64]:
    """The share of the true among the `rows` (M,) in each draw, NaN for a draw without any of them."""

    def share(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = weights[:, among]
        total = drawn.sum(axis=1)
        return np.divide(drawn @ rows, total, out=np.full(len(total), np.nan), where=total > 0)

    return draws.replicate(share)


def area_limits(
    area: float, positives: int | Sequence[int], negatives: int | Sequence[int]
) -> tuple[float, float]:
    """95 % limits of an AUROC of exactly 0 or 1, of so many subjects with a positive and a negative row.

    Of several numbers it is the mean area of as many parts, no subject in two. Newcombe's score interval
    (2006, Stat Med 25:559-573, method 5): the areas t that lie no further from the one seen than z standard
    errors, as they are if t is true. The variance is that of Hanley and McNeil (1982) made alike for both
    sides, t (1 - t) (1 + k (1 - t) / (2 - t) + k t / (1 + t)) / (m n) with k = (m + n) / 2 - 1.

    >>> [round(limit, 4) for limit in area_limits(1.0, 10, 10)]
    [0.8002, 1.0]
    """
    m, n = (np.atleast_1d(np.asarray(number, dtype=np.float64)) for number in (positives, negatives))
    z, half = float(norm.ppf((1 + LEVEL) / 2)), (m + n) / 2 - 1

    def short(t: float) -> float:
        """(1 - t) - z^2 V(t) / (1 - t), which is 0 at the limit."""
        spread = t * (1 + half * (1 - t) / (2 - t) + half * t / (1 + t)) / (m * n)
        return 1 - t - z**2 * float(spread.sum()) / len(m) ** 2

    least = float(brentq(short, 0.0, 1.0))
    return (least, 1.0) if area == 1 else (0.0, 1 - least)


def macro_area_limits(area: float, parts: Sequence[Part], columns: Sequence[int]) -> tuple[float, float]:
    """The same of the mean over `columns` (classes or labels), each in every part that has both its kinds.

    They are the mean of each column's limits, as if all erred together. Some part must have both of some.
    """
    found = []
    for column in columns:
        counts = [both for label, subject in parts if min(both := _sides(label, subject, column))]
        if counts:
            found.append(area_limits(area, *zip(*counts, strict=True)))
    low, high = np.mean(found, axis=0)
    return float(low), float(high)


def _sides(label: NDArray[np.int64], subject: NDArray[Any], column: int) -> tuple[int, int]:
    """How many subjects have a row of this class or label, and how many one that is not."""
    truth = label[:, column] if label.ndim == 2 else (label == column).astype(np.int64)
    positives, negatives = (len(np.unique(subject[truth == side])) for side in (1, 0))
    return positives, negatives
