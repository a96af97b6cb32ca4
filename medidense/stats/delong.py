"""How sure is an AUROC, and the gap between two on the same samples, where each sample is a subject?"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from medidense.stats.bounds import area_limits
from medidense.stats.intervals import LEVEL
from medidense.values import Estimate


def delong(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas (K,) of K scores (K, N) of the same independent samples, and their covariance (K, K).

    `truth` (N,) must hold two of each side for a covariance; with one it is NaN. DeLong, DeLong,
    Clarke-Pearson 1988, Biometrics 44:837-845, by mid-ranks (Sun and Xu 2014, IEEE SPL 21:1389-1393).
    """
    above, below = scores[:, truth], scores[:, ~truth]
    m, n = above.shape[1], below.shape[1]
    both = rankdata(np.concatenate([above, below], axis=1), axis=1)
    over = (both[:, :m] - rankdata(above, axis=1)) / n
    under = 1 - (both[:, m:] - rankdata(below, axis=1)) / m
    if m < 2 or n < 2:
        return over.mean(axis=1), np.full((len(scores), len(scores)), np.nan)
    return over.mean(axis=1), np.atleast_2d(np.cov(over)) / m + np.atleast_2d(np.cov(under)) / n


def delong_estimate(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> Estimate:
    """Area of one score (N,) with its normal 95 % interval, cut at 0 and 1; no value with one side alone.

    An area of 0 or 1 has a variance of 0, and the interval of `area_limits` instead.
    """
    if truth.all() or not truth.any():
        return Estimate(None)
    areas, covariance = delong(truth, score[None])
    area = float(areas[0])
    if area in (0, 1):
        return Estimate(area, *area_limits(area, int(truth.sum()), int((~truth).sum())))
    half = float(norm.ppf((1 + LEVEL) / 2) * np.sqrt(covariance[0, 0]))
    return Estimate(area) if np.isnan(half) else Estimate(area, max(area - half, 0.0), min(area + half, 1.0))
