import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from medidense import scan
from medidense.io import read_volume, volumes, write_nifti, write_series
from medidense.values import Limits, Marker, ReadOptions, Refused, Source, Volume


@pytest.fixture(scope="module")
def ball(tmp_path_factory):
    """An oblique, anisotropic series of 24 x 20 x 9 voxels, as a folder and as it was written."""
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.7, 0.9, 2.5]
    affine[:3, 3] = [30, -20, 100]
    array = np.random.default_rng(0).integers(-900, 900, (24, 20, 9)).astype(np.int16)
    volume = Volume(array, affine, Source("dicom", "CT"))
    folder = tmp_path_factory.mktemp("ball")
    write_series(volume, folder, patient="invented", seed=1)
    return folder, read_volume(folder)


@settings(max_examples=25, deadline=None)
@given(
    at=st.tuples(st.floats(0, 23), st.floats(0, 19), st.floats(0, 8)),
    diameter=st.floats(0.5, 12),
    margin=st.floats(0, 5),
)
def test_a_region_is_what_cutting_the_whole_gives(ball, at, diameter, margin):
    folder, whole = ball
    centre = whole.point_of(np.array(at))
    part = read_volume(folder, region=Marker(centre, diameter), margin_mm=margin)
    first = np.rint(whole.index_of(part.point_of(np.zeros(3)))).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(first, part.shape, strict=True))
    np.testing.assert_array_equal(part.array, whole.array[box])
    np.testing.assert_allclose(part.affine[:3, :3], whole.affine[:3, :3])
    # every voxel within reach of the centre along the image's own axes is there
    reach = (diameter / 2 + margin) / np.array(whole.spacing_mm)
    low, high = np.array(at) - reach, np.array(at) + reach
    assert (first <= np.maximum(np.ceil(low), 0)).all()
    assert (first + part.shape > np.minimum(np.floor(high), np.array(whole.shape) - 1)).all()


def test_only_the_slices_of_the_region_are_decoded(ball, tmp_path):
    folder, whole = ball
    shutil.copytree(folder, tmp_path / "some")
    highest = max((tmp_path / "some").iterdir(), key=lambda f: float(dcmread(f).ImagePositionPatient[2]))
    found = dcmread(highest)
    found.compress(RLELossless, generate_instance_uid=False)
    found.PixelData = encapsulate([b"\xff" * 700])  # its header is sound, its pixels are not
    found.save_as(highest)
    with pytest.raises(Refused, match="CORRUPT"):
        read_volume(tmp_path / "some")
    centre = whole.point_of(np.array([12.0, 10.0, 1.0]))
    assert read_volume(tmp_path / "some", region=Marker(centre, 2.0)).shape[2] == 3


def test_a_region_outside_is_refused(ball):
    with pytest.raises(Refused, match="OUTSIDE"):
        read_volume(ball[0], region=Marker((900.0, 0.0, 0.0), 5.0))


def test_a_region_of_a_nifti_file(ball, tmp_path):
    _, whole = ball
    write_nifti(whole, tmp_path / "a.nii.gz")
    centre = whole.point_of(np.array([5.0, 6.0, 4.0]))
    part = read_volume(tmp_path / "a.nii.gz", region=Marker(centre, 3.0), margin_mm=1.0)
    other = read_volume(ball[0], region=Marker(centre, 3.0), margin_mm=1.0)
    np.testing.assert_array_equal(part.array, other.array)
    np.testing.assert_allclose(part.affine, other.affine, atol=1e-3)


def test_ceilings_can_be_lowered(ball):
    with pytest.raises(Refused, match="BOMB"):
        read_volume(ball[0], options=ReadOptions(limits=Limits(voxels=1000)))


def test_a_volume_belongs_to_the_caller(ball):
    volume = read_volume(ball[0])
    volume.array[0, 0, 0] = 7
    assert read_volume(ball[0]).array[0, 0, 0] == ball[1].array[0, 0, 0]


