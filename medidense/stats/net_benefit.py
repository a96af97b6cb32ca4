"""From which readiness to act on does a model do more good than treating all, or none?"""

import numpy as np
from numpy.typing import NDArray

from medidense.stats.intervals import SubjectDraws, percentile_interval
from medidense.values.calibration import DecisionCurve

THRESHOLDS = np.arange(1, 100) / 100


def net_benefit(
    truth: NDArray[np.bool_], chance: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(B, 99) for weights (B, N): true positives - false positives x odds of `THRESHOLDS`, per sample.

    `chance` (N,) is the probability that `truth` holds; from the threshold on a sample is treated (Vickers
    and Elkin 2006, Med Decis Making 26:565-574).

    >>> net_benefit(np.array([True, False]), np.array([0.7, 0.6]), np.ones((1, 2)))[0, [49, 64]]
    array([0. , 0.5])
    """
    treated = chance[:, None] >= THRESHOLDS
    worth = np.where(truth[:, None], 1.0, -THRESHOLDS / (1 - THRESHOLDS))
    return np.asarray(weights @ (treated * worth) / weights.sum(axis=1, keepdims=True))


def decision_curve(
    truth: NDArray[np.bool_],
    raw: NDArray[np.float64],
    chance: NDArray[np.float64] | None,
    draws: SubjectDraws,
    scores: str,
) -> DecisionCurve:
    """The curve of `chance` with its limits (of `raw` where there is none), of `raw`, and of treating all."""
    ones = np.ones((1, len(truth)))
    model = raw if chance is None else chance
    found = draws.replicate(lambda weights: net_benefit(truth, model, weights))
    limits = [percentile_interval(found[:, column]) for column in range(len(THRESHOLDS))]
    return DecisionCurve(
        scores=scores,
        thresholds=_plain(THRESHOLDS),
        model=_plain(net_benefit(truth, model, ones)[0]),
        low=tuple(low for low, _ in limits),
        high=tuple(high for _, high in limits),
        raw=_plain(net_benefit(truth, raw, ones)[0]),
        treat_all=_plain(net_benefit(truth, np.ones(len(truth)), ones)[0]),
        treat_none=(0.0,) * len(THRESHOLDS),
    )


def _plain(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
