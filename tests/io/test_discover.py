import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense.io import catalogue, find_inputs, patient_key, read_volume, write_nifti, write_series


@pytest.fixture
def tree(ct, series, tmp_path):
    """A folder of everything: a series, two series in one folder, NIfTI, pictures, a report, junk."""
    root = tmp_path / "tree"
    root.mkdir()
    shutil.move(series, root / "alone")
    write_series(ct, root / "mixed", patient="second", seed=2)
    write_series(ct.with_array(ct.array[:, :, :2]), root / "mixed", patient="second", seed=3)
    write_nifti(ct, root / "scan.nii.gz")
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(root / "grey.png")
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(root / "colour.png")
    (root / "README.txt").write_text("hello")
    (root / "fake.nii").write_text("hello")
    (root / "empty").write_bytes(b"")
    return root


def by_name(entries, root):
    return {
        f"{os.path.relpath(entry.path, root)} {entry.series_uid[-4:]}".strip(): entry for entry in entries
    }


def test_every_file_ends_in_one_entry(tree):
    seen = []
    entries = list(catalogue([tree], seen.append))
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert sum(entry.files for entry in entries) == len(files) == seen[-1]
    assert sorted(entry.state for entry in entries) == ["refused"] + ["skipped"] * 2 + ["volume"] * 6
    assert [entry.path for entry in entries] == sorted(entry.path for entry in entries)


def test_what_is_a_volume_can_be_read_as_the_entry_says(tree):
    for entry in catalogue([tree]):
        if entry.state == "volume":
            uid = entry.series_uid if entry.note else ""
            volume = read_volume(tree / entry.path, series_uid=uid)
            assert volume.shape == entry.shape
            assert volume.source.series_uid == entry.series_uid
            assert volume.source.kind == entry.kind
            if entry.spacing_mm:
                assert volume.spacing_mm == pytest.approx(entry.spacing_mm)


def test_series_that_share_a_folder_need_their_uid(tree):
    notes = {entry.path: entry.note for entry in catalogue([tree]) if entry.kind == "dicom"}
    assert notes == {
        str(tree / "alone"): "",
        str(tree / "mixed"): "other series or broken files lie in this folder: give the series UID",
    }


def test_reasons_are_codes(tree):
    entries = by_name(catalogue([tree]), tree)
    assert entries["colour.png"].refusal is None
    assert entries["fake.nii"].refusal.code == "NOT_NIFTI"
    assert entries["README.txt"].state == "skipped"


def test_a_broken_file_refuses_its_series_and_never_stops_the_walk(tree):
    first = sorted((tree / "alone").iterdir())[0]
    first.write_bytes(first.read_bytes()[:-4])
    (entry,) = [entry for entry in catalogue([tree]) if entry.path == str(tree / "alone")]
    assert entry.state == "refused"
    assert entry.refusal.code == "TRUNCATED"
    assert entry.files == 3
    first.write_bytes(first.read_bytes()[:400])
    entries = list(catalogue([tree]))
    assert [e.path for e in entries if e.refusal and e.refusal.code == "TRUNCATED"] == [str(first)]


def test_a_broken_file_of_no_known_series_makes_the_choice_needed(tree):
    first = sorted((tree / "alone").iterdir())[0]
    (tree / "alone" / "cut.dcm").write_bytes(first.read_bytes()[:400])
    entries = [entry for entry in catalogue([tree / "alone"]) if entry.state == "volume"]
    assert [(entry.path, "series UID" in entry.note) for entry in entries] == [(str(tree / "alone"), True)]
    volume = read_volume(tree / "alone", series_uid=entries[0].series_uid)
    assert volume.shape == entries[0].shape
    assert volume.warnings[0].startswith("SKIPPED_FILE: 1 broken")


def test_a_gap_is_found_without_reading_pixels(tree):
    from pydicom import dcmread

    files = sorted((tree / "alone").iterdir(), key=lambda path: dcmread(path).InstanceNumber)
    shifted = dcmread(files[2])
    shifted.ImagePositionPatient[2] += 2
    shifted.save_as(files[2])
    (entry,) = list(catalogue([tree / "alone"]))
    assert entry.refusal.code == "MISSING_SLICE"


def test_files_met_twice_are_listed_once_and_missing_paths_are_refused(tree):
    entries = list(catalogue([tree, tree / "alone", tree / "absent"]))
    assert sum(entry.files for entry in entries) == 1 + sum(path.is_file() for path in tree.rglob("*"))
    assert entries[-1].refusal.code == "NO_ACCESS"


def test_links_out_and_pipes_do_not_stop_or_hang(tree, tmp_path):
    (tmp_path / "secret.txt").write_text("hello")
    (tree / "link").symlink_to(tmp_path / "secret.txt")
    (tree / "loop").symlink_to(tree)
    os.mkfifo(tree / "pipe.dcm")
    refused = [entry for entry in catalogue([tree]) if entry.refusal and entry.refusal.code == "NO_ACCESS"]
    assert [entry.path for entry in refused] == [str(tree / "link")]


def test_inputs_to_score(tree):
    inputs = find_inputs(tree)
    names = ["alone", "colour.png", "grey.png", "mixed", "mixed", "scan.nii.gz"]
    assert [one.path.name for one in inputs.found] == names
    assert len({one.series_uid for one in inputs.found if one.series_uid}) == 3
    assert [refusal.code for _, refusal in inputs.refusals] == ["NOT_NIFTI"]
    assert [Path(path).name for path in inputs.skipped] == ["README.txt", "empty"]
    for one in inputs.found:
        assert read_volume(one.path, series_uid=one.series_uid).source.study_uid == one.study_uid


def test_patients_are_joined_by_a_digest(tree):
    expected = hashlib.sha256(b"invented").hexdigest()
    assert patient_key(tree / "alone") == expected
    assert patient_key(sorted((tree / "alone").iterdir())[0]) == expected
    assert patient_key(tree / "scan.nii.gz") == ""
    assert patient_key(tree / "absent") == ""
    entries = list(catalogue([tree / "mixed"]))
    for entry in entries:
        key = patient_key(tree / "mixed", series_uid=entry.series_uid)
        assert key == entry.patient_key == hashlib.sha256(b"second").hexdigest()
