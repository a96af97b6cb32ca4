import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medidense.io import read_region, read_volume, write_nifti
from medidense.values import Marker, Source, Volume, canonical


def mask_of(volume):
    """A lesion of 2 x 1 x 2 voxels at (1..2, 3, 1..2)."""
    mask = np.zeros(volume.shape, dtype=np.int16)
    mask[1:3, 3, 1:3] = 1
    mask[2, 3, 2] = 7
    return volume.with_array(mask)


def test_the_box_of_a_mask_is_the_region(ct, tmp_path):
    write_nifti(mask_of(ct), tmp_path / "m.nii.gz")
    region = read_region(ct, mask_path=tmp_path / "m.nii.gz", marker=Marker((0.0, 0.0, 0.0), 3.0))
    assert region.extent_mm == pytest.approx((1.0, 0.75, 4.0))
    assert region.centre_mm == pytest.approx((11 - 0.5 * 1.5, -7 - 0.75 * 3, 100 + 2 * 1.5))
    np.testing.assert_array_equal(region.mask, mask_of(ct).array > 0)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations([0, 1, 2]), signs=st.tuples(*[st.booleans()] * 3), angle=st.floats(0, 1.57))
def test_a_mask_may_be_stored_in_any_axis_order(tmp_path_factory, order, signs, angle):
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    volume = Volume(np.zeros((5, 4, 3), np.int16), turn @ np.diag([0.7, 0.7, 3.0, 1.0]), Source("nifti"))
    mask = mask_of(volume)
    array, affine = np.transpose(mask.array, order), mask.affine[:, [*order, 3]].copy()
    for axis, flipped in enumerate(signs):
        if flipped:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    path = tmp_path_factory.mktemp("m") / "m.nii"
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    np.testing.assert_array_equal(read_region(volume, mask_path=path).mask, mask.array > 0)


def moved(volume, *, by=(0.0, 0.0, 0.0), scale=1.0, cut=0):
    affine = volume.affine.copy()
    affine[:3, 3] += by
    affine[:3, :3] *= scale
    return Volume(volume.array[cut:], affine, volume.source)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": (0.1, 0, 0)}, ""),
        ({"by": (0.2, 0, 0)}, "GRID"),
        ({"scale": 1.1}, "GRID"),
        ({"scale": 2.0}, "GRID"),
        ({"cut": 1}, "GRID"),
    ],
)
def test_a_mask_on_another_grid(ct, tmp_path, code_of, change, code):
    write_nifti(moved(mask_of(ct), **change), tmp_path / "m.nii")
    assert code_of(lambda: read_region(ct, mask_path=tmp_path / "m.nii")) == code


def test_an_empty_and_an_unreadable_mask(ct, tmp_path, code_of):
    write_nifti(ct.with_array(np.zeros(ct.shape, np.int16)), tmp_path / "m.nii")
    assert code_of(lambda: read_region(ct, mask_path=tmp_path / "m.nii")) == "NO_MASK"
    assert code_of(lambda: read_region(ct, mask_path=tmp_path / "absent.nii")) == "NO_ACCESS"


def test_a_nifti_mask_drawn_on_a_dicom_series(series, tmp_path):
    volume = read_volume(series)
    write_nifti(canonical(mask_of(volume)), tmp_path / "m.nii.gz")
    region = read_region(volume, mask_path=tmp_path / "m.nii.gz")
    np.testing.assert_array_equal(region.mask, mask_of(volume).array > 0)


def test_pictures_need_equal_sizes_and_no_points(tmp_path, code_of):
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    lesion = np.zeros((4, 5), bool)
    lesion[1:3, 4] = True
    Image.fromarray(lesion).save(tmp_path / "m.png")
    Image.fromarray(lesion[:3]).save(tmp_path / "n.png")
    volume = read_volume(tmp_path / "a.png")
    region = read_region(volume, mask_path=tmp_path / "m.png")
    assert region.extent_mm == (1.0, 2.0, 1.0)
    assert region.centre_mm == (-4.0, -1.5, 0.0)
    assert code_of(lambda: read_region(volume, mask_path=tmp_path / "n.png")) == "GRID"
    assert code_of(lambda: read_region(volume, marker=Marker((0.0, 0.0, 0.0), 3.0))) == "NO_GEOMETRY"


def test_a_mask_in_colours_is_refused(tmp_path, code_of):
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(tmp_path / "m.png")
    volume = read_volume(tmp_path / "a.png")
    assert code_of(lambda: read_region(volume, mask_path=tmp_path / "m.png")) == "COLOUR"


@pytest.mark.parametrize(
    ("k", "code"), [(0.0, ""), (-0.49, ""), (-0.51, "OUTSIDE"), (2.49, ""), (2.51, "OUTSIDE")]
)
def test_a_marker_lies_inside_the_image(ct, code_of, k, code):
    marker = Marker(ct.point_of(np.array([2.0, 1.0, k])), 6.0)
    assert code_of(lambda: read_region(ct, marker=marker)) == code
    if not code:
        region = read_region(ct, marker=marker)
        assert region.extent_mm == (6.0, 6.0, 6.0)
        assert region.centre_mm == marker.centre_mm
        assert region.mask is None


def test_nothing_given_is_a_programming_error(ct):
    with pytest.raises(ValueError, match="mask or a marker"):
        read_region(ct)


def test_real_masks_fit_their_images(shared_data):
    import csv

    folder = shared_data / "lidc"
    with (folder / "cohort.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[::40]
    for row in rows:
        volume = read_volume(folder / row["image"])
        region = read_region(volume, mask_path=folder / row["mask"])
        side = float(np.prod(volume.spacing_mm))
        assert region.mask.sum() * side == pytest.approx(float(row["volume_mm3"]), rel=0.02)
