import shutil
import zipfile

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io import read_volume, write_nifti, write_series
from medidense.values import Refused, Source, Volume, canonical


def write_png(path):
    from PIL import Image

    Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.dcm", b"", "EMPTY"),
        ("a.dcm", b"plain text " * 30, "NOT_DICOM"),
        ("a", b"plain text " * 30, "NOT_DICOM"),
        ("a.nii.gz", b"plain text " * 90, "NOT_NIFTI"),
        ("a.nii", b"short", "NOT_NIFTI"),
        ("a.hdr", b"x" * 100, "NOT_NIFTI"),
        ("a.png", b"<html></html>", "NOT_PICTURE"),
        ("a.gif", b"GIF89a" + bytes(200), "NOT_PICTURE"),
        ("gif", b"GIF89a" + bytes(200), "NOT_DICOM"),
        ("a.zip", b"PK\x03\x04" + bytes(200), "BAD_ARCHIVE"),
        ("a", b"PK\x07\x08" + bytes(200), "BAD_ARCHIVE"),
        ("a.zip", b"<html></html>", "BAD_ARCHIVE"),
        ("a.zip", b"", "EMPTY"),
    ],
)
def test_content_that_is_not_what_it_says(tmp_path, code_of, name, content, code):
    (tmp_path / name).write_bytes(content)
    assert code_of(lambda: read_volume(tmp_path / name)) == code


def test_paths_that_hold_nothing(tmp_path, code_of):
    assert code_of(lambda: read_volume(tmp_path / "absent")) == "NO_ACCESS"
    (tmp_path / "empty").mkdir()
    assert code_of(lambda: read_volume(tmp_path / "empty")) == "EMPTY"
    (tmp_path / "empty" / "notes.txt").write_text("hello")
    assert code_of(lambda: read_volume(tmp_path / "empty")) == "NOT_DICOM"


def test_a_dicom_file_under_another_name(series, tmp_path, code_of):
    first = sorted(series.iterdir())[0]
    shutil.copy(first, tmp_path / "a.nii.gz")
    shutil.copy(first, tmp_path / "slice")
    assert code_of(lambda: read_volume(tmp_path / "a.nii.gz")) == "NOT_NIFTI"
    assert read_volume(tmp_path / "slice").source.kind == "dicom"


def test_nifti_and_pictures_are_known_by_content(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii.gz")
    shutil.move(tmp_path / "a.nii.gz", tmp_path / "scan.bin")
    write_png(tmp_path / "picture")
    assert read_volume(tmp_path / "scan.bin", series_uid="carried along").source.kind == "nifti"
    assert read_volume(tmp_path / "picture", series_uid="carried along").source.kind == "picture"


def test_a_link_out_of_the_folder_is_refused(series, tmp_path, code_of):
    (tmp_path / "outside.dcm").write_text("hello")
    (series / "link.dcm").symlink_to(tmp_path / "outside.dcm")
    assert code_of(lambda: read_volume(series)) == "NO_ACCESS"


def packed(target, *files):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"folder/{file.name}")
    return target


def test_an_archive_is_read_as_its_only_image(ct, tmp_path, code_of):
    write_nifti(ct, tmp_path / "scan.nii.gz")
    write_png(tmp_path / "picture.png")
    (tmp_path / "notes.txt").write_text("hello")
    nifti = read_volume(packed(tmp_path / "a.zip", tmp_path / "notes.txt", tmp_path / "scan.nii.gz"))
    assert (nifti.source.kind, nifti.shape) == ("nifti", ct.shape)
    assert np.array_equal(nifti.array, ct.array)
    picture = read_volume(packed(tmp_path / "b", tmp_path / "picture.png"), series_uid="carried along")
    assert (picture.source.kind, picture.shape) == ("picture", (5, 4, 1))
    two = packed(tmp_path / "c.zip", tmp_path / "scan.nii.gz", tmp_path / "picture.png")
    assert code_of(lambda: read_volume(two)) == "SEVERAL_SERIES"
    assert code_of(lambda: read_volume(packed(tmp_path / "d.zip", tmp_path / "notes.txt"))) == "NOT_DICOM"


