"""Which rows of two classes go together in size, so that size says nothing between them?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from medidense.stats.comparing import auroc_estimate
from medidense.stats.intervals import SubjectDraws
from medidense.values import Matched, Predictions, SampleFacts

CALIPER = 0.2
"""Largest gap of two natural logarithms of volume in a pair: about 7 % of the diameter."""

MOST = 25_000_000
"""Combinations of a positive and a negative row that an evaluation looks at: 0.2 GB a table of them."""

NO_PAIR = 1e6
"""Cost of a pair outside the caliper, larger than any sum of gaps inside it."""


def matched_pairs(
    volume: NDArray[np.float64],
    positive: NDArray[np.bool_],
    subject: NDArray[np.str_],
    caliper: float = CALIPER,
) -> NDArray[np.int64]:
    """Pairs (P, 2) of row indices, a positive and a negative row of like volume, no row twice.

    As many pairs as can be made, of these the ones with the smallest sum of gaps in log volume; both rows of
    a pair are of two subjects. Rows with a volume that is NaN or not above 0 are in none. `volume`,
    `positive` and `subject` are (N,).
    """
    usable = np.isfinite(volume) & (volume > 0)
    ones, others = np.flatnonzero(usable & positive), np.flatnonzero(usable & ~positive)
    size = np.log(np.where(usable, volume, 1.0))
    gap = np.abs(size[ones][:, None] - size[others][None])
    fitting = (gap <= caliper) & (subject[ones][:, None] != subject[others][None])
    one, other = linear_sum_assignment(np.where(fitting, gap, NO_PAIR))
    kept = fitting[one, other]
    return np.stack([ones[one[kept]], others[other[kept]]], axis=1).astype(np.int64)


def matched_subset(
    predictions: Predictions, facts: Sequence[SampleFacts], draws: int, seed: int
) -> Matched | None:
    """The scores counted on the rows that `matched_pairs` finds with `CALIPER`.

    None unless there are two classes, not several labels, and pairs of known volume; and beyond `MOST`
    combinations, where memory and time would grow with their number.
    """
    if len(predictions.classes) != 2 or predictions.multi_label:
        return None
    known = {fact.sample: fact.volume_mm3 for fact in facts}
    volume = np.array([known.get(sample) or np.nan for sample in predictions.samples], dtype=np.float64)
    positive = predictions.label == predictions.positive_index
    if int(positive.sum()) * int((~positive).sum()) > MOST:
        return None
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
