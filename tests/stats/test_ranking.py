import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from medidense.stats import auroc, weighted_auroc
from medidense.stats.ranking import weighted_macro_auroc


def by_pairs(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    """Share of (positive, negative) pairs in the right order, a tie one half: the definition."""
    won = total = 0.0
    for i in np.flatnonzero(truth):
        for j in np.flatnonzero(~truth):
            pair = weight[i] * weight[j]
            total += pair
            won += pair * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
    return won / total if total else np.nan


samples = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=25)


@given(samples)
@settings(max_examples=80, deadline=None)
def test_weighted_auroc_counts_pairs_and_ties_exactly(rows: list[tuple[bool, int, int]]) -> None:
    truth, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    score = score / 6
    both = np.stack([weight, np.ones(len(weight))]).astype(float)
    found = weighted_auroc(truth, score, both)
    assert found == pytest.approx([by_pairs(truth, score, w) for w in both], nan_ok=True, abs=1e-12)
    repeated = np.repeat(np.arange(len(truth)), weight)
    if len(set(truth[repeated].tolist())) == 2:
        assert found[0] == pytest.approx(roc_auc_score(truth[repeated], score[repeated]), abs=1e-12)


@given(samples)
@settings(max_examples=50, deadline=None)
def test_turning_a_score_round_turns_its_area_round(rows: list[tuple[bool, int, int]]) -> None:
    truth, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    there = weighted_auroc(truth, score.astype(float), weight[None].astype(float))
    back = weighted_auroc(truth, -score.astype(float), weight[None].astype(float))
    assert np.isnan(there) == np.isnan(back)
    assert np.nan_to_num(there + back, nan=1.0) == pytest.approx([1.0])


def test_a_case_by_hand() -> None:
    # positives 0.35 and 0.8, negatives 0.1 and 0.4: three of four pairs are in order
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    label = np.array([0, 0, 1, 1])
    assert auroc(label, scores, 1) == 0.75
    assert auroc(label, 1 - scores, 1) == 0.25
    assert auroc(label, scores, 0) == 0.75
    assert weighted_auroc(label == 1, scores[:, 1], np.array([[1, 2, 3, 1.0]])) == pytest.approx(
        [(3 + 1 + 2) / 12]
    )


def test_more_classes_are_the_macro_mean_of_one_vs_rest() -> None:
    generator = np.random.default_rng(3)
    label, scores = generator.integers(0, 4, 200), generator.dirichlet(np.ones(4), 200)
    scores[np.arange(200), label] += 0.2
    scores /= scores.sum(axis=1, keepdims=True)
    expected = roc_auc_score(label, scores, multi_class="ovr", average="macro")
    assert auroc(label, scores, 2) == pytest.approx(expected, abs=1e-12)
    assert weighted_macro_auroc(label, scores, 2, np.ones((1, 200))) == pytest.approx([expected], abs=1e-12)


def test_it_is_undefined_where_a_class_is_missing() -> None:
    two = np.array([[0.3, 0.7], [0.6, 0.4]])
    assert auroc(np.array([1, 1]), two, 1) is None
    assert auroc(np.array([0, 0]), two, 1) is None
    assert auroc(np.array([0, 1]), np.full((2, 3), 1 / 3), 1) is None
    assert auroc(np.array([0, 0]), np.ones((2, 1)), 0) is None
    assert np.isnan(
        weighted_auroc(np.array([True, False]), np.array([0.1, 0.2]), np.array([[1.0, 0.0]]))
    ).all()