def test_a_refusal_in_an_archive_names_archive_and_member(ct, series, tmp_path):
    files = sorted(series.iterdir())
    files[1].write_bytes(files[1].read_bytes()[:-4])
    with pytest.raises(Refused, match="TRUNCATED") as caught:
        read_volume(packed(tmp_path / "a.zip", *files))
    assert caught.value.refusal.where == f"{tmp_path / 'a.zip'}: folder/{files[1].name}"
    write_nifti(ct, tmp_path / "scan.nii.gz")
    (tmp_path / "scan.nii.gz").write_bytes((tmp_path / "scan.nii.gz").read_bytes()[:-20])
    with pytest.raises(Refused, match="TRUNCATED") as caught:
        read_volume(packed(tmp_path / "b.zip", tmp_path / "scan.nii.gz"))
    assert caught.value.refusal.where == f"{tmp_path / 'b.zip'}: folder/scan.nii.gz"


def test_the_series_uid_chooses_in_an_archive(ct, series, tmp_path):
    write_series(ct.with_array(ct.array[:, :, :2]), tmp_path / "other", patient="invented", seed=2)
    write_nifti(ct, tmp_path / "beside.nii.gz")
    files = [*series.iterdir(), *(tmp_path / "other").iterdir(), tmp_path / "beside.nii.gz"]
    path = packed(tmp_path / "a.zip", *files)
    with pytest.raises(Refused, match="SEVERAL_SERIES") as caught:
        read_volume(path)
    assert caught.value.refusal.where == str(path)
    for folder in (series, tmp_path / "other"):
        plain = read_volume(folder)
        chosen = read_volume(path, series_uid=plain.source.series_uid)
        assert np.array_equal(chosen.array, plain.array)
        assert chosen.warnings == ("SKIPPED_FILE: 1 file is no DICOM image",)


def test_the_source_names_no_patient(series):
    volume = read_volume(series)
    assert volume.source.kind == "dicom"
    assert volume.source.modality == "CT"
    assert volume.source.decoder == "native"
    assert "invented" not in repr(vars(volume.source))


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations([0, 1, 2]),
    signs=st.tuples(*[st.sampled_from([-1, 1])] * 3),
    tilt=st.floats(-0.3, 0.3),
    spacing=st.tuples(*[st.floats(0.4, 4)] * 3),
    kind=st.sampled_from([np.int16, np.int32, np.float32, np.float64]),
)
def test_dicom_and_its_nifti_twin_in_any_axis_order_are_one(
    tmp_path_factory, order, signs, tilt, spacing, kind
):
    folder = tmp_path_factory.mktemp("twin")
    rng = np.random.default_rng(1)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[-1, 0, 0], [0, -cosine, sine], [0, sine, cosine]]) * spacing
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    array = rng.integers(-1024, 3000, (4, 5, 3)).astype(np.int16)
    write_series(Volume(array, affine, Source("dicom", "CT")), folder / "dicom", patient="p", seed=0)
    dicom = read_volume(folder / "dicom")
    turned, grid = np.transpose(dicom.array, order), dicom.affine[:, [*order, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            turned = np.flip(turned, axis)
            grid[:3, 3] += grid[:3, axis] * (turned.shape[axis] - 1)
            grid[:3, axis] *= -1
    nibabel.save(nibabel.Nifti1Image(turned.astype(kind), grid.astype(np.float32)), folder / "twin.nii.gz")

    first, second = canonical(dicom), canonical(read_volume(folder / "twin.nii.gz"))

    assert np.array_equal(first.array, second.array)
    assert first.array.astype(np.float32).tobytes() == second.array.astype(np.float32).tobytes()
    np.testing.assert_allclose(first.affine, second.affine, atol=1e-4)
