"""Which of several settings is best, by out-of-fold scores of inner folds alone?"""

from collections.abc import Sequence

from sklearn.metrics import log_loss

from medidense.stats.ranking import auroc
from medidense.values import Predictions

AUROC, LOG_LOSS = "auroc", "log_loss"


def inner_figure(predictions: Predictions) -> tuple[str, float]:
    """Name and value of the figure that pooled inner out-of-fold scores are compared by.

    AUROC of the positive class (higher is better) with two classes; with more the log loss (lower is
    better, natural logarithm), because a macro mean of areas says nothing of how sure the scores are. Of
    several labels it is the log loss of the cells that are known.
    """
    if predictions.multi_label:
        known = predictions.label >= 0
        cells = predictions.label[known], predictions.scores[known]
        return LOG_LOSS, float(log_loss(*cells, labels=(0, 1)))
    area = auroc(predictions.label, predictions.scores, predictions.positive_index)
    if len(predictions.classes) == 2 and area is not None:
        return AUROC, area
    loss = log_loss(predictions.label, predictions.scores, labels=range(len(predictions.classes)))
    return LOG_LOSS, float(loss)


def best(figure: str, values: Sequence[float]) -> int:
    """Index of the best value; of equal ones the first, so that the order of the candidates decides.

    >>> best("auroc", [0.7, 0.9, 0.9]), best("log_loss", [0.7, 0.5])
    (1, 1)
    """
    chosen = max(values) if figure == AUROC else min(values)
    return list(values).index(chosen)
