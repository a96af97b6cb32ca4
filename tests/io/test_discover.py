import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

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
    cut = [e.path for e in entries if e.refusal and e.refusal.code == "TRUNCATED"]
    assert cut == [str(first.parent), str(first)]  # the series that it may be of, and the file itself


def test_a_broken_file_that_may_be_of_a_series_refuses_it(tree, code_of):
    first = sorted((tree / "alone").iterdir())[0]
    (tree / "alone" / "cut.dcm").write_bytes(first.read_bytes()[:400])
    series = [entry for entry in catalogue([tree / "alone"]) if entry.series_uid]
    assert [(entry.state, entry.refusal.code) for entry in series] == [("refused", "TRUNCATED")]
    for uid in ("", series[0].series_uid):
        assert code_of(lambda uid=uid: read_volume(tree / "alone", series_uid=uid)) == "TRUNCATED"


def test_a_gap_is_found_without_reading_pixels(tree):
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
    inputs = find_inputs([tree])
    names = ["alone", "colour.png", "grey.png", "mixed", "mixed", "scan.nii.gz"]
    assert [one.path.name for one in inputs.found] == names
    assert len({one.series_uid for one in inputs.found if one.series_uid}) == 3
    assert [no.refusal.code for no in inputs.refusals] == ["NOT_NIFTI"]
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


def packed(target, *files):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"folder/{file.parent.name}/{file.name}")
    return target


@pytest.fixture
def archive(tree, tmp_path):
    """The tree without its pictures and NIfTI file, as one ZIP."""
    others = ("scan.nii.gz", "grey.png", "colour.png", "fake.nii")
    files = [file for file in sorted(tree.rglob("*")) if file.is_file() and file.name not in others]
    return packed(tmp_path / "all.zip", *files)


def test_each_series_in_an_archive_is_an_entry(tree, archive):
    plain = {entry.series_uid: entry for entry in catalogue([tree]) if entry.kind == "dicom"}
    entries = list(catalogue([archive]))
    assert {entry.path for entry in entries} == {str(archive)}
    assert sum(entry.files for entry in entries) == len(zipfile.ZipFile(archive).namelist())
    series = [entry for entry in entries if entry.state == "volume"]
    assert {entry.series_uid for entry in series} == set(plain)
    for entry in series:
        twin = plain[entry.series_uid]
        assert (entry.shape, entry.spacing_mm, entry.files) == (twin.shape, twin.spacing_mm, twin.files)
        assert entry.note.startswith("in a ZIP archive; other series")
        volume = read_volume(archive, series_uid=entry.series_uid)
        assert volume.shape == entry.shape
        assert patient_key(archive, series_uid=entry.series_uid) == entry.patient_key == twin.patient_key
    assert {entry.note for entry in entries if entry.state == "skipped"} == {
        "member folder/tree/README.txt; no image file",
        "member folder/tree/empty; no image file",
    }


def test_one_series_in_an_archive(tree, tmp_path):
    path = packed(tmp_path / "one.zip", *(tree / "alone").iterdir())
    (entry,) = list(catalogue([path]))
    assert (entry.state, entry.kind, entry.files, entry.note) == ("volume", "dicom", 3, "in a ZIP archive")
    assert patient_key(path) == patient_key(tree / "alone") != ""
    inputs = find_inputs([path])
    assert [(one.path, one.series_uid) for one in inputs.found] == [(path, entry.series_uid)]
    path.write_bytes(path.read_bytes()[:-30])
    assert patient_key(path) == ""


def test_an_archive_counts_as_one_file_of_a_tree(tree, archive):
    shutil.move(archive, tree / "all.zip")
    seen = []
    entries = list(catalogue([tree], seen.append))
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert seen[-1] == len(files)
    assert sum(entry.files for entry in entries if entry.path != str(tree / "all.zip")) == len(files) - 1


