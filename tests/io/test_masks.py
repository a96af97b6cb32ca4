"""Masks in this process: what a worker makes of a path and the grid of an image."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from medidense.io import read_volume, write_nifti
from medidense.io.masks import mask_here, on_grid
from medidense.values import Refused, Source, Volume


@pytest.fixture
def lesion(ct):
    mask = np.zeros(ct.shape, bool)
    mask[1:3, 3, 1:3] = True
    return mask


@pytest.fixture
def folder(ct, lesion, tmp_path):
    """A folder that holds one mask, of values 0, 1 and 300."""
    (tmp_path / "one").mkdir()
    array = lesion.astype(np.int16)
    array[2, 3, 2] = 300
    write_nifti(ct.with_array(array), tmp_path / "one" / "m.nii.gz")
    return tmp_path / "one"


def test_all_above_zero_is_lesion_in_a_file_or_a_folder_with_one_file(ct, lesion, folder):
    for path in (folder / "m.nii.gz", folder):
        found = mask_here(path, ct, "")
        np.testing.assert_array_equal(found, lesion)
        assert found.dtype == np.bool_


def test_below_zero_is_no_lesion(ct, lesion, tmp_path):
    write_nifti(ct.with_array(np.where(lesion, 0.5, -0.5).astype(np.float32)), tmp_path / "m.nii")
    np.testing.assert_array_equal(mask_here(tmp_path / "m.nii", ct, ""), lesion)


def test_a_folder_with_two_masks_or_none(ct, folder, code_of):
    (folder / "second.nii.gz").write_bytes((folder / "m.nii.gz").read_bytes())
    assert code_of(lambda: mask_here(folder, ct, "")) == "SEVERAL_SERIES"
    (folder / "second.nii.gz").unlink()
    (folder / "m.nii.gz").unlink()
    assert code_of(lambda: mask_here(folder, ct, "")) == "EMPTY"


def test_a_note_beside_the_mask_does_no_harm(ct, lesion, folder):
    (folder / "README").write_text("drawn by hand")
    np.testing.assert_array_equal(mask_here(folder, ct, ""), lesion)


def test_a_mask_in_colours_is_refused(tmp_path):
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(tmp_path / "m.png")
    with pytest.raises(Refused, match=r"COLOUR: .* found 3 channels"):
        mask_here(tmp_path / "m.png", read_volume(tmp_path / "a.png"), "")


def test_a_mask_without_segments_is_not_asked_for_one(ct, folder):
    with pytest.raises(Refused, match=r"CONFLICT: .*'2'"):
        mask_here(folder, ct, "2")


def test_segments_and_contours_are_known_by_content(
    series, tmp_path, lesion, code_of, write_seg, write_rtstruct, outlined
):
    image = read_volume(series)
    (tmp_path / "s").mkdir()
    write_seg(tmp_path / "s" / "1-1", series, image, {"a": lesion, "b": np.roll(lesion, 2, axis=0)})
    write_rtstruct(tmp_path / "r.nii", {"a": outlined(image, lesion)}, frame_uid=image.source.frame_uid)
    np.testing.assert_array_equal(mask_here(tmp_path / "s", image, "a"), lesion)
    np.testing.assert_array_equal(mask_here(tmp_path / "r.nii", image, ""), lesion)
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    picture = read_volume(tmp_path / "a.png")
    assert code_of(lambda: mask_here(tmp_path / "s", picture, "a")) == "NO_GEOMETRY"


def turned(volume, axes, flips):
    """The same voxels at the same places, stored in another order of axes."""
    array, affine = volume.array.transpose(axes), volume.affine[:, [*axes, 3]].copy()
    for axis in flips:
        array = np.flip(array, axis)
        affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
        affine[:3, axis] *= -1
    return Volume(array, affine, volume.source)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_other_axes_on_the_same_grid_are_turned_back(ct, axes, flips):
    np.testing.assert_array_equal(on_grid(turned(ct, axes, flips), ct, "m"), ct.array)


def shifted(volume, by):
    affine = volume.affine.copy()
    affine[:3, 3] += by
    return Volume(volume.array, affine, volume.source)


def test_a_quarter_of_a_voxel_is_allowed_and_no_more(ct, code_of):
    assert code_of(lambda: on_grid(shifted(ct, (0, 0, 0.124)), ct, "m")) == ""
    assert code_of(lambda: on_grid(shifted(ct, (0, 0, 0.126)), ct, "m")) == "GRID"


@pytest.mark.parametrize(
    "change",
    [
        np.diag([2.0, 1, 1, 1]),
        np.diag([0.4, 1, 1, 1]),
        np.array([[1.0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
    ],
)
def test_other_spacings_and_slanted_axes_are_another_grid(ct, code_of, change):
    other = Volume(ct.array, ct.affine @ change, ct.source)
    assert code_of(lambda: on_grid(other, ct, "m")) == "GRID"


def test_a_part_of_the_image_is_another_grid(ct, code_of):
    assert code_of(lambda: on_grid(Volume(ct.array[:4], ct.affine, ct.source), ct, "m")) == "GRID"


def test_a_picture_on_a_picture_needs_the_same_size_only(code_of):
    def picture(*shape, step=1.0):
        return Volume(
            np.ones(shape, np.int16), np.diag([step, step, 1, 1]), Source("picture"), spacing_known=False
        )

    assert on_grid(picture(5, 4, 1, step=3.0), picture(5, 4, 1), "m").shape == (5, 4, 1)
    assert code_of(lambda: on_grid(picture(4, 5, 1), picture(5, 4, 1), "m")) == "GRID"


def test_a_mask_without_orientation_is_not_guessed(ct, tmp_path, code_of):
    image = nibabel.Nifti1Image(np.ones(ct.shape, np.uint8), None)
    nibabel.save(image, tmp_path / "m.nii")
    assert code_of(lambda: mask_here(tmp_path / "m.nii", ct, "")) == "IDENTITY"
