"""Smooth and spiculated shapes of equal volume."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.phantoms.nodules import occupancy, surface


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["smooth", "spiculated"]), st.floats(12, 17), st.integers(0, 1000))
def test_the_volume_is_that_of_the_ball_of_the_diameter(kind, diameter, seed):
    body = surface(kind, diameter, np.random.default_rng(seed))
    along = np.arange(-1.5 * diameter, 1.5 * diameter, 0.6)
    share = occupancy(body, (along, along, along), softness_mm=0.6)
    assert share.sum() * 0.6**3 == pytest.approx(np.pi / 6 * diameter**3, rel=0.04)


def test_a_spiculated_nodule_has_more_surface():
    rough = [surface("spiculated", 14, np.random.default_rng(seed)) for seed in range(5)]
    smooth = [surface("smooth", 14, np.random.default_rng(seed)) for seed in range(5)]
    assert min(_edge(body) for body in rough) > 1.2 * max(_edge(body) for body in smooth)


def _edge(body) -> float:
    """Summed change of the share between neighbours: a measure of surface."""
    along = np.arange(-22.0, 22.0, 0.6)
    share = occupancy(body, (along, along, along), softness_mm=0.6)
    return float(sum(np.abs(np.diff(share, axis=axis)).sum() for axis in range(3)))


def test_the_centre_is_inside_even_where_a_point_lies_on_it():
    body = surface("spiculated", 10, np.random.default_rng(0))
    at = np.array([0.0])
    assert occupancy(body, (at, at, at), softness_mm=0.6)[0, 0, 0] == 1.0