def test_a_catalogue_saves_the_headers_and_changes_nothing(ball, tmp_path, monkeypatch):
    shutil.copytree(ball[0], tmp_path / "s")
    (tmp_path / "s" / "README").write_text("x")
    scan([tmp_path / "s"], out=tmp_path / "c.csv")
    told = []
    real = volumes.call
    monkeypatch.setattr(
        volumes,
        "call",
        lambda task, arguments, **more: told.append(arguments) or real(task, arguments, **more),
    )
    centre = ball[1].point_of(np.array([12.0, 10.0, 4.0]))
    asked = {"region": Marker(centre, 4.0), "catalogue": tmp_path / "c.csv"}
    part, plain = (
        read_volume(tmp_path / "s", **asked),
        read_volume(tmp_path / "s", region=Marker(centre, 4.0)),
    )
    np.testing.assert_array_equal(part.array, plain.array)
    np.testing.assert_array_equal(part.affine, plain.affine)
    assert part.warnings == plain.warnings != ()
    assert len(told[0]["known"]) == 10
    file = sorted((tmp_path / "s").glob("*.dcm"))[0]
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(Refused, match="TRUNCATED"):  # what has changed is read again
        read_volume(tmp_path / "s", **asked)
    assert told[-1]["known"] is None
    (tmp_path / "c.csv.index").unlink()
    assert read_volume(ball[0], catalogue=tmp_path / "c.csv").shape == ball[1].shape


def test_a_list_of_files_with_a_catalogue(ball, tmp_path, monkeypatch):
    write_series(ball[1], tmp_path / "s", patient="invented", seed=1)
    files = sorted((tmp_path / "s").glob("*.dcm"))
    scan(files, out=tmp_path / "c.csv")
    told = []
    real = volumes.call
    monkeypatch.setattr(
        volumes,
        "call",
        lambda task, arguments, **more: told.append(arguments) or real(task, arguments, **more),
    )
    for parts in (files, [files[0], tmp_path / "s"]):
        volume = read_volume(parts, catalogue=tmp_path / "c.csv")
        np.testing.assert_array_equal(volume.array, read_volume(tmp_path / "s").array)
        assert volume.warnings == ()
    assert [len(asked["known"]) for asked in told if "known" in asked] == [len(files)] * 2
    read_volume(files, catalogue=tmp_path / "c.csv", options=ReadOptions(guess_syntax=True))
    assert told[-1]["known"] is None  # another question than the scan's


def test_a_catalogue_that_says_too_much_is_not_told(ball, tmp_path, monkeypatch):
    shutil.copytree(ball[0], tmp_path / "s")
    scan([tmp_path / "s"], out=tmp_path / "c.csv")
    monkeypatch.setattr(volumes, "MOST_TOLD", 100)
    back = read_volume(tmp_path / "s", catalogue=tmp_path / "c.csv")
    np.testing.assert_array_equal(back.array, ball[1].array)
    assert volumes._if_short([("a", "image", "1.2", "x" * 101)]) is None
    assert volumes._if_short([("a", "image", "1.2", "x" * 100)]) is not None


def test_a_region_of_a_picture(tmp_path):
    values = np.arange(240, dtype=np.uint8).reshape(12, 20)
    Image.fromarray(values).save(tmp_path / "p.png")
    whole = read_volume(tmp_path / "p.png")
    part = read_volume(tmp_path / "p.png", region=Marker(whole.point_of(np.array([9.0, 5.0, 0.0])), 4.0))
    np.testing.assert_array_equal(part.array[:, :, 0].T, values[3:8, 7:12])
    np.testing.assert_allclose(part.affine[:3, 3], whole.point_of(np.array([7.0, 3.0, 0.0])))


def test_a_nifti_file_named_beside_dicom_images_is_refused(ball, tmp_path):
    write_series(ball[1], tmp_path / "s", patient="invented", seed=1)
    files = sorted((tmp_path / "s").glob("*.dcm"))
    other = tmp_path / "other.nii.gz"
    write_nifti(ball[1], other)
    for parts in ([*files, other], [tmp_path / "s", other]):
        with pytest.raises(Refused, match=r"other\.nii\.gz") as caught:
            read_volume(parts)
        assert caught.value.refusal.code == "SEVERAL_SERIES"
    shutil.copy(other, tmp_path / "s")  # met on the walk through a folder it is passed over, as ever
    (tmp_path / "note.txt").write_text("named, and no image")
    back = read_volume([tmp_path / "s", tmp_path / "note.txt"])
    assert back.warnings == ("SKIPPED_FILE: 2 files are no DICOM image",)
