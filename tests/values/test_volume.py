"""Axes, spacing and points of a volume."""

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, io_orientation

from medidense.values import Source, Volume, canonical, cropped
from medidense.values.volume import axis_codes, orientation

SOURCE = Source("nifti")


def turned(seed: int) -> np.ndarray:
    """A random rotation with random spacing, axis order, flips and origin."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation[:, rng.permutation(3)] * rng.uniform(0.3, 5, 3) * rng.choice([-1, 1], 3)
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    return affine


@given(st.integers(0, 10_000))
def test_canonical_agrees_with_nibabel(seed: int) -> None:
    affine = turned(seed)
    array = np.random.default_rng(seed).integers(0, 9, (3, 4, 5))
    mine = canonical(Volume(array, affine, SOURCE))
    theirs = nibabel.as_closest_canonical(nibabel.Nifti1Image(array.astype(np.int16), affine))
    assert np.array_equal(mine.array, np.asarray(theirs.dataobj))
    assert np.allclose(mine.affine, theirs.affine, atol=1e-9)
    assert np.array_equal(mine.array, apply_orientation(array, io_orientation(affine)))


@given(st.integers(0, 10_000))
def test_axis_codes_and_points_agree_with_nibabel(seed: int) -> None:
    affine = turned(seed)
    volume = Volume(np.zeros((2, 2, 2)), affine, SOURCE)
    assert axis_codes(affine) == "".join(nibabel.aff2axcodes(affine))
    index = np.random.default_rng(seed).uniform(-10, 10, 3)
    assert np.allclose(volume.index_of(volume.point_of(index)), index, atol=1e-8)
    assert np.allclose(volume.spacing_mm, nibabel.affines.voxel_sizes(affine))


def test_a_diagonal_by_hand() -> None:
    affine = np.array([[0, 0, 3.0, 1], [-2.0, 0, 0, 2], [0, 1.0, 0, 3], [0, 0, 0, 1]])
    assert orientation(affine) == ((2, 0, 1), (1, -1, 1))
    assert axis_codes(affine) == "PSR"


def test_one_slice_is_two_dimensional() -> None:
    assert Volume(np.zeros((4, 4, 1)), np.eye(4), SOURCE).dims == 2
    assert Volume(np.zeros((4, 4, 2)), np.eye(4), SOURCE).dims == 3


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 0), (2, 2, 2, 2)])
def test_wrong_shapes_cannot_be_built(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="three axes"):
        Volume(np.zeros(shape), np.eye(4), SOURCE)


def test_a_part_lies_where_it_lay() -> None:
    volume = Volume(np.arange(120).reshape(4, 5, 6), turned(3), SOURCE)
    part = cropped(volume, ((1, 3), (2, 5), (5, 6)))
    assert part.shape == (2, 3, 1)
    assert np.array_equal(part.array, volume.array[1:3, 2:5, 5:6])
    here, there = np.array([1.0, 0.0, 0.0]), np.array([2.0, 2.0, 5.0])
    assert part.point_of(here) == pytest.approx(volume.point_of(there))
    colour = Volume(np.zeros((4, 5, 6, 3), np.uint8), np.eye(4), SOURCE)
    assert cropped(colour, ((0, 1), (0, 5), (0, 6))).array.shape == (1, 5, 6, 3)


@pytest.mark.parametrize("ends", [(0, 0), (0, 5), (-1, 2), (3, 2)])
def test_a_part_lies_inside(ends: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie"):
        cropped(Volume(np.zeros((4, 4, 4)), np.eye(4), SOURCE), (ends, (0, 4), (0, 4)))


def test_a_singular_affine_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="invertible"):
        Volume(np.zeros((2, 2, 2)), np.diag([1.0, 1, 0, 1]), SOURCE)
