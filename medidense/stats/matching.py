"""Which rows of two classes go together in size, so that size says nothing between them?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from medidense.stats.comparing import auroc_estimate
from medidense.stats.intervals import SubjectDraws
from medidense.values import Matched, Predictions, SampleFacts

CALIPER = 0.2
"""Largest gap of two natural logarithms of volume in a pair: about 7 % of the diameter."""

MOST = 25_000_000
"""Combinations of a positive and a negative row that are looked at together: 0.2 GB a table of them."""

BLOCK = 1_000_000
"""Combinations of a block of rows of like volume, where all rows have more than `MOST`."""

NO_PAIR = 1e6
"""Cost of a pair outside the caliper, larger than any sum of gaps inside it."""

Rows = NDArray[np.int64]


def matched_pairs(
    volume: NDArray[np.float64],
    positive: NDArray[np.bool_],
    subject: NDArray[np.str_],
    caliper: float = CALIPER,
) -> NDArray[np.int64]:
    """Pairs (P, 2) of row indices, a positive and a negative row of like volume, no row twice.

    As many pairs as can be made, of these the ones with the smallest sum of gaps in log volume; both rows of
    a pair are of two subjects. Rows with a volume that is NaN or not above 0 are in none. `volume`,
    `positive` and `subject` are (N,). Beyond `MOST` combinations rows are matched in blocks of like volume,
    cut where one of the largest sets of pairs can be cut: the memory is bounded, the number of pairs stays
    (but for rows of one subject at a cut), and their gaps are the smallest within each block.
    """
    usable = np.isfinite(volume) & (volume > 0)
    size = np.log(np.where(usable, volume, 1.0))
    rows = np.flatnonzero(usable)
    lesions = _Lesions(size, positive, np.unique(subject, return_inverse=True)[1])
    if _combinations(positive[rows]) <= MOST:
        return lesions.pairs(rows, caliper)
    rows = rows[np.argsort(size[rows], kind="stable")]
    ones, others = rows[positive[rows]], rows[~positive[rows]]
    found = [
        lesions.pairs(np.concatenate([ones[one], others[other]]), caliper)
        for one, other in _blocks(_in_order(size[ones], size[others], caliper))
    ]
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Lesions:
    """Log volume, class and number of the subject, (N,) each."""

    size: NDArray[np.float64]
    positive: NDArray[np.bool_]
    subject: NDArray[np.int64]

    def pairs(self, rows: Rows, caliper: float) -> NDArray[np.int64]:
        """The best pairs (P, 2) among these rows; memory grows with positives times negatives."""
        ones, others = rows[self.positive[rows]], rows[~self.positive[rows]]
        gap = np.abs(self.size[ones][:, None] - self.size[others][None])
        fitting = (gap <= caliper) & (self.subject[ones][:, None] != self.subject[others][None])
        gap[~fitting] = NO_PAIR
        one, other = linear_sum_assignment(gap)
        kept = fitting[one, other]
        return np.stack([ones[one[kept]], others[other[kept]]], axis=1).astype(np.int64)


def _combinations(positive: NDArray[np.bool_]) -> int:
    return int(positive.sum()) * int((~positive).sum())


def _in_order(
    ones: NDArray[np.float64], others: NDArray[np.float64], caliper: float
) -> list[tuple[int, int]]:
    """As many pairs of places in two sorted columns as can be made within the caliper, each in order.

    On a line the smallest free partner is as good as any other for the number of pairs; whose rows they are
    is not looked at.
    """
    found: list[tuple[int, int]] = []
    one = other = 0
    left, right = ones.tolist(), others.tolist()
    while one < len(left) and other < len(right):
        gap = left[one] - right[other]
        if abs(gap) <= caliper:
            found.append((one, other))
        one, other = one + (gap <= caliper), other + (gap >= -caliper)
    return found


def _blocks(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[slice, slice]]:
    """Places of both columns, cut between pairs so that no block has more than `BLOCK` combinations.

    Rows without a partner go with the pair above them where there is room, and else are left out.
    """
    first = last = (0, 0)
    for one, other in pairs:
        if (one + 1 - first[0]) * (other + 1 - first[1]) > BLOCK:
            if last > first:
                yield slice(first[0], last[0]), slice(first[1], last[1])
            first = last
            if (one + 1 - first[0]) * (other + 1 - first[1]) > BLOCK:
                first = (one, other)
        last = (one + 1, other + 1)
    if last > first:
        yield slice(first[0], last[0]), slice(first[1], last[1])


def matched_subset(
    predictions: Predictions, facts: Sequence[SampleFacts], draws: int, seed: int
) -> Matched | None:
    """The scores counted on the rows that `matched_pairs` finds with `CALIPER`.

    None unless there are two classes, not several labels, and pairs of known volume.
    """
    if len(predictions.classes) != 2 or predictions.multi_label:
        return None
    known = {fact.sample: fact.volume_mm3 for fact in facts}
    volume = np.array([known.get(sample) or np.nan for sample in predictions.samples], dtype=np.float64)
    positive = predictions.label == predictions.positive_index
    subject = np.array(predictions.subjects, dtype=np.str_)
    rows = np.sort(matched_pairs(volume, positive, subject).ravel())
    if not len(rows):
        return None
    part = predictions.take({predictions.samples[row] for row in rows})
    drawn = SubjectDraws.of(part.subjects, draws, seed)
    size = np.repeat(volume[rows][:, None], 2, axis=1)
    return Matched(
        pairs=len(rows) // 2,
        subjects=drawn.subjects,
        caliper=CALIPER,
        auroc=auroc_estimate(part, part.scores, drawn),
        volume_auroc=auroc_estimate(part, size, drawn),
    )
