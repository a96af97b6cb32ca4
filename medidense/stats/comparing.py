"""How well do scores rank, how sure is that, and how much better than a rival's on the same rows?"""

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import BaselineScores
from medidense.stats.intervals import SubjectDraws, subject_bootstrap
from medidense.stats.ranking import auprc, auroc, ranked_classes, weighted_auprc, weighted_macro_auroc
from medidense.values import Baseline, Estimate, Predictions


def auroc_estimate(predictions: Predictions, scores: NDArray[np.float64], draws: SubjectDraws) -> Estimate:
    """AUROC of these scores with its interval."""
    label, positive = predictions.label, predictions.positive_index
    value = auroc(label, scores, positive)
    if value is None:
        return Estimate(None)
    return Estimate(
        value, *subject_bootstrap(lambda w: weighted_macro_auroc(label, scores, positive, w), draws)
    )


def auprc_estimate(predictions: Predictions, draws: SubjectDraws) -> Estimate:
    """Average precision of the positive class of two, the macro mean of one-vs-rest of more."""
    columns = ranked_classes(len(predictions.classes), predictions.positive_index)
    sides = [(predictions.label == column, predictions.scores[:, column]) for column in columns]
    areas = [area for area in (auprc(*side) for side in sides) if area is not None]
    if len(areas) < len(columns):
        return Estimate(None)
    limits = subject_bootstrap(lambda w: np.mean([weighted_auprc(*side, w) for side in sides], axis=0), draws)
    return Estimate(float(np.mean(areas)), *limits)


def compared(predictions: Predictions, baseline: BaselineScores, draws: SubjectDraws) -> Baseline:
    """The baseline's AUROC and, from the same draws, network minus baseline."""
    label, positive = predictions.label, predictions.positive_index

    def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        network = weighted_macro_auroc(label, predictions.scores, positive, weights)
        return network - weighted_macro_auroc(label, baseline.scores, positive, weights)

    own = auroc_estimate(predictions, baseline.scores, draws)
    network = auroc(label, predictions.scores, positive)
    if network is None or own.value is None:
        return Baseline(baseline.name, own, Estimate(None), baseline.uses_network)
    gap = Estimate(network - own.value, *subject_bootstrap(difference, draws))
    return Baseline(baseline.name, own, gap, baseline.uses_network)
