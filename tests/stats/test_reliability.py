import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from medidense.stats import Decisions, SubjectDraws, wilson
from medidense.stats.calibrating import fit_logistic
from medidense.stats.reliability import (
    calibration_figures,
    ece,
    observed_expected,
    reliability,
    slope_and_intercept,
)


def drawn(
    n: int, slope: float, intercept: float, each: int = 1
) -> tuple[np.ndarray, np.ndarray, SubjectDraws]:
    generator = np.random.default_rng(2)
    score = expit(generator.normal(0, 1.5, n))
    truth = generator.random(n) < expit(slope * logit(score) + intercept)
    return truth, score, SubjectDraws.of([f"{row // each}" for row in range(n)], 300, 0)


def test_slope_and_intercept_of_a_known_distortion() -> None:
    truth, score, draws = drawn(20000, 0.6, 0.5)
    slope, _ = slope_and_intercept(truth, score, SubjectDraws(draws.subject, 200, 0))
    assert slope.value == pytest.approx(0.6, abs=0.05)
    truth, score, draws = drawn(20000, 1.0, 0.5)
    _, intercept = slope_and_intercept(truth, score, SubjectDraws(draws.subject, 200, 0))
    assert intercept.value == pytest.approx(0.5, abs=0.05)


def test_few_steps_are_near_whole_fits_of_each_draw() -> None:
    truth, score, draws = drawn(240, 0.7, 0.2, each=2)
    odds = logit(score)
    slopes = []
    for weights in np.concatenate(list(draws.weights())):
        rows = np.repeat(np.arange(len(truth)), weights.astype(int))
        slopes.append(fit_logistic(odds[rows], truth[rows].astype(float))[0])
    slope, _ = slope_and_intercept(truth, score, draws)
    whole = LogisticRegression(C=np.inf, tol=1e-9).fit(odds[:, None], truth)
    assert slope.value == pytest.approx(whole.coef_[0, 0], abs=1e-4)
    low, high = np.percentile(slopes, [2.5, 97.5])
    assert (slope.low, slope.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_the_intercept_makes_the_mean_right() -> None:
    truth, score, draws = drawn(300, 1.0, -0.8)
    _, intercept = slope_and_intercept(truth, score, draws)
    assert expit(logit(score) + intercept.value).mean() == pytest.approx(truth.mean())
    assert intercept.low < intercept.value < intercept.high


def test_no_slope_where_the_classes_do_not_overlap_and_none_at_all_of_one_class() -> None:
    draws = SubjectDraws.of(list("abcd"), 200, 0)
    score = np.array([0.1, 0.2, 0.7, 0.9])
    slope, intercept = slope_and_intercept(score > 0.5, score, draws)
    assert slope.value is None
    assert intercept.value is not None
    assert slope_and_intercept(score > 2, score, draws)[1].value is None


def test_bins_and_ece_by_hand() -> None:
    score = np.array([0.05, 0.15, 0.11, 0.95, 1.0])
    truth = np.array([False, True, False, True, True])
    first, second, last = reliability(truth, score, SubjectDraws.of(list("abcde"), 200, 0))
    assert (first.low, first.samples, first.observed.value) == (0.0, 1, 0.0)
    assert (second.samples, second.observed.value) == (2, 0.5)
    assert second.mean_score == pytest.approx(0.13)
    assert (last.low, last.high, last.samples, last.observed.value) == (0.9, 1.0, 2, 1.0)
    assert ece(truth, score, np.ones((1, 5)))[0] == pytest.approx((0.05 + 0.74 + 0.05) / 5)
    # a sample drawn twice counts twice
    assert ece(truth, score, np.array([[2.0, 1, 1, 1, 1]]))[0] == pytest.approx((0.10 + 0.74 + 0.05) / 6)


def test_a_bins_interval_is_over_subjects_where_they_have_several_samples() -> None:
    score, truth = np.full(40, 0.5), np.arange(40) % 4 < 2
    alone = reliability(truth, score, SubjectDraws.of([f"{row}" for row in range(40)], 400, 0))[0].observed
    pairs = reliability(truth, score, SubjectDraws.of([f"{row // 2}" for row in range(40)], 400, 0))[
        0
    ].observed
    assert pairs.high - pairs.low > 1.2 * (alone.high - alone.low)


def test_more_classes_have_the_figures_of_the_highest_score() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    decisions = Decisions(np.array([0, 2, 2]), np.zeros(3, dtype=np.int64), scores, 2)
    found = calibration_figures(decisions, SubjectDraws.of(list("abc"), 200, 0))
    assert found.slope.value is None
    assert found.bins == ()
    assert found.ece.value == pytest.approx((0.3 + 0.8 + 0.6) / 3)
    assert found.log_loss.value == pytest.approx(-np.log([0.7, 0.1, 0.4]).mean())


@pytest.mark.filterwarnings("error")
def test_draws_of_certain_scores_alone_have_no_intercept_and_no_warning() -> None:
    truth = np.array([True, True, False])
    score = np.array([0.0, 0.0, 1.0])
    _, intercept = slope_and_intercept(truth, score, SubjectDraws.of(["a", "b", "c"], 200, 0))
    assert intercept.value == pytest.approx(20.7, abs=0.1)
    assert intercept.low is None or np.isfinite(intercept.low)


def test_the_calibration_error_has_no_interval_and_the_others_do() -> None:
    truth, score, draws = drawn(300, 1.0, 0.0)
    scores = np.stack([1 - score, score], axis=1)
    found = calibration_figures(Decisions(truth.astype(np.int64), np.zeros(300, np.int64), scores, 1), draws)
    replicates = draws.replicate(lambda weights: ece(truth, score, weights))
    assert np.percentile(replicates, 2.5) > 0.9 * found.ece.value  # why: a draw's lies above it
    assert (found.ece.low, found.ece.high) == (None, None)
    for one in (found.brier, found.log_loss, found.slope, found.intercept):
        assert one.low < one.value < one.high


def test_without_a_positive_observed_over_expected_still_has_an_upper_limit() -> None:
    score, draws = np.full(40, 0.2), SubjectDraws.of([f"{row // 2}" for row in range(40)], 300, 0)
    found = observed_expected(np.zeros(40, dtype=bool), score, draws)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(wilson(0, 20)[1] / 0.2)


def test_a_bin_of_one_kind_counts_each_subject_once() -> None:
    score, draws = np.full(40, 0.55), SubjectDraws.of([f"{row // 4}" for row in range(40)], 300, 0)
    found = reliability(np.ones(40, dtype=bool), score, draws)[0].observed
    assert (found.low, found.high) == wilson(10, 10)
