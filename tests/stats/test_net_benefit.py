import numpy as np
import pytest

from medidense.stats import SubjectDraws
from medidense.stats.net_benefit import THRESHOLDS, decision_curve, net_benefit


def test_it_is_the_definition_at_every_threshold() -> None:
    generator = np.random.default_rng(0)
    truth, chance = generator.random(50) < 0.3, generator.random(50)
    weights = generator.integers(0, 3, (4, 50)).astype(float)
    found = net_benefit(truth, chance, weights)
    for draw, drawn in enumerate(weights):
        for column, threshold in enumerate(THRESHOLDS):
            hits = drawn[(chance >= threshold) & truth].sum()
            wrong = drawn[(chance >= threshold) & ~truth].sum()
            expected = (hits - wrong * threshold / (1 - threshold)) / drawn.sum()
            assert found[draw, column] == pytest.approx(expected)


def test_a_curve_by_hand() -> None:
    truth, chance = np.array([True, True, False, False]), np.array([0.9, 0.45, 0.4, 0.1])
    found = decision_curve(truth, chance, None, SubjectDraws.of(list("abcd"), 200, 0), "raw")
    at = {round(threshold, 2): index for index, threshold in enumerate(found.thresholds)}
    assert found.model[at[0.2]] == pytest.approx(2 / 4 - 1 / 4 * 0.25)
    assert found.model[at[0.5]] == pytest.approx(1 / 4)
    assert found.treat_all[at[0.2]] == pytest.approx(0.5 - 0.5 * 0.25)
    assert found.treat_all[at[0.5]] == pytest.approx(0)
    assert set(found.treat_none) == {0.0}
    assert found.low[at[0.2]] <= found.model[at[0.2]] <= found.high[at[0.2]]
    assert found.raw == found.model


def test_calibrated_chances_are_the_model_and_the_raw_ones_stand_beside() -> None:
    truth, raw = np.array([True, False]), np.array([0.2, 0.1])
    draws = SubjectDraws.of(list("ab"), 200, 0)
    found = decision_curve(truth, raw, np.array([0.9, 0.1]), draws, "cross-fitted, platt")
    assert (found.model[49], found.raw[49], found.scores) == (0.5, 0.0, "cross-fitted, platt")
