"""Does a score of 0.8 mean eight of ten?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.pages.canvas import GREY, blank, colour, legend, name_axes, png
from medidense.pages.questions import Question, questions
from medidense.stats import wilson
from medidense.values import Predictions

GROUP = 10
"""Samples that a group holds at least; fewer say nothing about a share."""
GROUPS = 10
WIDEST = 0.3
"""How far apart the scores of a group may lie: the mean of 0.12 and 0.96 is a score that nothing has."""

CAPTION = (
    "Above the dotted line the truth is more frequent than said. A point: samples of like score, ten or "
    f"more; where they would span more than {WIDEST:g} they are cut, and a hollow point has fewer."
)
"""What a reader of the figure must know."""


@dataclass(frozen=True)
class Point:
    """A group of samples: their mean score, the share of the class and its limits, and how many they are."""

    mean: float
    share: float
    low: float
    high: float
    samples: int


def reliability_png(predictions: Predictions, scores: str = "scores as given") -> bytes:
    """Share of the class among samples of like score, over their mean score, as PNG bytes.

    The scores as `predictions` has them; `scores` says in words what they are. The groups are of like number
    (quantiles of the score), and cut where they span more than `WIDEST`; hollow points hold fewer than
    `GROUP` samples, and no line runs through them. With one question the bars are Wilson's 95 % intervals,
    which take samples for independent.
    """
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.5)
    asked = questions(predictions)
    for index, question in enumerate(asked):
        shade = colour(0 if len(asked) == 1 else index)
        points = reliability(question)
        mean = [point.mean for point in points]
        share = [point.share if point.samples >= GROUP else np.nan for point in points]
        axes.plot(mean, share, "o-", color=shade, linewidth=2, markersize=8, label=question.name)
        if len(asked) == 1:
            for point in points:
                axes.plot([point.mean] * 2, [point.low, point.high], color=shade, linewidth=1.5)
        few = [point for point in points if point.samples < GROUP]
        mean, share = [point.mean for point in few], [point.share for point in few]
        axes.plot(mean, share, "o", color=shade, markerfacecolor="white", markersize=8)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    name_axes(axes, f"Calibration, {scores}\ndotted: perfect", "mean score", "share of the class")
    legend(axes, "best")
    return png(figure)


def reliability(question: Question) -> list[Point]:
    """Each group, from the lowest scores on."""
    groups = max(1, min(GROUPS, len(question.score) // GROUP))
    order = np.argsort(question.score, kind="stable")
    points = []
    parts = [part for rows in np.array_split(order, groups) for part in _cut(rows, question.score)]
    for rows in parts:
        hits = int(question.truth[rows].sum())
        low, high = wilson(hits, len(rows))
        limits = low or 0.0, 1.0 if high is None else high
        points.append(Point(float(question.score[rows].mean()), hits / len(rows), *limits, len(rows)))
    return points


def _cut(rows: NDArray[np.int64], score: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """A group's rows, sorted by score, in as few parts of equal width as keep each within `WIDEST`."""
    own = score[rows]
    span = float(own[-1] - own[0])
    parts = max(1, int(np.ceil(span / WIDEST)))
    edges = own[0] + span * np.arange(1, parts) / parts
    return [part for part in np.split(rows, np.searchsorted(own, edges)) if len(part)]
