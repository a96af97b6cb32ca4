"""The surest wrong rows and the hardest ones, by hand."""

import numpy as np

from medidense.stats import hardest, surest_wrong
from medidense.values import Predictions


def table(scores: list[list[float]], labels: list[int]) -> Predictions:
    names = tuple(f"{row}" for row in range(len(labels)))
    classes = tuple("abc"[: len(scores[0])])
    fold = np.zeros(len(labels), dtype=np.int64)
    return Predictions(classes, classes[-1], names, names, fold, np.array(labels), np.array(scores))


def test_two_classes_are_measured_from_the_operating_point() -> None:
    positive = [0.9, 0.1, 0.52, 0.4, 0.95, 0.9]
    two = table([[1 - p, p] for p in positive], [0, 1, 1, 1, 1, 0])
    assert surest_wrong(two, 0.5).tolist() == [0, 1, 5, 3]
    assert hardest(two, 0.5).tolist() == [2, 3, 0, 1, 5, 4]
    assert hardest(two, 0.93).tolist()[0] == 4
    assert surest_wrong(two, 0.93).tolist() == [1, 3, 2]


def test_more_classes_are_measured_by_their_two_highest_scores() -> None:
    three = table([[0.2, 0.5, 0.3], [0.45, 0.4, 0.15], [0.1, 0.1, 0.8]], [1, 2, 0])
    assert hardest(three, 0.5).tolist() == [1, 0, 2]
    assert surest_wrong(three, 0.5).tolist() == [2, 1]


def test_nothing_wrong_is_empty() -> None:
    assert surest_wrong(table([[0.9, 0.1]], [0]), 0.5).tolist() == []
