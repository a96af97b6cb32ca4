import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.io.grids import Grid, corner_distance, other_grid
from medidense.values import Source, Volume


def grid(*spacing, frame_uid=""):
    return Grid((4, 5, 6), np.diag([*spacing, 1.0]), frame_uid)


def test_a_grid_is_that_of_its_volume(ct):
    own = Grid.of(Volume(ct.array, ct.affine, Source("dicom", frame_uid="1.2")))
    assert (own.shape, own.frame_uid) == ((5, 4, 3), "1.2")
    np.testing.assert_allclose(own.spacing_mm, ct.spacing_mm)


@pytest.mark.parametrize(
    ("spacing", "allowed"), [((1, 2, 3), 0.25), ((3, 0.4, 2), 0.1), ((2, 2, 2), 0.5), ((9, 8, 7), 0.5)]
)
def test_a_quarter_of_a_voxel_and_half_a_millimetre_at_most(spacing, allowed):
    assert grid(*spacing).allowed_mm == pytest.approx(allowed)


@given(shift=st.tuples(*[st.floats(-9, 9)] * 3), scale=st.floats(0.5, 2))
def test_the_distance_is_that_of_the_worst_corner(shift, scale):
    first, second = np.eye(4), np.diag([scale, scale, scale, 1.0])
    second[:3, 3] = shift
    corners = np.stack(np.meshgrid([0, 3], [0, 4], [0, 5], indexing="ij"), -1).reshape(-1, 3)
    expected = np.linalg.norm(corners - (corners * scale + shift), axis=1).max()
    assert corner_distance(first, second, (4, 5, 6)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("mine", "theirs", "code"), [("1", "2", "GRID"), ("1", "1", ""), ("", "2", ""), ("1", "", "")]
)
def test_frames_of_reference_differ_only_where_both_are_known(code_of, mine, theirs, code):
    assert code_of(lambda: grid(1, 1, 1, frame_uid=mine).check_frame(theirs, "m.dcm")) == code


def test_the_refusal_says_both_grids():
    refusal = other_grid("m.nii", (1, 2, 3), (4, 5, 6)).refusal
    assert (refusal.code, refusal.where) == ("GRID", "m.nii")
    assert (refusal.found, refusal.expected) == ("(1, 2, 3)", "(4, 5, 6)")
