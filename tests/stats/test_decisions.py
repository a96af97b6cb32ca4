import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from medidense.stats import Decisions, SubjectDraws, decide, decision_figures, wilson
from medidense.stats.decisions import figures


def made(label: list[int], positive_scores: list[float], point: float = 0.5) -> Decisions:
    score = np.array(positive_scores)
    scores = np.stack([1 - score, score], axis=1)
    return Decisions(np.array(label), decide(scores, 1, point), scores, 1)


def test_a_case_by_hand() -> None:
    # decided positive: 0.9, 0.5, 0.7; so tp 2, fp 1, fn 1, tn 2
    found = figures(made([1, 1, 1, 0, 0, 0], [0.9, 0.5, 0.4, 0.7, 0.2, 0.1]), np.ones((1, 6)))
    expected = {
        "sensitivity": 2 / 3,
        "specificity": 2 / 3,
        "ppv": 2 / 3,
        "npv": 2 / 3,
        "f1": 2 / 3,
        "accuracy": 4 / 6,
        "balanced_accuracy": 2 / 3,
        "mcc": (2 * 2 - 1 * 1) / 9,
        "brier": (0.01 + 0.25 + 0.36 + 0.49 + 0.04 + 0.01) / 6,
        "log_loss": -np.log([0.9, 0.5, 0.4, 0.3, 0.8, 0.9]).mean(),
    }
    assert {name: value[0] for name, value in found.items()} == pytest.approx(expected)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(1e-6, 1 - 1e-6)), min_size=2, max_size=40),
    st.floats(0.05, 0.95),
)
@settings(max_examples=40, deadline=None)
def test_two_classes_agree_with_scikit_learn(rows: list[tuple[int, float]], point: float) -> None:
    label, score = (list(column) for column in zip(*rows, strict=True))
    decisions = made(label, score, point)
    found = {name: value[0] for name, value in figures(decisions, np.ones((1, len(label)))).items()}
    truth, decided = np.array(label), decisions.decided
    reference = {
        "sensitivity": metrics.recall_score(truth, decided, zero_division=np.nan),
        "specificity": metrics.recall_score(1 - truth, 1 - decided, zero_division=np.nan),
        "ppv": metrics.precision_score(truth, decided, zero_division=np.nan),
        "npv": metrics.precision_score(1 - truth, 1 - decided, zero_division=np.nan),
        "f1": metrics.f1_score(truth, decided, zero_division=np.nan),
        "accuracy": metrics.accuracy_score(truth, decided),
        "brier": metrics.brier_score_loss(truth, np.array(score), pos_label=1, labels=[0, 1]),
        "log_loss": metrics.log_loss(truth, np.array(score), labels=[0, 1]),
    }
    if 0 < truth.sum() < len(truth) and 0 < decided.sum() < len(decided):
        reference["mcc"] = metrics.matthews_corrcoef(truth, decided)
    else:
        assert np.isnan(found["mcc"])
    assert {name: found[name] for name in reference} == pytest.approx(reference, nan_ok=True, abs=1e-10)


def test_more_classes_are_macro_means() -> None:
    generator = np.random.default_rng(2)
    label, scores = generator.integers(0, 3, 90), generator.dirichlet(np.ones(3), 90)
    decisions = Decisions(label, decide(scores, 1, 0.9), scores, 1)
    found = {name: value[0] for name, value in figures(decisions, np.ones((1, 90))).items()}
    decided = scores.argmax(axis=1)
    assert found["sensitivity"] == pytest.approx(metrics.recall_score(label, decided, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(label, decided))
    assert found["ppv"] == pytest.approx(metrics.precision_score(label, decided, average="macro"))
    assert found["f1"] == pytest.approx(metrics.f1_score(label, decided, average="macro"))
    specificity = [metrics.recall_score(label != c, decided != c) for c in range(3)]
    assert found["specificity"] == pytest.approx(np.mean(specificity))
    assert found["brier"] == pytest.approx(np.mean(np.sum((scores - np.eye(3)[label]) ** 2, axis=1)))


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6))
@settings(max_examples=50, deadline=None)
def test_a_weight_is_a_repetition(weights: list[int]) -> None:
    label, score = [1, 1, 1, 0, 0, 0], [0.9, 0.5, 0.4, 0.7, 0.2, 0.1]
    if not sum(weights):
        return
    weighted = figures(made(label, score), np.array([weights], dtype=float))
    rows = np.repeat(np.arange(6), weights)
    repeated = figures(made([label[r] for r in rows], [score[r] for r in rows]), np.ones((1, len(rows))))
    for name, value in weighted.items():
        assert value == pytest.approx(repeated[name], nan_ok=True), name


