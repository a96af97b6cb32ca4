"""Which samples tell most of a classifier: wrong with most confidence, and hardest to decide?"""

import numpy as np
from numpy.typing import NDArray

from medidense.stats.decisions import decided_classes
from medidense.values import Predictions

HARDEST = "hardest"
"""What the kind of such a sample is called, beside TP, FP and the like."""


def surest_wrong(predictions: Predictions, operating_point: float) -> NDArray[np.int64]:
    """Rows decided wrong, the highest score of the class decided for first; of equal ones the first row."""
    decided = decided_classes(predictions, operating_point)
    sure = predictions.scores[np.arange(len(decided)), decided]
    wrong = np.flatnonzero(decided != predictions.label)
    return np.asarray(wrong[np.argsort(-sure[wrong], kind="stable")], dtype=np.int64)


def hardest(predictions: Predictions, operating_point: float) -> NDArray[np.int64]:
    """All rows, the smallest distance of the score from where the decision changes first.

    Of two classes that is the operating point; of more, where the two highest scores are equal.
    """
    scores = predictions.scores
    if scores.shape[1] == 2 and predictions.kind == "classes":
        margin = np.abs(scores[:, predictions.positive_index] - operating_point)
    else:
        top = np.sort(scores, axis=1)
        margin = top[:, -1] - top[:, -2]
    return np.asarray(np.argsort(margin, kind="stable"), dtype=np.int64)
