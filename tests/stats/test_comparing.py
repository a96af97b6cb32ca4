"""AUROC and its differences where no draw of subjects moves them."""

import numpy as np
import pytest

from medidense.stats import SubjectDraws
from medidense.stats.baselines import BaselineScores
from medidense.stats.bounds import area_limits
from medidense.stats.comparing import auprc_estimate, auroc_difference, auroc_estimate, compared
from medidense.stats.mover import difference
from medidense.values import Predictions


def table(label: np.ndarray, scores: np.ndarray, each: int = 1, kind: str = "classes") -> Predictions:
    rows = len(label)
    names = tuple(f"s{row:03d}" for row in range(rows))
    subjects = tuple(f"p{row // each:03d}" for row in range(rows))
    classes = tuple("abc"[: scores.shape[1]])
    return Predictions(classes, classes[-1], names, subjects, np.arange(rows) % 2, label, scores, kind)


def two(score: np.ndarray) -> np.ndarray:
    return np.stack([1 - score, score], axis=1)


LABEL = (np.arange(40) >= 24).astype(np.int64)
RIGHT = two(0.2 + 0.5 * LABEL)
POOR = two(0.2 + 0.01 * np.arange(40)[::-1] * (np.arange(40) % 3 > 0) + 0.25 * LABEL)


def drawn(one: Predictions) -> SubjectDraws:
    return SubjectDraws.of(one.subjects, 300, 0)


@pytest.mark.parametrize("each", [1, 2, 4])
def test_an_auroc_without_error_has_newcombes_interval_over_subjects(each: int) -> None:
    cohort = table(LABEL, RIGHT, each)
    found = auroc_estimate(cohort, RIGHT, drawn(cohort))
    assert (found.value, found.low, found.high) == (1.0, *area_limits(1.0, 16 // each, 24 // each))
    turned = auroc_estimate(cohort, 1 - RIGHT, drawn(cohort))
    assert (turned.value, turned.low, turned.high) == (0.0, *area_limits(0.0, 16 // each, 24 // each))
    assert auprc_estimate(cohort, drawn(cohort)).text() == "1.000"


def test_of_more_classes_and_of_labels_it_is_the_mean_of_each_ones() -> None:
    label = np.repeat([0, 1, 2], [5, 7, 12])
    cohort = table(label, np.eye(3)[label])
    found = auroc_estimate(cohort, cohort.scores, drawn(cohort))
    each = [area_limits(1.0, number, 24 - number)[0] for number in (5, 7, 12)]
    assert (found.low, found.high) == (pytest.approx(np.mean(each)), 1.0)
    several = np.stack([label == 0, label == 1, np.ones(24)], axis=1).astype(np.int64)
    several[23, 0] = -1
    labels = table(several, np.clip(several, 0, 1).astype(float), kind="multi_label")
    found = auroc_estimate(labels, labels.scores, drawn(labels))
    each = [area_limits(1.0, 5, 18)[0], area_limits(1.0, 7, 17)[0]]  # the third has one side alone
    assert (found.low, found.high) == (pytest.approx(np.mean(each)), 1.0)


def test_a_difference_to_an_area_without_error_is_from_both_intervals() -> None:
    cohort = table(LABEL, RIGHT)
    draws = drawn(cohort)
    network, rule = (auroc_estimate(cohort, scores, draws) for scores in (RIGHT, POOR))
    assert 0.5 < rule.value < 1
    found = compared(cohort, BaselineScores("rule", POOR), draws)
    assert found.network_minus_baseline == difference(network, rule)
    tie = auroc_difference(cohort, RIGHT, two(0.1 + 0.8 * LABEL), draws)
    assert tie.low < tie.value == 0 < tie.high
    itself = auroc_difference(cohort, RIGHT, RIGHT, draws)
    assert (itself.value, itself.low, itself.high) == (0.0, 0.0, 0.0)
    assert auroc_difference(table(LABEL * 0, RIGHT), RIGHT, POOR, draws).value is None


def test_other_differences_are_paired() -> None:
    other = POOR + two(np.where(np.arange(40) == 30, -0.15, 0.0)) - two(np.zeros(40))
    cohort = table(LABEL, POOR)
    found = auroc_difference(cohort, POOR, other, drawn(cohort))
    apart = difference(*(auroc_estimate(cohort, scores, drawn(cohort)) for scores in (POOR, other)))
    assert found.value == pytest.approx(apart.value)
    assert found.high - found.low < 0.5 * (apart.high - apart.low)
