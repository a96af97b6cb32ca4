"""Modality values to network values."""

import numpy as np
import pytest

from medidense.preprocess.intensity import scaled
from medidense.values.input import Intensity


def test_window_clips_and_maps_to_minus_one_to_one():
    values = np.array([-3000.0, -1000.0, -300.0, 400.0, 3000.0])
    found = scaled(values, Intensity(rule="window", low=-1000, high=400))
    assert found.dtype == np.float32
    assert found.tolist() == [-1, -1, 0, 1, 1]


def test_percentiles_are_those_of_the_crop():
    found = scaled(np.arange(101.0), Intensity(rule="percentiles", low=10, high=90))
    assert found[10] == -1
    assert found[50] == 0
    assert found[90] == found[100] == 1


def test_percentiles_that_meet_give_way_to_the_extremes():
    values = np.zeros(1000)
    values[7] = 255.0
    found = scaled(values, Intensity(rule="percentiles", low=1, high=99))
    assert found[7] == 1
    assert found[8] == -1


def test_zscore_centres_scales_and_clips():
    values = np.random.default_rng(0).normal(100, 7, 5000)
    found = scaled(values, Intensity(rule="zscore", low=-2, high=2))
    assert found.mean() == pytest.approx(0, abs=0.01)
    assert found.min() == -2
    assert found.max() == 2
    assert np.allclose(found[:5], np.clip((values[:5] - values.mean()) / values.std(), -2, 2))


@pytest.mark.parametrize("rule", ["percentiles", "zscore"])
def test_values_that_do_not_differ_become_zero(rule):
    assert scaled(np.full(9, 5.0), Intensity(rule=rule, low=1, high=5)).tolist() == [0.0] * 9


def test_constants_are_taken_off_and_divided_by_one_channel_for_each():
    values = np.array([[-5.0, 100.0], [200.0, 300.0]])
    rule = Intensity(rule="constants", low=0, high=255, mean=(100, 0, 10), deviation=(50, 1, 5))
    found = scaled(values, rule)
    assert (found.shape, found.dtype) == ((3, 2, 2), np.float32)
    assert found[0].tolist() == [[-2, 0], [2, pytest.approx(3.1)]]
    assert found[1].tolist() == [[0, 100], [200, 255]]
    assert found[2, 1, 1] == pytest.approx(49)