def test_an_image_of_another_kind_is_read_where_it_lies_alone(tree, tmp_path):
    alone = packed(tmp_path / "alone.zip", tree / "scan.nii.gz", tree / "README.txt")
    (found,) = [entry for entry in catalogue([alone]) if entry.state == "volume"]
    assert (found.kind, found.note) == ("nifti", "member folder/tree/scan.nii.gz")
    assert read_volume(alone).shape == found.shape
    beside = packed(
        tmp_path / "beside.zip", tree / "scan.nii.gz", tree / "grey.png", *(tree / "alone").iterdir()
    )
    states = {
        entry.kind: (entry.state, entry.refusal and entry.refusal.code) for entry in catalogue([beside])
    }
    assert states == {
        "dicom": ("volume", None),
        "nifti": ("refused", "SEVERAL_SERIES"),
        "picture": ("refused", "SEVERAL_SERIES"),
    }
    assert len({no.refusal.sentence for no in find_inputs([beside]).refusals}) == 2


def test_refusals_in_an_archive_name_the_member(tree, tmp_path):
    first = sorted((tree / "alone").iterdir())[0]
    first.write_bytes(first.read_bytes()[:-4])
    path = packed(tmp_path / "a.zip", *sorted((tree / "alone").iterdir()), tree / "fake.nii")
    series, fake = sorted(catalogue([path]), key=lambda entry: entry.kind)
    assert series.refusal.where == f"{path}: folder/alone/{first.name}"
    assert (series.refusal.code, series.path, series.files) == ("TRUNCATED", str(path), 3)
    assert fake.refusal.where == f"{path}: folder/tree/fake.nii"
    assert "member-" not in repr((series, fake))


def test_a_report_in_an_archive_is_skipped_with_its_reason(tree, tmp_path):
    report = dcmread(sorted((tree / "alone").iterdir())[0])
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    del report.PixelData
    report.save_as(tree / "alone" / "report.dcm")
    path = packed(tmp_path / "a.zip", *(tree / "alone").iterdir())
    (entry,) = [entry for entry in catalogue([path]) if entry.state == "skipped"]
    assert entry.note.startswith("member folder/alone/report.dcm; NO_PIXELS")
    assert entry.note.endswith(f"({path}: folder/alone/report.dcm)")
    alone = packed(tmp_path / "b.zip", tree / "alone" / "report.dcm")
    assert [entry.state for entry in catalogue([alone])] == ["skipped"]


def test_an_archive_that_is_refused_is_one_entry(tree, tmp_path):
    text = packed(tmp_path / "text.zip", tree / "README.txt")
    broken = tmp_path / "cut.zip"
    broken.write_bytes(text.read_bytes()[:40])
    assert [(entry.refusal.code, entry.kind) for entry in catalogue([text, broken])] == [
        ("NOT_DICOM", "archive"),
        ("BAD_ARCHIVE", "archive"),
    ]
    assert [no.refusal.code for no in find_inputs([broken]).refusals] == ["BAD_ARCHIVE"]


def test_documents_and_arrays_that_are_archives_are_skipped_unopened(tree, tmp_path):
    series = list((tree / "alone").iterdir())
    shutil.copy(packed(tmp_path / "a.zip", *series), tmp_path / "report.docx")
    (tmp_path / "arrays.npz").write_bytes((tmp_path / "a.zip").read_bytes()[:-30])
    shutil.copy(tmp_path / "a.zip", tmp_path / "1.2.840.10008")
    states = {
        Path(entry.path).name: entry.state for entry in catalogue([tmp_path]) if tree.name not in entry.path
    }
    assert states == {
        "a.zip": "volume",
        "1.2.840.10008": "volume",
        "report.docx": "skipped",
        "arrays.npz": "skipped",
    }


def test_a_link_to_itself_is_refused_where_it_is_given(tmp_path):
    (tmp_path / "loop.dcm").symlink_to(tmp_path / "loop.dcm")
    (entry,) = list(catalogue([tmp_path / "loop.dcm"]))
    assert entry.refusal.code == "NO_ACCESS"
