"""One file of a tree and one series of it, looked at in this process."""

import dataclasses
import gzip
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from medidense.io import read_volume, write_nifti, write_series
from medidense.io.dicom import Broken, NoImage, scan_file
from medidense.io.looking import assemble, look, spacing_of
from medidense.values import Entry, Refusal


@pytest.fixture
def files(series):
    return sorted(series.iterdir())


@pytest.mark.parametrize("name", ["slice", "slice.dcm", "slice.xyz", "slice.zip"])
def test_a_dicom_file_gives_its_header_for_grouping(files, tmp_path, name):
    path = tmp_path / name
    shutil.copy(files[0], path)
    assert look(path) == scan_file(path)
    assert isinstance(look(path), tuple)


def test_a_dicom_file_that_is_cut_or_without_pixels(files):
    found = dcmread(files[1])
    del found.PixelData
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    found.save_as(files[1])
    files[0].write_bytes(files[0].read_bytes()[:-4])
    cut, report = look(files[0]), look(files[1])
    assert isinstance(cut, Broken)
    assert (cut.refusal.code, bool(cut.series_uid)) == ("TRUNCATED", True)
    assert isinstance(report, NoImage)
    assert report.refusal.code == "NO_PIXELS"


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.hdr"])
def test_a_nifti_file_is_an_entry_of_its_own(ct, tmp_path, name):
    path = tmp_path / name
    if name == "a.hdr":
        import nibabel

        nibabel.save(nibabel.Nifti1Pair(ct.array, ct.affine), path)
    else:
        write_nifti(ct, path)
    (entry,) = look(path)
    assert entry == Entry(
        str(path), "volume", "nifti", shape=(5, 4, 3), spacing_mm=pytest.approx((0.5, 0.75, 2.0))
    )
    if name == "a.hdr":
        voxels = path.with_suffix(".img")
        assert [(one.state, one.note) for one in look(voxels)] == [
            ("skipped", "the voxels of the .hdr file beside it")
        ]
        assert [one.state for one in look(voxels, given=True)] == ["volume"]


def test_a_picture_is_decoded_before_it_is_listed(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 50)).astype(np.uint8)).save(path)
    assert look(path) == [Entry(str(path), "volume", "picture", shape=(50, 40, 1))]
    path.write_bytes(path.read_bytes()[:-900])
    (entry,) = look(path)
    assert (entry.state, entry.kind, entry.refusal.code) == ("refused", "picture", "TRUNCATED")


