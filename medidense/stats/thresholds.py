"""From which score on is a sample called positive, for a wanted sensitivity, specificity or cost?"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from medidense.values.recipe import EvaluationRules

Chooser = Callable[[NDArray[np.bool_], NDArray[np.float64]], float]
"""Truth (N,) and score (N,) to a threshold; both sides must be there."""


def choosers(rules: EvaluationRules) -> Mapping[str, tuple[float | None, Chooser]]:
    """The ways to choose, by the recipe's words, each with what it aims at."""
    wanted, spared, ratio = rules.target_sensitivity, rules.target_specificity, rules.cost_ratio
    return {
        "sensitivity": (wanted, lambda truth, score: at_sensitivity(truth, score, wanted)),
        "specificity": (spared, lambda truth, score: at_specificity(truth, score, spared)),
        "youden": (None, youden),
        "cost": (ratio, lambda truth, score: at_cost(truth, score, ratio)),
    }


def at_sensitivity(truth: NDArray[np.bool_], score: NDArray[np.float64], target: float) -> float:
    """The highest threshold at which at least a share `target` of the positives is called.

    >>> at_sensitivity(np.array([False, True, False, True]), np.array([0.1, 0.2, 0.4, 0.8]), 0.5)
    0.6000000000000001
    """
    cuts, hits, _ = _cuts(truth, score)
    return float(cuts[np.argmax(hits / hits[-1] >= target)])


def at_specificity(truth: NDArray[np.bool_], score: NDArray[np.float64], target: float) -> float:
    """The lowest threshold at which at least a share `target` of the negatives is not called."""
    cuts, _, wrong = _cuts(truth, score)
    spared = (wrong[-1] - wrong) / wrong[-1] >= target
    return float(cuts[max(int(spared.sum()) - 1, 0)])


def youden(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Where sensitivity + specificity is highest (Youden 1950, Cancer 3:32-35); of equal ones the highest."""
    cuts, hits, wrong = _cuts(truth, score)
    return float(cuts[np.argmax(hits * wrong[-1] - wrong * hits[-1])])


def at_cost(truth: NDArray[np.bool_], score: NDArray[np.float64], ratio: float) -> float:
    """Where `ratio` x misses + false alarms is lowest; of equal ones the highest."""
    cuts, hits, wrong = _cuts(truth, score)
    return float(cuts[np.argmin(ratio * (hits[-1] - hits) + wrong)])


def _cuts(
    truth: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Thresholds from high to low, half-way between neighbouring scores, with the positives and the
    negatives called at each. The first calls none (where the highest score is below 1), the last all."""
    values = np.unique(score)[::-1]
    ends = np.concatenate([[1.0], values, [0.0]])
    cuts = (ends[:-1] + ends[1:]) / 2
    called = [np.searchsorted(np.sort(-score[side]), -cuts, side="right") for side in (truth, ~truth)]
    room = slice(0 if values[0] < 1 else 1, None)
    hits, wrong = (count[room].astype(np.float64) for count in called)
    return cuts[room], hits, wrong
