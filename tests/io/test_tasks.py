"""What each task answers, in this process: JSON, and arrays on the desk."""

import json
from dataclasses import asdict

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from medidense.io import read_volume, write_nifti, write_series
from medidense.io.dicom import scan_file
from medidense.io.dicom.packing import pack, unpack
from medidense.io.guarded import LocalDesk
from medidense.io.looking import assemble, look
from medidense.io.reading import Ask
from medidense.io.tasks import TASKS
from medidense.io.told import told_ask, told_grid, told_options, volume_of_told
from medidense.values import ReadOptions, Refusal

OPTIONS = told_options(ReadOptions())


class Counting(LocalDesk):
    """A desk that counts the signs of life."""

    beats = 0

    def beat(self):
        self.beats += 1


def done(task, arguments, desk=None):
    """The answer as the other side gets it; both ways go through JSON."""
    answer = TASKS[task](json.loads(json.dumps(arguments)), desk or LocalDesk())
    told = json.loads(json.dumps(answer))
    assert plain(answer) == told
    return told


def plain(answer):
    """The answer with lists for tuples."""
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    return [plain(one) for one in answer] if isinstance(answer, list | tuple) else answer


def as_told(entries):
    return json.loads(json.dumps([asdict(entry) for entry in entries]))


def test_these_are_all_tasks():
    assert set(TASKS) == {"assemble", "look", "mask", "patient", "read"}


def same(first, second):
    np.testing.assert_array_equal(first.array, second.array)
    np.testing.assert_array_equal(first.affine, second.affine)
    assert (first.source, first.spacing_known) == (second.source, second.spacing_known)
    assert first.warnings == second.warnings


