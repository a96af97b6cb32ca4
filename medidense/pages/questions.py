"""Which yes-or-no questions do the scores of a run answer?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.values import Predictions
from medidense.values.wording import class_words


@dataclass(frozen=True, eq=False)
class Question:
    """A name, the truth (N,) as bool, and the score (N,) float64 that says yes."""

    name: str
    truth: NDArray[np.bool_]
    score: NDArray[np.float64]


def questions(predictions: Predictions) -> list[Question]:
    """Those that have both answers among their samples.

    With two classes the positive one; with more each class against the rest; of several labels each one over
    the rows in which it is known.
    """
    asked = []
    for column, name in enumerate(predictions.classes):
        if predictions.multi_label:
            known = predictions.label[:, column] >= 0
            truth = predictions.label[known, column] == 1
            asked.append(Question(name, truth, predictions.scores[known, column]))
        elif len(predictions.classes) > 2 or name == predictions.positive:
            words = class_words(name)
            text = words if len(predictions.classes) == 2 else f"{words} vs rest"
            asked.append(Question(text, predictions.label == column, predictions.scores[:, column]))
    return [one for one in asked if one.truth.any() and not one.truth.all()]
