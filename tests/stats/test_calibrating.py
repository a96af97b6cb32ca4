import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.calibration import _sigmoid_calibration
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from medidense.stats.calibrating import fit, fit_logistic, fit_platt, fit_temperature, log_odds
from medidense.stats.intervals import SubjectDraws
from medidense.stats.reliability import slope_and_intercept
from medidense.values.calibration import Method, calibrate


def drawn(n: int, slope: float, intercept: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and scores (n, 2) whose true log odds are slope x their own plus intercept."""
    generator = np.random.default_rng(1)
    odds = generator.normal(0, 2, n)
    label = (generator.random(n) < expit(slope * odds + intercept)).astype(np.int64)
    score = expit(odds)
    return label, np.stack([1 - score, score], axis=1)


def test_platt_is_scikit_learns_sigmoid_of_the_log_odds() -> None:
    label, scores = drawn(200, 0.5, -1.0)
    found = fit_platt(label, scores, 1)
    a, b = _sigmoid_calibration(logit(scores[:, 1]), label)
    assert (found.slope, found.intercept) == pytest.approx((-a, -b), abs=1e-4)
    assert calibrate(found, scores, 1)[:, 1] == pytest.approx(expit(-a * logit(scores[:, 1]) - b), abs=1e-4)


def test_known_distortions_are_found_again() -> None:
    label, scores = drawn(20000, 0.5, -1.0)
    found = fit_platt(label, scores, 1)
    assert (found.slope, found.intercept) == pytest.approx((0.5, -1.0), abs=0.05)
    label, scores = drawn(20000, 0.4, 0.0)
    assert fit_temperature(label, scores, 1).slope == pytest.approx(0.4, abs=0.02)


def test_temperature_has_the_least_log_loss_with_three_classes_and_moves_no_order() -> None:
    generator = np.random.default_rng(5)
    odds = generator.normal(0, 3, (300, 3))
    label = np.array([generator.choice(3, p=row) for row in softmax(0.4 * odds, axis=1)])
    scores = softmax(odds, axis=1)
    found = fit("temperature", label, scores, 0)
    fitted = calibrate(found, scores, 0)
    assert fitted == pytest.approx(softmax(found.slope * odds, axis=1))
    assert (fitted.argmax(axis=1) == scores.argmax(axis=1)).all()
    counts = np.bincount(label)[label, None]
    wanted = np.where(np.eye(3)[label] == 1, (counts + 1) / (counts + 3), 1 / (counts + 3))
    grid = [
        -(wanted * np.log(softmax(slope * odds, axis=1))).sum(axis=1).mean()
        for slope in np.arange(0.05, 2, 0.01)
    ]
    assert -(wanted * np.log(fitted)).sum(axis=1).mean() <= min(grid)
    assert log_loss(label, fitted) < log_loss(label, scores)


def test_a_logistic_fit_is_scikit_learns_without_a_penalty() -> None:
    label, scores = drawn(150, 0.7, 0.3)
    odds = log_odds(scores[:, 1])
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], label)
    assert fit_logistic(odds, label.astype(float)) == pytest.approx(
        (reference.coef_[0, 0], reference.intercept_[0]), abs=1e-4
    )


def test_by_hand_one_value_has_the_log_odds_of_its_share() -> None:
    # four samples of one score, one positive: Platt's targets are 2/3 and 1/5, their mean (2/3 + 3/5) / 4
    scores = np.full((4, 2), 0.5)
    found = calibrate(fit_platt(np.array([1, 0, 0, 0]), scores, 1), scores, 1)
    assert found[:, 1] == pytest.approx((2 / 3 + 3 / 5) / 4)


def test_classes_that_do_not_overlap_and_scores_of_0_and_1_stay_finite() -> None:
    label = np.array([0, 0, 1, 1])
    scores = np.array([[1.0, 0.0], [0.9, 0.1], [0.2, 0.8], [0.0, 1.0]])
    for method in ("platt", "temperature"):
        found = calibrate(fit(method, label, scores, 1), scores, 1)
        assert np.isfinite(found).all()
        assert (np.diff(found[:, 1]) >= 0).all()


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_ten_samples_told_apart_do_not_make_a_score_certain(method: Method) -> None:
    # by hand: the targets of five and five are 6/7 and 1/7, and both calibrations can meet them
    label = np.repeat([0, 1], 5)
    scores = np.stack([np.repeat([0.6, 0.4], 5), np.repeat([0.4, 0.6], 5)], axis=1)
    found = calibrate(fit(method, label, scores, 1), scores, 1)
    assert found[:, 1] == pytest.approx(np.repeat([1 / 7, 6 / 7], 5), abs=1e-4)


def test_scores_that_differ_by_rounding_alone_have_slope_0_and_the_intercept() -> None:
    label, score = np.arange(60) % 3 // 2, np.full(60, 0.4512345)
    score[::2] = np.nextafter(0.4512345, 1)  # the next number that a float64 can be
    odds = log_odds(score)
    assert odds.std() > 0
    assert fit_logistic(odds, label.astype(float)) == pytest.approx((0.0, logit(1 / 3)))
    found = fit_platt(label, np.stack([1 - score, score], axis=1), 1)
    share = (20 * 21 / 22 + 40 / 42) / 60  # the mean of Platt's targets
    assert (found.slope, calibrate(found, np.array([[0.6, 0.4]]), 1)[0, 1]) == pytest.approx((0.0, share))
    slope, intercept = slope_and_intercept(
        label == 1, score, SubjectDraws.of([str(n) for n in range(60)], 50, 0)
    )
    assert slope.value is None
    assert intercept.value == pytest.approx(logit(1 / 3) - odds[0])


def test_small_differences_that_are_none_of_rounding_are_fitted() -> None:
    label = np.array([0, 0, 1, 0, 1, 1])
    odds = 3.0 + np.arange(6) * 1e-6
    slope, _ = fit_logistic(odds, label.astype(float))
    plain, _ = fit_logistic(np.arange(6.0), label.astype(float))
    assert slope == pytest.approx(plain * 1e6, rel=1e-4)
