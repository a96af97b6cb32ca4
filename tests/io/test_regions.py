import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medidense.io import read_region, read_volume, write_nifti, write_series
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


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), turned=st.booleans())
def test_one_lesion_in_each_form_is_one_region(
    tmp_path_factory, write_seg, write_rtstruct, outlined, seed, turned
):
    folder, random = tmp_path_factory.mktemp("one"), np.random.default_rng(seed)
    affine = np.diag([-0.5, -0.75, 2.0, 1.0])
    affine[:3, :3] = np.linalg.qr(random.normal(size=(3, 3)))[0] @ affine[:3, :3]
    values = random.integers(-1000, 1000, (5, 4, 3)).astype(np.int16)
    write_series(Volume(values, affine, Source("dicom", "CT")), folder / "ct", patient="p", seed=1)
    image = read_volume(folder / "ct")
    mask = random.random(image.shape) < 0.3
    mask[2, 2, 1] = True
    write_nifti(image.with_array(mask.astype(np.uint8)), folder / "m.nii.gz")
    write_seg(folder / "s.dcm", folder / "ct", image, {"a": mask})
    frame_uid = image.source.frame_uid
    write_rtstruct(folder / "r.dcm", {"a": outlined(image, mask)}, frame_uid=frame_uid)
    write_nifti(canonical(image), folder / "twin.nii.gz")
    volume = read_volume(folder / "twin.nii.gz") if turned else image
    one, *others = (read_region(volume, mask_path=folder / name) for name in ("m.nii.gz", "s.dcm", "r.dcm"))
    for other in others:
        np.testing.assert_array_equal(other.mask, one.mask)
        assert (other.centre_mm, other.extent_mm) == (one.centre_mm, one.extent_mm)


def test_a_dicom_mask_is_known_by_content_in_whatever_folder(series, tmp_path, code_of, write_seg):
    image = read_volume(series)
    mask = mask_of(image).array > 0
    (tmp_path / "alone").mkdir()
    write_seg(tmp_path / "alone" / "1-1", series, image, {"a": mask})
    beside = series / "mask.nii"
    beside.write_bytes((tmp_path / "alone" / "1-1").read_bytes())
    again = read_volume(series)  # a segmentation beside the slices is none of them
    assert again.shape == image.shape
    for path in (tmp_path / "alone" / "1-1", tmp_path / "alone", beside):
        np.testing.assert_array_equal(read_region(again, mask_path=path).mask, mask)
    (tmp_path / "alone" / "second").write_bytes(beside.read_bytes())
    assert code_of(lambda: read_region(image, mask_path=tmp_path / "alone")) == "WRONG_CLASS"


def test_a_segment_is_asked_by_number_or_label(series, tmp_path, code_of, write_seg):
    image = read_volume(series)
    first, second = np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    first[0, 0, 0] = second[4, 3, 2] = True
    path = write_seg(tmp_path / "s.dcm", series, image, {"a": first, "b": second})
    for named in (2, "2", " b "):
        np.testing.assert_array_equal(read_region(image, mask_path=path, segment=named).mask, second)
    assert code_of(lambda: read_region(image, mask_path=path)) == "CONFLICT"
    write_nifti(mask_of(image), tmp_path / "m.nii")
    assert code_of(lambda: read_region(image, mask_path=tmp_path / "m.nii", segment=1)) == "CONFLICT"


def test_an_empty_segment_and_a_picture(series, tmp_path, code_of, write_seg, write_rtstruct):
    image = read_volume(series)

    def clear(found):
        found.PixelData = bytes(len(found.PixelData))

    path = write_seg(tmp_path / "s.dcm", series, image, {"a": mask_of(image).array > 0}, change=clear)
    assert code_of(lambda: read_region(image, mask_path=path)) == "NO_MASK"
    small = np.array([image.point_of(np.array(at)) for at in ((1.2, 1.2, 1), (1.8, 1.2, 1), (1.8, 1.8, 1))])
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [small]})
    assert code_of(lambda: read_region(image, mask_path=path)) == "NO_MASK"
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    picture = read_volume(tmp_path / "a.png")
    assert code_of(lambda: read_region(picture, mask_path=path)) == "NO_GEOMETRY"


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
