"""What is decided for, by kind of truth."""

import numpy as np
import pytest

from medidense.values import decision, middle_grade

CLASSES = ("a", "b", "c")


@pytest.mark.parametrize(
    ("kind", "scores", "decided"),
    [
        ("classes", [0.4, 0.25, 0.35], "a"),
        ("ordinal", [0.4, 0.25, 0.35], "b"),
        ("multi_label", [0.4, 0.25, 0.35], "-"),
        ("multi_label", [0.5, 0.1, 0.9], "a;c"),
    ],
)
def test_decisions(kind, scores, decided):
    assert decision(kind, CLASSES, np.array(scores), "c", 0.5) == decided


def test_two_classes_are_decided_at_the_operating_point():
    scores = np.array([0.7, 0.3])
    assert decision("classes", ("a", "b"), scores, "b", 0.3) == "b"
    assert decision("classes", ("a", "b"), scores, "b", 0.31) == "a"


def test_the_middle_grade_has_the_least_expected_distance():
    scores = np.random.default_rng(0).dirichlet([1, 1, 1, 1], 200)
    steps = np.arange(4)
    distance = scores @ np.abs(steps[:, None] - steps)
    assert np.array_equal(middle_grade(scores), distance.argmin(axis=1))
