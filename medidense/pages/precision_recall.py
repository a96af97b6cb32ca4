"""How many of those called positive are so, the more of them are found?"""

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve

from medidense.pages.canvas import GREY, blank, colour, legend, name_axes, png
from medidense.pages.questions import Question, questions
from medidense.values import Predictions


def precision_recall_png(predictions: Predictions) -> bytes:
    """Precision over recall of the pooled out-of-fold scores as PNG bytes, a curve a question.

    Dotted: the share of the class among the samples, which is what guessing reaches.
    """
    figure, axes = blank()
    asked = questions(predictions)
    for index, question in enumerate(asked):
        shade = colour(0 if len(asked) == 1 else index)
        axes.axhline(question.truth.mean(), color=GREY if len(asked) == 1 else shade, linestyle=":")
        _curve(axes, question, shade)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
    name_axes(
        axes, "Precision and recall\ndotted: share of the class", "recall (sensitivity)", "precision (PPV)"
    )
    legend(axes, "best")
    return png(figure)


def _curve(axes: Axes, question: Question, shade: str) -> None:
    """Steps, from the loosest threshold to the strictest; each precision holds up to its recall."""
    precision, recall, _ = precision_recall_curve(question.truth, question.score)
    height = np.append(precision[:-1], precision[-2])  # the 1 that is appended at recall 0 was not measured
    axes.step(recall, height, where="post", color=shade, linewidth=3, label=question.name)
