"""How well do scores rank, how sure is that, and how much better than a rival's on the same rows?"""

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import BaselineScores
from medidense.stats.bounds import macro_area_limits
from medidense.stats.intervals import SubjectDraws, moving_interval, subject_bootstrap
from medidense.stats.mover import difference
from medidense.stats.ranking import (
    auprc,
    auroc,
    ranked_classes,
    ranked_columns,
    weighted_auprc,
    weighted_macro_auroc,
)
from medidense.values import Baseline, Estimate, Predictions


def auroc_estimate(predictions: Predictions, scores: NDArray[np.float64], draws: SubjectDraws) -> Estimate:
    """AUROC of these scores with its interval: the bootstrap's, of exactly 0 or 1 that of `area_limits`."""
    label, positive = predictions.label, predictions.positive_index
    value = auroc(label, scores, positive)
    if value is None:
        return Estimate(None)
    if value in (0, 1):
        columns = ranked_columns(label, scores.shape[1], positive)
        return Estimate(value, *macro_area_limits(value, [(label, draws.subject)], columns))
    return Estimate(
        value, *subject_bootstrap(lambda w: weighted_macro_auroc(label, scores, positive, w), draws)
    )


def auprc_estimate(predictions: Predictions, draws: SubjectDraws) -> Estimate:
    """Average precision of the positive class of two, the macro mean of one-vs-rest of more.

    Without an interval where it is 1, which no draw moves.
    """
    columns = ranked_classes(len(predictions.classes), predictions.positive_index)
    sides = [(predictions.label == column, predictions.scores[:, column]) for column in columns]
    areas = [area for area in (auprc(*side) for side in sides) if area is not None]
    if len(areas) < len(columns):
        return Estimate(None)
    found = draws.replicate(lambda w: np.mean([weighted_auprc(*side, w) for side in sides], axis=0))
    return Estimate(float(np.mean(areas)), *moving_interval(found))


def auroc_difference(
    predictions: Predictions, one: NDArray[np.float64], other: NDArray[np.float64], draws: SubjectDraws
) -> Estimate:
    """AUROC of one column of scores (N, C) minus that of another, from the same draws.

    Where one of the two is 0 or 1 no draw moves it, and the interval is from those of both (`difference`).
    """
    label, positive = predictions.label, predictions.positive_index
    areas = [auroc(label, scores, positive) for scores in (one, other)]
    if areas[0] is None or areas[1] is None:
        return Estimate(None)
    if not {0.0, 1.0}.isdisjoint(areas) and not np.array_equal(one, other):
        return difference(*(auroc_estimate(predictions, scores, draws) for scores in (one, other)))

    def gap(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        first = weighted_macro_auroc(label, one, positive, weights)
        return first - weighted_macro_auroc(label, other, positive, weights)

    return Estimate(areas[0] - areas[1], *subject_bootstrap(gap, draws))


def compared(predictions: Predictions, baseline: BaselineScores, draws: SubjectDraws) -> Baseline:
    """The baseline's AUROC and, from the same draws, network minus baseline."""
    own = auroc_estimate(predictions, baseline.scores, draws)
    gap = auroc_difference(predictions, predictions.scores, baseline.scores, draws)
    return Baseline(baseline.name, own, gap, baseline.uses_network)