def test_the_operating_point_itself_is_positive_and_works_for_either_class() -> None:
    scores = np.array([[0.3, 0.7], [0.31, 0.69]])
    assert decide(scores, 1, 0.7).tolist() == [1, 0]
    assert decide(scores, 0, 0.31).tolist() == [1, 0]


def test_confusion_has_true_classes_in_rows() -> None:
    table = made([1, 1, 0, 0, 0], [0.9, 0.2, 0.8, 0.7, 0.1]).confusions(np.ones((1, 5)))[0]
    assert table.tolist() == [[1, 2], [1, 1]]


def test_one_row_a_subject_gets_wilson_and_several_the_bootstrap() -> None:
    label, score = [1] * 10 + [0] * 10, [0.9] * 9 + [0.1] + [0.2] * 8 + [0.6] * 2
    alone = decision_figures(made(label, score), SubjectDraws.of([str(row) for row in range(20)], 300, 0))
    assert (alone["sensitivity"].low, alone["sensitivity"].high) == pytest.approx(wilson(9, 10))
    assert (alone["accuracy"].low, alone["accuracy"].high) == pytest.approx(wilson(17, 20))
    assert (alone["ppv"].low, alone["ppv"].high) == wilson(9, 11)
    assert (alone["npv"].low, alone["npv"].high) == wilson(8, 9)
    shared = decision_figures(
        made(label, score), SubjectDraws.of([str(row // 2) for row in range(20)], 300, 0)
    )
    assert shared["sensitivity"].value == 0.9
    assert (shared["sensitivity"].low, shared["sensitivity"].high) != pytest.approx(wilson(9, 10))
    assert shared["sensitivity"].low <= 0.9 <= shared["sensitivity"].high
    assert alone["f1"].low is not None


def test_a_figure_without_cases_has_no_value() -> None:
    found = decision_figures(made([0, 0, 0], [0.1, 0.2, 0.3]), SubjectDraws.of(list("abc"), 200, 0))
    assert found["sensitivity"].value is None
    assert found["sensitivity"].low is None
    assert found["ppv"].value is None
    assert found["specificity"].value == 1.0


def test_a_share_of_all_or_none_counts_each_subject_once() -> None:
    perfect = made([1] * 8 + [0] * 12, [0.9] * 8 + [0.1] * 12)
    found = decision_figures(perfect, SubjectDraws.of([str(row // 2) for row in range(20)], 300, 0))
    subjects = {"sensitivity": 4, "specificity": 6, "ppv": 4, "npv": 6, "accuracy": 10}
    for name, number in subjects.items():
        assert (found[name].low, found[name].high) == wilson(number, number), name
    for name in ("f1", "mcc", "balanced_accuracy"):
        assert (found[name].value, found[name].low) == (pytest.approx(1.0), None), name
    assert found["brier"].low is None  # each is as far from the truth as any other: no draw moves it
    never = decision_figures(made([1, 1, 0, 0], [0.1] * 4), SubjectDraws.of(list("aabb"), 300, 0))
    assert (never["sensitivity"].low, never["sensitivity"].high) == wilson(0, 1)


def test_of_more_classes_the_accuracy_alone_is_a_share() -> None:
    label = np.arange(12) % 3
    perfect = Decisions(label, label, np.eye(3)[label] * 0.7 + 0.1, 0)
    found = decision_figures(perfect, SubjectDraws.of([str(row) for row in range(12)], 300, 0))
    assert (found["accuracy"].low, found["accuracy"].high) == wilson(12, 12)
    assert (found["sensitivity"].value, found["sensitivity"].low) == (1.0, None)
