"""Which classes can a sample's true one be, with a stated coverage?"""

import math

import numpy as np
from numpy.typing import NDArray

from medidense.stats.bounds import share_limits
from medidense.stats.crossing import from_others
from medidense.stats.intervals import SubjectDraws
from medidense.values import Estimate, Predictions
from medidense.values.calibration import PredictionSets


def least_scores(label: NDArray[np.int64], scores: NDArray[np.float64], target: float) -> tuple[float, ...]:
    """For each class the score from which on it belongs in the set.

    Split conformal, class by class (Mondrian), with 1 - score of the true class as how strange a sample is
    (LAC: Sadinle, Lei, Wasserman 2019, JASA 114:223-234): of n samples of a class the
    ceil((n + 1) target)-th strangest decides; 0, always in the set, where there are too few for that.

    >>> label, score = np.zeros(9, dtype=np.int64), np.arange(1, 10) / 10
    >>> least_scores(label, np.stack([score, 1 - score], axis=1), 0.8)
    (0.2, 0.0)
    """
    least = []
    for column in range(scores.shape[1]):
        own = np.sort(scores[label == column, column])[::-1]
        rank = math.ceil(round((len(own) + 1) * target, 9))
        least.append(float(own[rank - 1]) if rank <= len(own) else 0.0)
    return tuple(least)


def prediction_sets(
    predictions: Predictions, whole: Predictions, target: float, draws: SubjectDraws
) -> PredictionSets:
    """Sets of each fold by the other folds' scores, counted on the rows of `predictions`.

    The promise is for samples that come one from a subject and from where these did; figures are measured.
    """
    cut = from_others(whole, lambda others: least_scores(others.label, others.scores, target))
    inside = predictions.scores >= np.array([cut[int(fold)] for fold in predictions.fold])
    covered = inside[np.arange(len(inside)), predictions.label]
    return PredictionSets(
        target=target,
        least=dict(zip(whole.classes, least_scores(whole.label, whole.scores, target), strict=True)),
        figures=set_figures(predictions, inside, draws),
        folds=tuple(
            (int(fold), int(there.sum()), float(covered[there].mean()))
            for fold in np.unique(predictions.fold)
            for there in [predictions.fold == fold]
        ),
    )


def set_figures(
    predictions: Predictions, inside: NDArray[np.bool_], draws: SubjectDraws
) -> dict[str, Estimate]:
    """The figures of `PredictionSets` for sets (N, C) of the rows of `predictions`."""
    covered, size = inside[np.arange(len(inside)), predictions.label], inside.sum(axis=1)
    every = np.ones(len(inside), dtype=bool)
    pairs = {"coverage": (covered, every)}
    for index, name in enumerate(predictions.classes):
        pairs[f"coverage_{name}"] = (covered, predictions.label == index)
    pairs |= {"single": (size == 1, every), "single_right": (covered, size == 1), "empty": (size == 0, every)}
    return _shares(pairs, draws)


def _shares(
    pairs: dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]], draws: SubjectDraws
) -> dict[str, Estimate]:
    """How often the first holds where the second does, with the intervals of `share_limits`."""
    first = np.stack([hit & among for hit, among in pairs.values()], axis=1).astype(np.float64)
    second = np.stack([among for _, among in pairs.values()], axis=1).astype(np.float64)

    def shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = weights @ second
        return np.divide(weights @ first, total, out=np.full(total.shape, np.nan), where=total > 0)

    values, found = shares(np.ones((1, len(first))))[0], draws.replicate(shares)
    return {
        name: Estimate(None)
        if np.isnan(values[column])
        else Estimate(float(values[column]), *share_limits(*pairs[name], draws, found[:, column]))
        for column, name in enumerate(pairs)
    }
