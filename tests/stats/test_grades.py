"""Grades in order: decided by the middle, judged by how far off."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from medidense.stats import SubjectDraws, evaluate_predictions
from medidense.stats.decisions import Decisions
from medidense.stats.grades import grade_figures, weighted_grade_figures
from medidense.values import Predictions
from medidense.values.recipe import EvaluationRules


def graded(label, scores) -> Predictions:
    count = len(label)
    return Predictions(
        classes=("poor", "fair", "good"),
        positive="good",
        samples=tuple(f"s{row:03d}" for row in range(count)),
        subjects=tuple(f"P{row // 2:03d}" for row in range(count)),
        fold=np.arange(count) % 2,
        label=np.asarray(label),
        scores=np.asarray(scores),
        kind="ordinal",
    )


def drawn(count: int = 80) -> Predictions:
    random = np.random.default_rng(5)
    label = random.integers(0, 3, count)
    scores = random.dirichlet([1, 1, 1], count) + 0.2 * np.eye(3)[label]
    return graded(label, scores / scores.sum(axis=1, keepdims=True))


def test_the_middle_grade_decides_not_the_highest_score():
    table = graded([0, 1, 2, 1], [[0.4, 0.25, 0.35], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8], [0.6, 0.2, 0.2]])
    found = evaluate_predictions(table, [], EvaluationRules(bootstrap=200), cohort_digest="0" * 64)
    assert found.confusion == ((0, 1, 0), (1, 1, 0), (0, 0, 1))
    assert found.metrics["mean_absolute_error"].value == 0.5
    assert found.kind == "ordinal"
    assert any(note.startswith("Grades: the middle") for note in found.notes)


def test_figures_have_values_of_scikit_learn_and_intervals():
    table = drawn()
    found = evaluate_predictions(table, [], EvaluationRules(bootstrap=300), cohort_digest="0" * 64)
    decided = np.repeat(np.tile([0, 1, 2], 3), np.array(found.confusion).ravel())
    label = np.repeat(np.repeat([0, 1, 2], 3), np.array(found.confusion).ravel())
    kappa, error = found.metrics["quadratic_kappa"], found.metrics["mean_absolute_error"]
    assert kappa.value == pytest.approx(cohen_kappa_score(label, decided, weights="quadratic"))
    assert error.value == pytest.approx(np.abs(label - decided).mean())
    assert kappa.low < kappa.value < kappa.high
    assert error.low < error.value < error.high
    assert found.auroc.value > 0.6


def test_weighted_figures_are_those_of_rows_repeated():
    random = np.random.default_rng(2)
    label, decided = random.integers(0, 4, 30), random.integers(0, 4, 30)
    weights = random.integers(0, 3, (10, 30))
    decisions = Decisions(label, decided, np.full((30, 4), 0.25), 3)
    for row, (kappa, error) in zip(
        weights, weighted_grade_figures(decisions.confusions(weights.astype(float))), strict=True
    ):
        own, said = np.repeat(label, row), np.repeat(decided, row)
        assert kappa == pytest.approx(cohen_kappa_score(own, said, weights="quadratic"))
        assert error == pytest.approx(np.abs(own - said).mean())


def test_one_grade_alone_has_no_kappa():
    label = np.full(6, 2)
    decisions = Decisions(label, label, np.eye(3)[label], 2)
    figures = grade_figures(decisions, SubjectDraws.of([f"P{n}" for n in range(6)], 50, 0))
    assert figures["quadratic_kappa"].value is None
    assert figures["mean_absolute_error"].value == 0


def test_grades_all_right_have_no_interval_rather_than_one_without_width() -> None:
    label = np.arange(30) % 3
    right = Decisions(label, label, np.eye(3)[label], 0)
    found = grade_figures(right, SubjectDraws.of([str(row) for row in range(30)], 200, 0))
    assert [(one.value, one.low) for one in found.values()] == [(1.0, None), (0.0, None)]
