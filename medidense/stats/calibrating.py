"""Which calibration do these scores need?"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from medidense.values.calibration import LEAST, Calibration, Method, calibrate

SPAN = 6.0
"""Temperatures from exp(-6) to exp(6) are looked at."""

ROUNDING = 1e-9
"""Share of their own size (of 1, where they are smaller) below which a spread of log odds is rounding: scores
are kept to nine decimals, so that no two log odds lie closer than 4e-9."""


def log_odds(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural log of score against the rest, finite for 0 and 1.

    >>> log_odds(np.array([0.5, 0.0])).round(2).tolist()
    [0.0, -20.72]
    """
    inside = np.clip(score, LEAST, 1 - LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def targets(label: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """What scores (N, C) are fitted to: each row's own class just inside 1, the others share the rest.

    Platt's targets (1999, section 2.2), of a class with n rows (n + 1) / (n + 2), for any number of classes:
    (n + 1) / (n + C), as one row of each other class among them would give. They keep a fit finite where the
    classes do not overlap.

    >>> targets(np.array([0, 1, 1]), 2).round(3).tolist()
    [[0.667, 0.333], [0.25, 0.75], [0.25, 0.75]]
    """
    number = np.bincount(label, minlength=classes)[label]
    found = np.repeat((1 / (number + classes))[:, None], classes, axis=1)
    found[np.arange(len(label)), label] = (number + 1) / (number + classes)
    return found


def fit_temperature(label: NDArray[np.int64], scores: NDArray[np.float64], positive: int) -> Calibration:
    """The one power of the scores (N, C) with the least log loss over the `targets` of `label` (N,)."""
    wanted = targets(label, scores.shape[1])

    def loss(log_slope: float) -> float:
        found = calibrate(Calibration(method="temperature", slope=float(np.exp(log_slope))), scores, positive)
        return float(-(wanted * np.log(np.clip(found, LEAST, None))).sum(axis=1).mean())

    best = minimize_scalar(loss, bounds=(-SPAN, SPAN), method="bounded", options={"xatol": 1e-8})
    return Calibration(method="temperature", slope=float(np.exp(best.x)))


def fit_platt(label: NDArray[np.int64], scores: NDArray[np.float64], positive: int) -> Calibration:
    """Slope and intercept of the log odds of two classes (N, 2), of the least log loss over `targets`."""
    slope, intercept = fit_logistic(log_odds(scores[:, positive]), targets(label, 2)[:, positive])
    return Calibration(method="platt", slope=slope, intercept=intercept)


def constant(value: NDArray[np.float64]) -> bool:
    """True where numbers (N,) differ by no more than rounding.

    >>> constant(np.array([0.1 + 0.2, 0.3])), constant(np.array([0.3, 0.31]))
    (True, False)
    """
    return float(value.std()) <= ROUNDING * max(1.0, float(np.abs(value).max()))


def fit_logistic(value: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept with the least log loss for `target` (N,) from 0 to 1; nothing pulls at them.

    Values that are constant up to rounding have slope 0, and the intercept alone.
    """
    if constant(value):
        return 0.0, float(logit(target.mean()))
    centre, width = float(value.mean()), float(value.std())
    unit = (value - centre) / width

    def loss(terms: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = terms[0] * unit + terms[1]
        gap = expit(odds) - target
        return float((np.logaddexp(0, odds) - target * odds).mean()), np.array([gap @ unit, gap.sum()]) / len(
            unit
        )

    slope, intercept = minimize(loss, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    return float(slope / width), float(intercept - slope * centre / width)


def fit(method: Method, label: NDArray[np.int64], scores: NDArray[np.float64], positive: int) -> Calibration:
    """The calibration of that name; Platt's takes two classes."""
    found = fit_temperature if method == "temperature" else fit_platt
    return found(label, scores, positive)
