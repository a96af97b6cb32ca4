"""What makes a probability of a score, which classes stay possible, and how well do both hold?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medidense.values.estimate import Estimate
from medidense.values.section import Section

Method = Literal["temperature", "platt"]

LEAST = 1e-9
"""Scores are kept to nine decimals: below this a logarithm would speak of rounding."""


class Calibration(Section):
    """Softmax of `slope` x log score, plus `intercept` for the positive class.

    ``temperature`` (Guo et al. 2017, arXiv 1706.04599) has no intercept, and 1 / `slope` is its temperature;
    ``platt`` (Platt 1999) has both. With two classes it is the logistic function of `slope` x the log odds
    plus `intercept`.
    """

    method: Method
    slope: float
    intercept: float = 0.0


def calibrate(calibration: Calibration, scores: NDArray[np.float64], positive: int) -> NDArray[np.float64]:
    """Probabilities (N, C) of scores (N, C) that sum to 1.

    >>> calibrate(Calibration(method="temperature", slope=2.0), np.array([[0.25, 0.75]]), 1)
    array([[0.1, 0.9]])
    """
    powers = calibration.slope * np.log(np.clip(scores, LEAST, None))
    powers[:, positive] += calibration.intercept
    powers = np.exp(powers - powers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def possible(
    classes: tuple[str, ...], scores: NDArray[np.float64], least: tuple[float, ...]
) -> tuple[str, ...]:
    """The classes whose score (C,) reaches its least one: a prediction set. One alone may be acted on.

    >>> possible(("benign", "malignant"), np.array([0.3, 0.7]), (0.25, 0.4))
    ('benign', 'malignant')
    """
    return tuple(name for name, score, low in zip(classes, scores, least, strict=True) if float(score) >= low)


@dataclass(frozen=True)
class ReliabilityBin:
    """Scores of the positive class from `low` on, below `high`: their mean, and the share of positives."""

    low: float
    high: float
    samples: int
    mean_score: float
    observed: Estimate


@dataclass(frozen=True)
class CalibrationFigures:
    """How far scores are probabilities. Perfect: slope 1, intercept 0, ECE 0.

    `slope` (below 1: too extreme) and `intercept` (at slope 1; below 0: too high on the whole) are of the
    log odds and have no value with more than two classes. `bins` are then empty, and `ece` is of the highest
    score. `ece` has no limits: a bootstrap's lie above it.
    """

    slope: Estimate
    intercept: Estimate
    ece: Estimate
    brier: Estimate
    log_loss: Estimate
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True)
class CalibrationResult:
    """Out-of-fold scores as they are (``raw``) and cross-fitted, by name; `method` is the package's."""

    method: Method | None
    figures: Mapping[str, CalibrationFigures]
    package: Calibration | None
    """Fitted on all out-of-fold scores; what a package carries."""

    @property
    def raw_alone(self) -> bool:
        """True where no calibration could be tried, for want of other folds."""
        return set(self.figures) == {"raw"}


@dataclass(frozen=True)
class OperatingPoint:
    """One way to choose a threshold, and what decisions at it are worth on rows that did not choose it.

    `threshold` comes from all out-of-fold scores, for use on further subjects; `metrics` are of each fold
    decided at the threshold from the other folds. `deployment` holds PPV and NPV at the stated prevalence.
    """

    name: str
    target: float | None
    threshold: float
    metrics: Mapping[str, Estimate]
    prevalence: float
    deployment_prevalence: float | None
    deployment: Mapping[str, Estimate]
    used: bool = False


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit per sample at each threshold probability; of ``treat none`` it is 0.

    `low` and `high` are the 95 % limits of `model`, whose probabilities are `scores` in words.
    """

    scores: str
    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    raw: tuple[float, ...]
    treat_all: tuple[float, ...]
    treat_none: tuple[float, ...]


@dataclass(frozen=True)
class PredictionSets:
    """Sets of classes that hold the true one in a share `target` of samples, class by class.

    `least` is the score from which on a class is in the set, from all out-of-fold scores; `figures` are of
    each fold's sets by the other folds: ``coverage``, ``coverage_<class>``, ``single`` (share of sets of one
    class), ``single_right`` (how often that one is the true class), ``empty``.
    """

    target: float
    least: Mapping[str, float]
    figures: Mapping[str, Estimate]
    folds: tuple[tuple[int, int, float], ...]
    """Fold, samples, coverage."""