def test_read_gives_the_volume_and_one_array(ct, series, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    Image.fromarray(np.eye(5, dtype=np.uint8)).save(tmp_path / "a.png")
    for path in (series, tmp_path / "a.nii", tmp_path / "a.png"):
        desk = LocalDesk()
        told = done("read", told_ask(path, Ask()), desk)
        assert len(desk.arrays) == 1
        same(volume_of_told(told, desk.arrays), read_volume(path))


def test_read_heeds_options_and_box(ct, tmp_path):
    nibabel.save(nibabel.Nifti1Image(ct.array, None), tmp_path / "a.nii")
    desk = LocalDesk()
    ask = Ask(options=ReadOptions(assume_ras=True), centre_mm=(0.0, 0.0, 0.0), extent_mm=(1.0, 1.0, 1.0))
    told = done("read", told_ask(tmp_path / "a.nii", ask), desk)
    whole = read_volume(tmp_path / "a.nii", options=ReadOptions(assume_ras=True))
    part = volume_of_told(told, desk.arrays)
    i, j, k = np.rint(whole.index_of(tuple(part.affine[:3, 3]))).astype(int)
    a, b, c = part.shape
    assert part.array.size < whole.array.size
    np.testing.assert_array_equal(part.array, whole.array[i : i + a, j : j + b, k : k + c])


def test_read_takes_headers_that_are_known_instead_of_the_files(series):
    expected = read_volume(series)
    known = []
    for path in sorted(series.iterdir()):
        kind, uid, facts = pack(scan_file(path))
        known.append([str(path), kind, uid, json.dumps(facts)])
    (series / "junk.dcm").write_bytes(b"DICM")
    desk = LocalDesk()
    told = done("read", {**told_ask(series, Ask()), "known": known}, desk)
    same(volume_of_told(told, desk.arrays), expected)


def test_mask_lies_on_the_desk(ct, tmp_path):
    mask = (np.arange(60).reshape(ct.shape) % 7 == 0).astype(np.uint8)
    write_nifti(ct.with_array(mask), tmp_path / "m.nii")
    desk = LocalDesk()
    arguments = {"path": str(tmp_path / "m.nii"), "grid": told_grid(ct), "segment": ""}
    assert done("mask", arguments, desk) is None
    (found,) = desk.arrays
    np.testing.assert_array_equal(found, mask > 0)
    assert found.dtype == np.bool_


@pytest.fixture
def files(ct, series, tmp_path):
    """One file of each sort: image, broken, no image, NIfTI, picture, README, archive."""
    first, second, third = sorted(series.iterdir())
    second.write_bytes(second.read_bytes()[:-4])
    report = dcmread(third)
    del report.PixelData
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.save_as(third)
    write_nifti(ct, tmp_path / "a.nii")
    Image.fromarray(np.eye(5, dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "README").write_text("x")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(9))
    names = ("a.nii", "a.png", "README", "a.zip")
    return [first, second, third, *(tmp_path / name for name in names)]


def test_look_answers_for_each_file_and_says_that_it_lives(files):
    desk = Counting()
    answers = done("look", {"paths": [str(path) for path in files], "given": [], "options": OPTIONS}, desk)
    assert [kind for kind, _, _ in answers] == ["image", "broken", "no image", *["entries"] * 3, "archive"]
    assert desk.beats == len(files)
    for path, (kind, series, facts) in zip(files, answers, strict=True):
        if kind in ("entries", "archive"):
            assert json.loads(facts) == as_told(look(path))
        else:
            assert unpack(path, kind, series, json.loads(facts)) == look(path)


def test_look_knows_what_was_named(ct, tmp_path):
    nibabel.save(nibabel.Nifti1Pair(ct.array, ct.affine), tmp_path / "a.hdr")
    voxels = str(tmp_path / "a.img")
    states = []
    for given in ([], [voxels]):
        ((_, _, facts),) = done("look", {"paths": [voxels], "given": given, "options": OPTIONS})
        states.append(json.loads(facts)[0]["state"])
    assert states == ["skipped", "volume"]


def assembled(series, paths, *, apart=True):
    packed = [(str(path), pack(scan_file(path))) for path in paths]
    told = [[path, kind, json.dumps(facts)] for path, (kind, _, facts) in packed]
    uid = packed[0][1][1]
    arguments = {"files": told, "series": uid, "where": str(series), "note": "n"}
    arguments |= {"apart": apart, "options": OPTIONS}
    return done("assemble", arguments)


@pytest.mark.parametrize("apart", [True, False])
def test_assemble_gives_the_entries_of_a_series_of_two_stacks(series, apart):
    for number, path in enumerate(sorted(series.iterdir())):
        found = dcmread(path)
        for echo in (4, 9):
            found.EchoTime, found.SOPInstanceUID = echo, f"1.2.{number}.{echo}"
            found.save_as(path.with_name(f"{echo}-{number}.dcm"))
        path.unlink()
    paths = sorted(series.iterdir())
    frames = tuple(frame for path in paths for frame in scan_file(path))
    entries = assembled(series, paths, apart=apart)
    assert entries == as_told(assemble(frames, (series, "n", 6), None, apart=apart))
    assert [entry["state"] for entry in entries] == (["volume"] * 2 if apart else ["refused"])


def test_assemble_refuses_for_the_first_broken_file(series):
    first, second, third = sorted(series.iterdir())
    second.write_bytes(second.read_bytes()[:-4])
    third.write_bytes(third.read_bytes()[:-8])
    (entry,) = assembled(series, [first, second, third])
    assert (entry["state"], entry["files"]) == ("refused", 3)
    refusal = Refusal(**entry["refusal"])
    assert (refusal.code, refusal.where) == ("TRUNCATED", str(second))


def test_patient_is_the_digest_of_the_series_asked_for(ct, series, tmp_path):
    write_series(ct, series / "other", patient="second", seed=2)
    (series / "README").write_text("x")
    keys = set()
    for folder in (series, series / "other"):
        path = next(path for path in sorted(folder.iterdir()) if path.suffix == ".dcm")
        identity = scan_file(path)[0].identity
        asked = {"path": str(series), "series_uid": identity.series_uid}
        assert done("patient", asked) == identity.patient_key
        assert done("patient", {"path": str(path), "series_uid": ""}) == identity.patient_key
        keys.add(identity.patient_key)
    assert len(keys) == 2
    assert done("patient", {"path": str(series), "series_uid": "9.9"}) == ""
    write_nifti(ct, tmp_path / "a.nii")
    assert done("patient", {"path": str(tmp_path / "a.nii"), "series_uid": ""}) == ""
