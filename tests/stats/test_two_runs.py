"""Two runs on the same rows: paired, in the right direction, and by known formulas."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, chi2
from sklearn.metrics import roc_auc_score

from medidense.stats import compare_predictions, evaluate_predictions
from medidense.stats.mover import difference
from medidense.stats.two_runs import mcnemar
from medidense.values import Predictions
from medidense.values.recipe import EvaluationRules

N = 300
LABEL = np.arange(N) % 2
FIXED = EvaluationRules()


def table(score: np.ndarray, subjects: int = N, label: np.ndarray = LABEL) -> Predictions:
    names = tuple(f"s{row:03d}" for row in range(N))
    who = tuple(f"p{row % subjects:03d}" for row in range(N))
    return Predictions(
        ("0", "1"), "1", names, who, np.arange(N) % 5, label, np.stack([1 - score, score], axis=1)
    )


def pair() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    shared = draw.normal(size=N)
    good, poor = (1 / (1 + np.exp(-(gain * LABEL + shared + draw.normal(0, 0.5, N)))) for gain in (1.6, 1.0))
    return good, poor


def test_the_difference_is_first_minus_second_and_both_intervals_agree() -> None:
    good, poor = pair()
    found = compare_predictions(table(good), table(poor), (FIXED, FIXED))
    gap = roc_auc_score(LABEL, good) - roc_auc_score(LABEL, poor)
    assert [found.difference.value, found.delong.value] == pytest.approx([gap, gap])
    assert found.difference.low == pytest.approx(found.delong.low, abs=0.01)
    assert found.difference.high == pytest.approx(found.delong.high, abs=0.01)
    assert found.difference.low > 0
    assert found.delong_p < 0.001
    alone = found.auroc_first.high - found.auroc_first.low
    assert found.difference.high - found.difference.low < alone  # paired: what both share drops out
    turned = compare_predictions(table(poor), table(good), (FIXED, FIXED))
    assert turned.difference.value == pytest.approx(-gap)
    assert turned.delong_p == pytest.approx(found.delong_p)


def test_a_run_beside_itself_differs_in_nothing() -> None:
    good, _ = pair()
    found = compare_predictions(table(good), table(good), (FIXED, FIXED))
    assert (found.difference.value, found.difference.low, found.difference.high) == (0.0, 0.0, 0.0)
    assert found.delong_p == 1.0
    assert {test.p for test in found.mcnemar.values()} == {1.0}


def test_decisions_are_made_at_each_runs_own_point() -> None:
    score = np.where(LABEL == 1, 0.6, 0.3)
    found = compare_predictions(table(score), table(score), (FIXED, EvaluationRules(operating_point=0.7)))
    assert (found.mcnemar["sensitivity"].only_first, found.mcnemar["sensitivity"].rows) == (150, 150)
    assert found.mcnemar["specificity"].only_first == 0
    assert found.mcnemar["accuracy"].only_first == 150


def test_a_chosen_point_decides_each_fold_by_the_others_as_evaluate_does() -> None:
    low, _ = pair()
    low = low * 0.4  # nothing reaches one half: at the fixed point no positive is found
    chosen = EvaluationRules(operating_rule="youden", bootstrap=200)
    found = compare_predictions(table(low), table(low), (chosen, FIXED))
    told = evaluate_predictions(table(low), [], chosen, cohort_digest="ab")
    assert found.operating_points == (told.operating_point, 0.5)
    hits = found.mcnemar["sensitivity"]
    assert hits.only_first / hits.rows == pytest.approx(told.metrics["sensitivity"].value)
    assert hits.only_second == 0


def test_mcnemar_by_hand() -> None:
    first, second = np.array([1] * 12 + [0] * 8 + [1] * 9) > 0, np.array([0] * 12 + [0] * 5 + [1] * 12) > 0
    found = mcnemar(first, second, np.ones(29, bool), np.arange(29))
    assert (found.only_first, found.only_second) == (12, 3)
    assert found.p == pytest.approx(2 * sum([1, 15, 105, 455]) / 2**15)


@pytest.mark.parametrize("seed", range(4))
def test_with_a_row_a_subject_it_is_the_binomial_test(seed: int) -> None:
    first, second = np.random.default_rng(seed).uniform(size=(2, 80)) < [[0.7], [0.5]]
    found = mcnemar(first, second, np.ones(80, bool), np.random.default_rng(seed).permutation(80))
    assert found.p == pytest.approx(
        binomtest(found.only_first, found.only_first + found.only_second).pvalue, abs=1e-12
    )


def test_every_swap_of_subjects_counted_by_hand() -> None:
    draw = np.random.default_rng(3)
    subject = np.repeat(np.arange(8), [1, 2, 3, 4, 1, 5, 2, 2])
    first, second = draw.uniform(size=(2, 20)) < [[0.9], [0.4]]
    found = mcnemar(first, second, np.ones(20, bool), subject)
    gaps = np.array([(first * 1 - second)[subject == who].sum() for who in range(8)])
    sums = np.array([np.dot(signs, gaps) for signs in product((-1, 1), repeat=8)])
    assert found.p == pytest.approx((abs(sums) >= abs(gaps.sum())).mean())
    assert found.subjects == 8


def test_of_many_subjects_it_is_near_obuchowskis_chi_squared() -> None:
    draw = np.random.default_rng(5)
    subject = np.repeat(np.arange(300), 3)
    shared = np.repeat(draw.normal(size=(2, 300)), 3, axis=1)  # lesions of a subject go the same way
    first, second = shared + draw.normal(0, 0.3, (2, 900)) > [[-0.6], [-0.3]]
    found = mcnemar(first, second, np.ones(900, bool), subject)
    gaps = np.bincount(subject, first * 1.0 - second)
    statistic = 299 / 300 * gaps.sum() ** 2 / (gaps**2).sum()
    rows_alone = binomtest(found.only_first, found.only_first + found.only_second).pvalue
    assert found.p == pytest.approx(chi2.sf(statistic, 1), abs=0.02)
    assert found.p > 2 * rows_alone  # rows of a subject are not independent


def test_no_difference_has_p_one() -> None:
    same = np.ones(5, bool)
    assert mcnemar(same, same, same, np.zeros(5, np.int64)).p == 1.0


def test_several_rows_a_subject_have_no_delong_and_a_wider_interval() -> None:
    good, poor = pair()
    found = compare_predictions(table(good, 60), table(poor, 60), (FIXED, FIXED))
    assert found.delong.value is None
    assert found.delong_p is None
    assert "whole subjects" in found.notes[0]
    assert found.subjects == 60


def test_other_labels_are_refused() -> None:
    good, _ = pair()
    with pytest.raises(ValueError, match="label"):
        compare_predictions(table(good), table(good, label=1 - LABEL), (FIXED, FIXED))


def test_a_run_without_error_has_no_delong_and_a_difference_from_both_intervals() -> None:
    good, _ = pair()
    found = compare_predictions(table(0.1 + 0.8 * LABEL), table(good), (FIXED, FIXED))
    assert (found.auroc_first.value, found.auroc_first.high) == (1.0, 1.0)
    assert 0.98 < found.auroc_first.low < 1
    assert (found.delong.low, found.delong_p) == (None, None)
    assert found.difference == difference(found.auroc_first, found.auroc_second)
    same = compare_predictions(table(0.1 + 0.8 * LABEL), table(0.1 + 0.8 * LABEL), (FIXED, FIXED))
    assert (same.difference.high, same.delong_p) == (0.0, 1.0)
