"""What are the decisions worth that the scores lead to?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.stats.intervals import SubjectDraws, percentile_interval, wilson
from medidense.values import Estimate, Predictions, middle_grade
from medidense.values.calibration import LEAST

Counts = NDArray[np.float64]
Ratio = Callable[[Counts, Counts, Counts, Counts], tuple[Counts, Counts]]


@dataclass(frozen=True, eq=False)
class Decisions:
    """Truth and decision of each sample as class indices (N,), scores (N, C) they were made from.

    `positive` is the class that the binary figures speak of.
    """

    label: NDArray[np.int64]
    decided: NDArray[np.int64]
    scores: NDArray[np.float64]
    positive: int

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.scores.shape[1])

    def confusions(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, C, C) for weights (B, N): rows are true classes, columns decided ones."""
        cells = np.zeros((len(self.label), self.classes**2))
        cells[np.arange(len(self.label)), self.label * self.classes + self.decided] = 1
        return np.asarray((weights @ cells).reshape(-1, self.classes, self.classes))

    def brier(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) mean squared distance from score to truth (Brier 1950, Mon Weather Rev 78:1-3).

        With two classes of the positive score alone (0..1), with more summed over the classes (0..2).
        """
        truth = np.eye(self.classes)[self.label]
        squares = (self.scores - truth) ** 2
        loss = squares[:, self.positive] if self.classes == 2 else squares.sum(axis=1)
        return np.asarray(weights @ loss / weights.sum(axis=1))

    def log_loss(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) mean of minus the natural log of the true class's score, which counts as `LEAST` at least."""
        loss = -np.log(np.clip(self.scores[np.arange(len(self.label)), self.label], LEAST, None))
        return np.asarray(weights @ loss / weights.sum(axis=1))


RATIOS: Mapping[str, Ratio] = {
    "sensitivity": lambda tp, fp, fn, tn: (tp, tp + fn),
    "specificity": lambda tp, fp, fn, tn: (tn, tn + fp),
    "ppv": lambda tp, fp, fn, tn: (tp, tp + fp),
    "npv": lambda tp, fp, fn, tn: (tn, tn + fn),
    "f1": lambda tp, fp, fn, tn: (2 * tp, 2 * tp + fp + fn),
}
"""Figures of one class against the rest as (numerator, denominator) of its four counts."""

PROPORTIONS = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
"""Figures that, with two classes, are a share of cases; F1 is none."""


def decide(scores: NDArray[np.float64], positive: int, operating_point: float) -> NDArray[np.int64]:
    """The class decided for, (N,) for scores (N, C).

    With two classes the positive one from a score of `operating_point` on; with more the highest score.

    >>> decide(np.array([[0.5, 0.5], [0.51, 0.49]]), 1, 0.5)
    array([1, 0])
    """
    if scores.shape[1] != 2:
        return np.asarray(scores.argmax(axis=1), dtype=np.int64)
    return np.where(scores[:, positive] >= operating_point, positive, 1 - positive).astype(np.int64)


def decided_classes(predictions: Predictions, operating_point: float) -> NDArray[np.int64]:
    """`decide` for out-of-fold scores, (N,); of grades in order the middle one (`middle_grade`)."""
    if predictions.kind == "ordinal":
        return middle_grade(predictions.scores)
    return decide(predictions.scores, predictions.positive_index, operating_point)


def figures(decisions: Decisions, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Every figure by name, (B,) each for weights (B, N); NaN where its denominator is 0.

    Those of `RATIOS` are of the positive class with two classes, macro means of one-vs-rest with more. A
    mean is NaN where one class has no denominator (`undefined_classes` says which): scikit-learn counts such
    a class as 0 with a warning, or leaves it out of the mean (``zero_division=nan``); both would be guesses.
    """
    table = decisions.confusions(weights)
    total = table.sum(axis=(1, 2))
    hits = np.diagonal(table, axis1=1, axis2=2)
    found = _counts(table)
    pick = slice(decisions.positive, decisions.positive + 1) if decisions.classes == 2 else slice(None)
    values = {name: _divide(*rule(*found))[:, pick].mean(axis=1) for name, rule in RATIOS.items()}
    values["accuracy"] = _divide(hits.sum(axis=1), total)
    values["balanced_accuracy"] = _divide(hits, table.sum(axis=2)).mean(axis=1)
    values["mcc"] = correlation(table)
    values["brier"] = decisions.brier(weights)
    values["log_loss"] = decisions.log_loss(weights)
    return values


def correlation(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matthews' coefficient (B,) of confusions (B, C, C); NaN where truth or decision is one class alone.

    With two classes that of Matthews 1975, with more its R_K (Gorodkin 2004, Comput Biol Chem 28:367-374).

    >>> correlation(np.array([[[2.0, 1.0], [1.0, 2.0]]])).round(4)
    array([0.3333])
    """
    total, right = table.sum(axis=(1, 2)), np.trace(table, axis1=1, axis2=2)
    there, called = table.sum(axis=2), table.sum(axis=1)
    spread = (total**2 - (there**2).sum(axis=1)) * (total**2 - (called**2).sum(axis=1))
    return _divide(right * total - (there * called).sum(axis=1), np.sqrt(spread))


def decision_figures(decisions: Decisions, draws: SubjectDraws) -> dict[str, Estimate]:
    """Every figure with its interval over subjects.

    With two classes and one sample a subject, `PROPORTIONS` get Wilson's interval; all others, and all where
    a subject has several samples, the percentile bootstrap. A figure with denominator 0 has no value.
    """
    ones = np.ones((1, len(decisions.label)))
    points = figures(decisions, ones)
    replicates = draws.replicate(lambda weights: np.stack([*figures(decisions, weights).values()], axis=1))
    whole = _whole_counts(decisions, ones) if decisions.classes == 2 and draws.one_row_each else {}
    estimates: dict[str, Estimate] = {}
    for column, name in enumerate(points):
        value = float(points[name][0])
        limits = wilson(*whole[name]) if name in whole else percentile_interval(replicates[:, column])
        estimates[name] = Estimate(None) if np.isnan(value) else Estimate(value, *limits)
    return estimates


def _counts(table: NDArray[np.float64]) -> tuple[Counts, Counts, Counts, Counts]:
    """True positives, false positives, false negatives, true negatives of each class: (B, C) each."""
    hits = np.diagonal(table, axis1=1, axis2=2)
    missed = table.sum(axis=2) - hits
    wrong = table.sum(axis=1) - hits
    return hits, wrong, missed, table.sum(axis=(1, 2))[:, None] - hits - missed - wrong


def _divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient, NaN where `below` is 0."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def _whole_counts(decisions: Decisions, ones: NDArray[np.float64]) -> dict[str, tuple[int, int]]:
    """Cases that succeeded and cases at all, for each of PROPORTIONS (two classes)."""
    table = decisions.confusions(ones)
    found = [count[:, decisions.positive] for count in _counts(table)]
    pairs = {name: RATIOS[name](*found) for name in PROPORTIONS if name in RATIOS}
    whole = {name: (int(above[0]), int(below[0])) for name, (above, below) in pairs.items()}
    whole["accuracy"] = (int(np.trace(table[0])), int(table.sum()))
    return whole
