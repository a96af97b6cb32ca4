"""Does a score of 0.8 mean eight of ten?"""

import numpy as np

from medidense.pages.canvas import GREY, blank, colour, legend, name_axes, png
from medidense.pages.questions import Question, questions
from medidense.stats import wilson
from medidense.values import Predictions

GROUP = 10
"""Samples that a group holds at least; fewer say nothing about a share."""
GROUPS = 10


def reliability_png(predictions: Predictions, scores: str = "scores as given") -> bytes:
    """Share of the class among samples of like score, over their mean score, as PNG bytes.

    The scores as `predictions` has them; `scores` says in words what they are. The groups are of like number
    (quantiles of the score). With one question the bars are Wilson's 95 % intervals, which take samples for
    independent.
    """
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.5)
    asked = questions(predictions)
    for index, question in enumerate(asked):
        shade = colour(0 if len(asked) == 1 else index)
        points = reliability(question)
        mean, share = [point[0] for point in points], [point[1] for point in points]
        axes.plot(mean, share, "o-", color=shade, linewidth=2, markersize=8, label=question.name)
        if len(asked) == 1:
            for across, _, low, high in points:
                axes.plot([across, across], [low, high], color=shade, linewidth=1.5)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    name_axes(axes, f"Calibration, {scores}\ndotted: perfect", "mean score", "share of the class")
    legend(axes, "best")
    return png(figure)


def reliability(question: Question) -> list[tuple[float, float, float, float]]:
    """(mean score, share, low, high) of each group from the lowest scores on."""
    groups = max(1, min(GROUPS, len(question.score) // GROUP))
    order = np.argsort(question.score, kind="stable")
    points = []
    for rows in np.array_split(order, groups):
        hits = int(question.truth[rows].sum())
        low, high = wilson(hits, len(rows))
        points.append(
            (float(question.score[rows].mean()), hits / len(rows), low or 0.0, 1.0 if high is None else high)
        )
    return points
