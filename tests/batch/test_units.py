"""Is every input met once, and does its key change with what decides its score?"""

import os
import zipfile
from pathlib import Path

import numpy as np
from pydicom import dcmread

from medidense.batch import read_lesions
from medidense.batch.units import Item, find_items
from medidense.io import write_nifti, write_series
from medidense.values import Source, Volume


def items(scans: Path) -> dict[str, Item]:
    return {item.path.name: item for item in find_items([scans], read_lesions(scans / "lesions.csv"))}


def keys(scans: Path) -> dict[str, str]:
    return {name: item.unit().key for name, item in items(scans).items()}


def test_an_input_below_two_paths_is_met_once(scans: Path) -> None:
    paths = [scans / "s1.nii.gz", scans, scans / "s2.nii.gz", scans / ".." / "scans" / "s0.nii.gz"]
    names = [item.path.name for item in find_items(paths, None)]
    assert names == [f"s{number}.nii.gz" for number in range(5)]
    files = [scans / "s3.nii.gz", scans / "s1.nii.gz", scans / "s3.nii.gz"]
    assert [item.path.name for item in find_items(files, None)] == ["s3.nii.gz", "s1.nii.gz"]


def test_each_input_has_its_lesions(scans: Path) -> None:
    found = items(scans)
    assert [lesion.lesion_id for lesion in found["s4.nii.gz"].lesions] == ["L1", "L2"]
    assert [lesion.lesion_id for lesion in found["s0.nii.gz"].lesions] == ["L1"]


def test_a_listed_mask_is_no_input(scans: Path) -> None:
    mask = np.zeros((48, 48, 5), dtype=np.int16)
    mask[20:30, 20:30, 2] = 1
    write_nifti(Volume(mask, np.diag([1.0, 1.0, 3.0, 1.0]), Source("nifti")), scans / "mask.nii.gz")
    (scans / "lesions.csv").write_text("image,mask\ns0.nii.gz,mask.nii.gz\n")
    assert "mask.nii.gz" not in items(scans)
    assert "mask.nii.gz" in {item.path.name for item in find_items([scans], None)}


def test_the_key_changes_with_the_file_and_its_lesions_and_with_nothing_else(scans: Path) -> None:
    before = keys(scans)
    assert keys(scans) == before
    facts = (scans / "s1.nii.gz").stat()
    os.utime(scans / "s1.nii.gz", ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    table = (scans / "lesions.csv").read_text()
    (scans / "lesions.csv").write_text(table.replace("s2.nii.gz,L1,24,24,6,9", "s2.nii.gz,L1,24,24,6,10"))
    after = keys(scans)
    assert {name for name in before if before[name] != after[name]} == {"s1.nii.gz", "s2.nii.gz"}


def test_the_key_changes_with_the_segment_of_a_mask(scans: Path) -> None:
    (scans / "m.dcm").touch()
    keys_of = {}
    for segment in ("", "1", "2"):
        (scans / "lesions.csv").write_text(f"image,mask,segment\ns0.nii.gz,m.dcm,{segment}\n")
        keys_of[segment] = keys(scans)["s0.nii.gz"]
    assert len(set(keys_of.values())) == 3
    (scans / "lesions.csv").write_text("image,mask\ns0.nii.gz,m.dcm\n")
    assert keys(scans)["s0.nii.gz"] == keys_of[""]


def test_what_cannot_be_read_is_a_loose_unit(scans: Path) -> None:
    (scans / "broken.nii.gz").write_bytes(b"no image")
    broken = items(scans)["broken.nii.gz"]
    assert broken.refusal is not None
    assert broken.unit().loose
    assert not items(scans)["s0.nii.gz"].unit().loose


def test_the_series_of_an_archive_are_units_apart_and_rest_on_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "scans.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for seed in (1, 2):
            volume = Volume(np.arange(60, dtype=np.int16).reshape(5, 4, 3), np.eye(4), Source("dicom", "CT"))
            write_series(volume, tmp_path / str(seed), patient="invented", seed=seed)
            for file in (tmp_path / str(seed)).iterdir():
                packed.write(file, f"{seed}/{file.name}")
    first, second = (item.unit() for item in find_items([archive], None))
    assert first.place == second.place == str(archive)
    assert first.part != second.part
    facts = archive.stat()
    os.utime(archive, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert [item.unit().key == first.key for item in find_items([archive], None)] == [False, False]


def test_two_series_refused_in_the_same_words_are_two_inputs(tmp_path: Path) -> None:
    volume = Volume(np.ones((8, 8, 5), np.int16), np.diag([1.0, 1.0, 3.0, 1.0]), Source("dicom", "CT"))
    folder, uids = tmp_path / "in", []
    folder.mkdir()
    for seed in (1, 2):
        uids.append(write_series(volume, tmp_path / f"{seed}", patient="invented", seed=seed).series_uid)
        for file in (tmp_path / f"{seed}").iterdir():
            if dcmread(file).ImagePositionPatient[2] != 6:
                file.rename(folder / f"{seed}-{file.name}")
    listed = tmp_path / "lesions.csv"
    listed.write_text(f"series_uid,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame\n{uids[1]},L9,0,0,0,5,RAS\n")
    found = {item.series_uid: item for item in find_items([folder], read_lesions(listed))}
    assert sorted(found) == sorted(uids)
    first, second = (found[uid] for uid in uids)
    assert first.refusal is not None
    assert first.refusal == second.refusal
    assert first.unit().part != second.unit().part
    assert [lesion.lesion_id for lesion in second.lesions] == ["L9"]
