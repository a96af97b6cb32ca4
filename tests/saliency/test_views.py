"""Is the picture the slice it says it is, the right way round?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from medidense.saliency.views import best_view, lesion_view
from medidense.values import Region, Source, Volume

AFFINES = (
    np.diag([1.0, 1.0, 1.0, 1.0]),
    np.diag([-1.0, -1.0, 1.0, 1.0]),
    np.array([[0, 0, 1.0, 0], [-1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]]),
)


def volume_of(affine: NDArray[np.float64], shape: tuple[int, int, int]) -> Volume:
    """A dark scan whose right anterior superior corner is bright, whatever its axes."""
    size = np.array(shape)
    middle = affine[:3, :3] @ ((size - 1) / 2)
    points = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T - middle
    array = (points > 0).all(axis=-1).astype(np.float32)
    return Volume(array, affine, Source("nifti"))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(AFFINES), st.tuples(*[st.integers(6, 11)] * 3), st.data())
def test_an_axial_view_shows_the_slice_of_the_strongest_evidence(
    affine: NDArray[np.float64], shape: tuple[int, int, int], data: st.DataObject
) -> None:
    volume = volume_of(affine, shape)
    at = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    evidence = np.zeros(shape, dtype=np.float32)
    evidence[at] = 2.0
    view = best_view(volume, evidence, None)
    assert view.plane == "axial"
    assert view.evidence.max() == 2.0
    row, column = np.unravel_index(int(np.argmax(view.evidence)), view.evidence.shape)
    assert view.grey[row, column] == volume.array[at]
    x, y, _ = np.array(volume.point_of(np.array(at))) - volume.point_of((np.array(shape) - 1) / 2)
    # Radiological: the patient's right (+x) is at the left, anterior (+y) at the top.
    assert column - (view.grey.shape[1] - 1) / 2 == pytest.approx(-x)
    assert row - (view.grey.shape[0] - 1) / 2 == pytest.approx(-y)
    assert view.letters == ("R", "L", "A", "P")


def test_without_evidence_the_lesion_is_shown() -> None:
    volume = volume_of(np.diag([1.0, 1.0, 3.0, 1.0]), (80, 80, 9))
    region = Region((40.0, 30.0, 6.0), (10.0, 10.0, 10.0))
    view = best_view(volume, np.zeros(volume.shape, dtype=np.float32), region)
    assert view.slice_number == view.lesion_slice == 3
    assert view.slices == 9
    assert view.centre_mm == pytest.approx((79.5 - 40, 79.5 - 30))
    assert view.half_side_mm == 24.0


def test_a_ball_is_cut_to_the_circle_of_its_slice() -> None:
    volume = volume_of(np.diag([1.0, 1.0, 3.0, 1.0]), (80, 80, 9))
    region = Region((40.0, 30.0, 6.0), (10.0, 10.0, 10.0))
    evidence = np.zeros(volume.shape, dtype=np.float32)
    evidence[40, 30, 3] = 1.0
    view = best_view(volume, evidence, region)
    assert view.lesion is not None
    assert (view.slice_number, view.lesion_slice) == (4, 3)
    # 3 mm beside the centre a ball of radius 5 has a circle of radius 4.
    assert np.ptp(np.argwhere(view.lesion), axis=0).tolist() == [8, 8]


def test_where_the_evidence_misses_the_lesion_its_own_slice_is_beside_it() -> None:
    volume = volume_of(np.diag([1.0, 1.0, 3.0, 1.0]), (80, 80, 9))
    region = Region((40.0, 30.0, 6.0), (10.0, 10.0, 10.0))
    evidence = np.zeros(volume.shape, dtype=np.float32)
    evidence[70, 70, 8] = 1.0
    evidence[40, 30, 2] = 0.5
    view, own = best_view(volume, evidence, region), lesion_view(volume, evidence, region)
    assert view.lesion is not None
    assert own.lesion is not None
    assert (view.slice_number, view.lesion.any()) == (9, False)
    assert (own.slice_number, own.lesion.any()) == (3, True)
    assert (view.centre_mm, view.half_side_mm) == (own.centre_mm, own.half_side_mm)
    assert (view.evidence.max(), own.evidence.max()) == (1.0, 0.5)


def test_a_mask_and_its_evidence_lie_on_each_other() -> None:
    affine = AFFINES[2]
    volume = volume_of(affine, (20, 24, 28))
    mask = np.zeros(volume.shape, dtype=bool)
    mask[3:6, 10:14, 20:22] = True
    centre = volume.point_of(np.array([4.0, 11.5, 20.5]))
    view = best_view(volume, mask.astype(np.float32), Region(centre, (3.0, 4.0, 2.0), mask))
    assert view.lesion is not None
    assert np.array_equal(view.lesion, view.evidence > 0)


def test_a_scan_is_shown_as_it_was_acquired() -> None:
    """Thick sagittal slices are shown as sagittal slices, nose to the left, head up."""
    affine = np.array([[0, 0, 4.0, 0], [1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])
    volume = volume_of(affine, (30, 40, 12))
    evidence = np.zeros(volume.shape, dtype=np.float32)
    evidence[29, 0, 11] = 1.0
    view = best_view(volume, evidence, None)
    assert (view.plane, view.letters) == ("sagittal", ("A", "P", "S", "I"))
    assert view.grey.shape == (40, 30)
    assert view.evidence[0, 0] == 1.0


def test_a_picture_is_shown_as_it_is_stored() -> None:
    array = np.arange(12.0).reshape(4, 3, 1)
    volume = Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), spacing_known=False)
    view = best_view(volume, np.zeros(volume.shape, dtype=np.float32), None)
    assert view.grey.tolist() == array[:, :, 0].T.tolist()
    assert (view.plane, view.letters) == ("picture", ())
