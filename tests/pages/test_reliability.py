"""Groups of like score, by hand, and which questions there are."""

from collections.abc import Callable

import numpy as np
import pytest

from medidense.pages import RunContents
from medidense.pages.precision_recall import precision_recall_png
from medidense.pages.questions import Question, questions
from medidense.pages.reliability import reliability, reliability_png
from medidense.stats import wilson


def test_groups_by_hand() -> None:
    score = np.linspace(0.0, 0.95, 20)
    truth = np.array([False] * 8 + [True] * 2 + [True] * 9 + [False])
    low, high = reliability(Question("x", truth, score))
    assert low == pytest.approx((0.225, 0.2, *wilson(2, 10)))
    assert high == pytest.approx((0.725, 0.9, *wilson(9, 10)))


def test_few_samples_are_one_group() -> None:
    assert len(reliability(Question("x", np.array([True, False]), np.array([0.2, 0.4])))) == 1


def test_the_questions_of_each_kind(made: Callable[..., RunContents]) -> None:
    assert [one.name for one in questions(made().predictions)] == ["malignant"]
    assert [one.name for one in questions(made("classes").predictions)] == [
        "a vs rest",
        "b vs rest",
        "c vs rest",
    ]
    several = made("multi_label").predictions
    first = questions(several)[0]
    assert first.truth.tolist() == [known == 1 for known in several.label[:, 0].tolist() if known >= 0]


def test_a_curve_follows_the_scores(made: Callable[..., RunContents]) -> None:
    table = made().predictions
    turned = made("multi_label").predictions
    for draw in (precision_recall_png, reliability_png):
        assert draw(table) == draw(table)
        assert draw(table) != draw(turned)
