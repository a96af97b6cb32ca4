import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from medidense.stats import SubjectDraws, subject_bootstrap, weighted_auroc
from medidense.stats.bounds import area_limits
from medidense.stats.delong import delong, delong_estimate


def slowly(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The definition: every positive against every negative (DeLong 1988, equations 4 to 7)."""
    above, below = scores[:, truth], scores[:, ~truth]
    wins = (above[:, :, None] > below[:, None, :]) + 0.5 * (above[:, :, None] == below[:, None, :])
    v10, v01 = wins.mean(axis=2), wins.mean(axis=1)
    return wins.mean(axis=(1, 2)), np.cov(v10) / truth.sum() + np.cov(v01) / (~truth).sum()


def test_two_scores_agree_with_the_definition_and_with_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    truth = generator.random(70) < 0.4
    scores = np.round(truth + generator.normal(0, 1, (2, 70)), 1)
    areas, covariance = delong(truth, scores)
    expected, spread = slowly(truth, scores)
    assert areas == pytest.approx([roc_auc_score(truth, score) for score in scores])
    assert areas == pytest.approx(expected)
    assert covariance == pytest.approx(spread)


def test_a_case_by_hand() -> None:
    # positives 0.8 and 0.4 beat 2 and 1 of the negatives 0.1 and 0.6: V10 = (1, .5), V01 = (1, .5)
    truth, score = np.array([True, True, False, False]), np.array([0.8, 0.4, 0.1, 0.6])
    areas, covariance = delong(truth, score[None])
    assert areas[0] == pytest.approx(0.75)
    assert covariance[0, 0] == pytest.approx(0.125 / 2 + 0.125 / 2)
    found = delong_estimate(truth, score)
    assert (found.low, found.high) == pytest.approx((0.75 - norm.ppf(0.975) * np.sqrt(0.125), 1.0))


def test_its_interval_is_near_the_bootstraps() -> None:
    generator = np.random.default_rng(4)
    truth = generator.random(300) < 0.5
    score = truth + generator.normal(0, 1.2, 300)
    found = delong_estimate(truth, score)
    draws = SubjectDraws.of([str(row) for row in range(300)], 2000, 0)
    assert (found.low, found.high) == pytest.approx(
        subject_bootstrap(lambda weights: weighted_auroc(truth, score, weights), draws), abs=0.01
    )


def test_one_side_alone_has_no_area_and_one_sample_no_interval() -> None:
    assert delong_estimate(np.array([True, True]), np.array([0.1, 0.2])).value is None
    found = delong_estimate(np.array([True, False, False]), np.array([0.3, 0.2, 0.4]))
    assert (found.value, found.low, found.high) == (0.5, None, None)


def test_an_area_without_error_has_newcombes_interval() -> None:
    truth = np.arange(25) < 10
    found = delong_estimate(truth, truth + 0.01 * np.arange(25))
    assert (found.value, found.low, found.high) == (1.0, *area_limits(1.0, 10, 15))
    turned = delong_estimate(truth, 0.01 * np.arange(25) - truth)
    assert (turned.value, turned.low, turned.high) == (0.0, *area_limits(0.0, 10, 15))
