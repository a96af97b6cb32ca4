"""Is a grid point inside exactly where the even-odd rule and the standard say so?"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io.dicom import polygons
from medidense.io.dicom.polygons import inside

SHAPE = (9, 7)
SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])

PARTS = 7
"""Of a step: corners drawn in them are never just as far from a grid point as `EDGE`."""


def places(side):
    return st.integers(-PARTS, PARTS * (side + 1)) | st.integers(-1, side).map(lambda step: PARTS * step)


CORNERS = st.lists(st.tuples(places(SHAPE[0]), places(SHAPE[1])), min_size=3, max_size=9)
"""Corners in parts of a step, many of them on grid points and lines, some outside."""


def by_hand(corners, point):
    """Whether `point` lies on an edge, or a ray from it crosses an odd number of them; whole numbers only."""
    x, y = point
    crossings = False
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay <= y) != (by <= y) and (side > 0) == (by > ay):
            crossings = not crossings
    return crossings


@settings(max_examples=150, deadline=None)
@given(corners=CORNERS)
def test_even_odd_with_the_edge(corners):
    found = inside([np.array(corners, dtype=np.float64) / PARTS], SHAPE)
    near = PARTS * polygons.EDGE
    for u, v in np.ndindex(SHAPE):
        expected = by_hand(corners, (PARTS * u, PARTS * v))
        if found[u, v] != expected:
            assert found[u, v]
            assert min(distance(corners, (PARTS * u, PARTS * v))) <= near


def distance(corners, point):
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        first, edge = np.array(start, float), np.subtract(end, start)
        share = np.clip(np.dot(np.subtract(point, first), edge) / max(edge @ edge, 1), 0, 1)
        yield float(np.linalg.norm(np.subtract(point, first + share * edge)))


@settings(max_examples=50, deadline=None)
@given(corners=CORNERS, noise=st.integers(0, 1000))
def test_turning_the_grid_and_rounding_change_nothing(corners, noise):
    one = np.array(corners, dtype=np.float64) / PARTS
    found = inside([one], SHAPE)
    np.testing.assert_array_equal(inside([one[:, ::-1]], SHAPE[::-1]).T, found)
    np.testing.assert_array_equal(inside([[SHAPE[0] - 1, 0] + one * [-1, 1]], SHAPE)[::-1], found)
    np.testing.assert_array_equal(inside([np.roll(one[::-1], 2, axis=0)], SHAPE), found)
    moved = one + np.random.default_rng(noise).uniform(-1e-6, 1e-6, one.shape)
    np.testing.assert_array_equal(inside([moved], SHAPE), found)


def test_polygons_partly_or_wholly_beside_the_grid():
    for shift in ((-40, 0), (40, 0), (0, -40), (0, 40), (-9.6, 3)):
        assert not inside([3 * SQUARE + shift], SHAPE).any()
    assert np.argwhere(inside([3 * SQUARE + [8, 6]], SHAPE)).tolist() == [[7, 5], [7, 6], [8, 5], [8, 6]]
    assert inside([99 * SQUARE], SHAPE).all()


def test_a_hole_a_slit_and_an_island():
    outer, hole, island = (side * SQUARE + 3 for side in (5.6, 3.6, 1.6))
    ring = inside([outer, hole], SHAPE)
    assert (ring.sum(), ring[3, 3], ring[3, 5]) == (16, False, True)
    np.testing.assert_array_equal(inside([outer, hole, island], SHAPE).sum(), 17)
    keyhole = np.concatenate([outer, outer[:1], hole[::-1], hole[-1:]])
    np.testing.assert_array_equal(inside([keyhole], SHAPE), ring)


def test_the_edge_of_a_hole_belongs_to_the_region():
    found = inside([4 * SQUARE + 3, 2 * SQUARE + 3], SHAPE)
    assert found[1:6, 1:6].sum() == found.sum() == 24


def test_many_edges_are_taken_in_blocks(monkeypatch):
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * 3.2 + 3
    whole = inside([circle], SHAPE)
    monkeypatch.setattr(polygons, "BLOCK", 7)
    np.testing.assert_array_equal(inside([circle], SHAPE), whole)
    middle = np.hypot(*np.meshgrid(np.arange(9) - 3, np.arange(7) - 3, indexing="ij"))
    np.testing.assert_array_equal(whole, middle < 3.2)
