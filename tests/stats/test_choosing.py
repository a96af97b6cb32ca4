"""Inner figures: the definition that is compared, and who wins a tie."""

import numpy as np
import pytest

from medidense.stats import best, inner_figure
from medidense.values import Predictions


def predictions(label: list[int], scores: list[list[float]], positive: str = "b") -> Predictions:
    names = tuple(f"{row:02d}" for row in range(len(label)))
    classes = tuple("abc"[: len(scores[0])])
    return Predictions(
        classes,
        positive,
        names,
        names,
        np.zeros(len(label), dtype=np.int64),
        np.array(label),
        np.array(scores),
    )


def test_two_classes_are_compared_by_the_area_of_the_positive_one() -> None:
    table = predictions([0, 1, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.6, 0.4]])
    assert inner_figure(table) == ("auroc", 0.75)
    assert inner_figure(predictions([0, 1], [[0.1, 0.9], [0.9, 0.1]], "a")) == ("auroc", 0.0)


def test_more_classes_are_compared_by_log_loss() -> None:
    table = predictions([0, 1, 2], [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]])
    name, value = inner_figure(table)
    assert name == "log_loss"
    assert value == pytest.approx((2 * np.log(2) + np.log(4)) / 3)


def test_the_first_of_equal_ones_wins() -> None:
    assert best("auroc", [0.5, 0.9, 0.9, 0.1]) == 1
    assert best("log_loss", [0.5, 0.2, 0.2, 0.9]) == 1
