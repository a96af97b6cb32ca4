"""A table of scores that does not hold cannot be built."""

from dataclasses import replace

import numpy as np
import pytest

from medidense.values import Predictions


def table() -> Predictions:
    return Predictions(
        classes=("0", "1"),
        positive="1",
        samples=("a", "b", "c"),
        subjects=("S1", "S1", "S2"),
        fold=np.array([0, 0, 1]),
        label=np.array([0, 1, 1]),
        scores=np.array([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]),
    )


def test_take_keeps_whole_rows() -> None:
    part = table().take({"c", "a", "nobody"})
    assert part.samples == ("a", "c")
    assert part.subjects == ("S1", "S2")
    assert part.scores[1].tolist() == [0.3, 0.7]


@pytest.mark.parametrize(
    "change",
    [
        {"samples": ("b", "a", "c")},
        {"samples": ("a", "a", "c")},
        {"scores": np.array([[np.nan, 1.0], [0.4, 0.6], [0.3, 0.7]])},
        {"scores": np.zeros((3, 3))},
        {"subjects": ("S1",)},
        {"positive": "2"},
    ],
)
def test_what_does_not_hold_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="predictions"):
        replace(table(), **change)