def test_an_archive_has_no_entry_here(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", "x")
    shutil.copy(tmp_path / "a.zip", tmp_path / "a")
    assert look(tmp_path / "a.zip") == look(tmp_path / "a") == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("README", b"plain text " * 30, ""),
        ("README", b"", ""),
        ("notes.txt", b"x", ""),
        ("a.dcm", b"plain text " * 30, "NOT_DICOM"),
        ("a.dcm", b"", "EMPTY"),
        ("a.NII", b"plain text " * 90, "NOT_NIFTI"),
        ("a.png", b"<html></html>", "NOT_PICTURE"),
        ("a.zip", b"<html></html>", "BAD_ARCHIVE"),
        ("bare", b"\x08\0\x05\0CS\x0a\0ISO_IR 100" + bytes(200), "NO_TS"),
    ],
)
def test_a_file_that_is_no_image_is_refused_only_where_its_name_says_image(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    (entry,) = look(tmp_path / name)
    assert entry.path == str(tmp_path / name)
    if code:
        assert (entry.state, entry.refusal.code) == ("refused", code)
    else:
        assert (entry.state, entry.refusal, entry.note) == ("skipped", None, "no image file")


def test_a_file_that_is_gone_is_said(tmp_path):
    gone = look(tmp_path / "a")
    assert isinstance(gone, Broken)
    assert gone.refusal.code == "NO_ACCESS"
    (entry,) = look(tmp_path / "a.nii")
    assert entry.refusal.code == "NO_ACCESS"


def frames_in(folder):
    return tuple(frame for path in sorted(folder.iterdir()) for frame in scan_file(path))


def test_a_series_has_the_entry_that_reading_makes_true(series):
    (entry,) = assemble(frames_in(series), (series, "a note", 3), None, apart=False)
    volume, identity = read_volume(series), frames_in(series)[0].identity
    assert (entry.path, entry.state, entry.kind, entry.files) == (str(series), "volume", "dicom", 3)
    assert (entry.shape, entry.note, entry.modality) == (volume.shape, "a note", "CT")
    assert entry.spacing_mm == pytest.approx(volume.spacing_mm)
    assert (entry.study_uid, entry.series_uid) == (volume.source.study_uid, volume.source.series_uid)
    assert entry.patient_key == identity.patient_key
    assert assemble(frames_in(series), (series, "a note", 3), None, apart=True) == [entry]


def test_a_broken_file_refuses_its_series(series):
    refusal = Refusal("TRUNCATED", "b.dcm", "1", "2", "copy")
    (entry,) = assemble(frames_in(series), (series, "", 4), refusal, apart=True)
    assert (entry.state, entry.refusal, entry.files, entry.shape) == ("refused", refusal, 4, ())
    assert entry.modality == "CT"


def test_a_series_with_a_gap_is_refused_as_reading_refuses_it(series):
    _, middle, _ = sorted(series.iterdir(), key=lambda path: float(dcmread(path).ImagePositionPatient[2]))
    frames = [frame for frame in frames_in(series) if frame.path != middle]
    moved = [
        dataclasses.replace(
            frame, plane=dataclasses.replace(frame.plane, position=(*frame.plane.position[:2], 900.0))
        )
        for frame in frames_in(series)
        if frame.path == middle
    ]
    for apart in (True, False):
        (entry,) = assemble(tuple(frames + moved), (series, "", 3), None, apart=apart)
        assert (entry.state, entry.shape) == ("refused", ())
        assert entry.refusal.code in ("MISSING_SLICE", "UNEVEN")


def test_several_stacks_are_apart_or_refused(ct, series, tmp_path):
    write_series(ct, tmp_path / "twin", patient="invented", seed=1)
    for number, path in enumerate([*sorted(series.iterdir()), *sorted((tmp_path / "twin").iterdir())]):
        found = dcmread(path)
        found.EchoTime = 4.6 if number < 3 else 9.2
        found.SOPInstanceUID = f"1.2.3.{number}"
        found.save_as(series / f"{number}.dcm")
        if path.parent == series:
            path.unlink()
    frames = frames_in(series)
    entries = assemble(frames, (series, "", 6), None, apart=True)
    assert [entry.state for entry in entries] == ["volume", "volume"]
    assert sorted(entry.pick for entry in entries) == ["EchoTime=4.6", "EchoTime=9.2"]
    assert {entry.shape for entry in entries} == {(5, 4, 3)}
    (one,) = assemble(frames, (series, "", 6), None, apart=False)
    assert (one.state, one.refusal.code) == ("refused", "REPEATED_POSITION")


def test_spacing_is_along_the_columns_of_the_affine():
    affine = np.array([[0.0, -3.0, 0, 9], [4.0, 0, 0, 9], [3.0, 0, 2.0, 9], [0, 0, 0, 1]])
    assert spacing_of(affine) == (5.0, 3.0, 2.0)


def test_a_gzipped_nifti_file_that_is_cut_short_is_refused(ct, tmp_path):
    whole = tmp_path / "a.nii.gz"
    write_nifti(ct, whole)
    content = whole.read_bytes()
    for kept in (len(content) - 1, len(content) - 9, len(content) - 20):
        whole.write_bytes(content[:kept])
        (entry,) = look(whole)
        assert (entry.state, entry.refusal.code) == ("refused", "TRUNCATED")


def test_a_gzipped_nifti_file_of_several_parts_or_with_more_behind_is_a_volume(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    plain = (tmp_path / "a.nii").read_bytes()
    for name, content in (
        ("parts", gzip.compress(plain[:400]) + gzip.compress(plain[400:])),
        ("more", gzip.compress(plain + b"more")),
        ("empty", gzip.compress(plain) + gzip.compress(b"")),
    ):
        path = tmp_path / f"{name}.nii.gz"
        path.write_bytes(content)
        assert [entry.state for entry in look(path)] == ["volume"]
    short = tmp_path / "short.nii.gz"
    short.write_bytes(gzip.compress(plain[:-1]))
    assert [entry.refusal.code for entry in look(short)] == ["TRUNCATED"]


def test_a_sound_gzipped_file_is_not_unpacked_to_its_end(ct, tmp_path, monkeypatch):
    from medidense.io import nifti_files

    write_nifti(ct, tmp_path / "a.nii.gz")
    asked = []
    real = nifti_files.unpacked
    monkeypatch.setattr(nifti_files, "unpacked", lambda path: asked.append(path) or real(path))
    nifti_files.check_whole(tmp_path / "a.nii.gz", len(gzip.decompress((tmp_path / "a.nii.gz").read_bytes())))
    assert asked == []
