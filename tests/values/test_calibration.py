import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from medidense.values import Calibration, calibrate, possible


@pytest.mark.parametrize("positive", [0, 1])
def test_two_classes_are_the_logistic_function_of_the_log_odds(positive: int) -> None:
    scores = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]])
    found = calibrate(Calibration(method="platt", slope=0.7, intercept=0.3), scores, positive)
    assert found[:, positive] == pytest.approx(expit(0.7 * logit(scores[:, positive]) + 0.3))
    assert found.sum(axis=1) == pytest.approx(1)


def test_a_temperature_divides_the_logits() -> None:
    logits = np.array([[2.0, -1.0, 0.5]])
    found = calibrate(Calibration(method="temperature", slope=1 / 3), softmax(logits, axis=1), 0)
    assert found == pytest.approx(softmax(logits / 3, axis=1))


def test_slope_1_changes_nothing_and_the_input_is_left_alone() -> None:
    scores = np.array([[0.2, 0.8]])
    assert calibrate(Calibration(method="temperature", slope=1.0), scores, 1) == pytest.approx(scores)
    calibrate(Calibration(method="platt", slope=3.0, intercept=2.0), scores, 1)
    assert scores.tolist() == [[0.2, 0.8]]


def test_steep_slopes_and_scores_of_0_and_1_stay_finite() -> None:
    found = calibrate(Calibration(method="platt", slope=1e12, intercept=-1e12), np.array([[0.0, 1.0]]), 1)
    assert np.isfinite(found).all()


def test_a_set_may_hold_none_one_or_all() -> None:
    least = (0.6, 0.3)
    for malignant, expected in ((0.1, ("b",)), (0.35, ("b", "m")), (0.7, ("m",))):
        assert possible(("b", "m"), np.array([1 - malignant, malignant]), least) == expected
    assert possible(("b", "m"), np.array([0.5, 0.5]), (0.6, 0.6)) == ()
