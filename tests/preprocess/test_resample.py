"""Weights between, and beyond, the voxels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.preprocess.resample import axis_weights, folded, interpolate, resampled, smoothing_sigma


@given(st.integers(-1000, 1000), st.integers(1, 40))
def test_reflect_is_numpys_reflect_at_any_distance(index, length):
    found = int(folded(np.array([index]), length, "reflect")[0])
    padded = np.pad(np.arange(length), 1100, mode="reflect" if length > 1 else "edge")
    assert found == padded[index + 1100]


@given(st.integers(-100, 100), st.integers(1, 40))
def test_edge_repeats_the_outer_voxel(index, length):
    assert int(folded(np.array([index]), length, "edge")[0]) == min(max(index, 0), length - 1)


@given(st.floats(-30, 30), st.floats(0.2, 6), st.integers(1, 30), st.sampled_from(["reflect", "edge"]))
def test_weights_add_up_to_one_and_keep_within_the_axis(start, step, length, fill):
    part = axis_weights(start + np.arange(20) * step, length, smoothing_sigma(step), fill)
    assert np.allclose(part.matrix.sum(axis=1), 1.0)
    assert part.matrix.min() >= 0
    assert 0 <= part.start < part.stop <= length


def test_linear_between_voxels():
    ramp = np.broadcast_to(np.arange(10.0)[:, None, None], (10, 3, 40)).copy()
    rows = [axis_weights(np.array([1.25, 3.5]), 10, 0.0, "edge")]
    rows += [axis_weights(np.arange(n, dtype=float), n, 0.0, "edge") for n in (3, 40)]
    found = resampled(ramp[rows[0].start : rows[0].stop], rows)
    assert found[:, 1, 30].tolist() == [1.25, 3.5]


def test_smoothing_removes_what_the_coarser_grid_cannot_hold():
    stripes = np.where(np.arange(64) % 2, 1000.0, -1000.0)
    at = 10 + np.arange(12) * 3.0
    part = axis_weights(at, 64, smoothing_sigma(3.0), "reflect")
    smoothed = part.matrix @ stripes[part.start : part.stop]
    bare = axis_weights(at, 64, 0.0, "reflect")
    assert np.abs(bare.matrix @ stripes[bare.start : bare.stop]).max() == 1000
    assert np.abs(smoothed).max() < 10


def test_only_the_needed_voxels_are_asked_for():
    part = axis_weights(np.array([100.0, 101.0]), 512, 0.0, "reflect")
    assert (part.start, part.stop) == (100, 102)


def test_interpolate_writes_through_a_reversed_view():
    values = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    out = np.zeros((5, 3, 3), np.float32)
    interpolate(values, [np.linspace(0, 2, 5), np.arange(3.0), np.arange(3.0)], out[::-1])
    assert out[0].tolist() == values[2].tolist()
    assert out[1] == pytest.approx((values[1] + values[2]) / 2)
