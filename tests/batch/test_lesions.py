"""Is every bad row found, and does a lesion find its scan?"""

from pathlib import Path

import pytest

from medidense.batch import Lesions, read_lesions
from medidense.errors import CohortError
from medidense.values import Marker

HEADER = "image,series_uid,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame,mask\n"


def listed(folder: Path, *rows: str, header: str = HEADER) -> Lesions:
    (folder / "l.csv").write_text(header + "\n".join(rows) + "\n")
    return read_lesions(folder / "l.csv")


def problems(folder: Path, *rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(CohortError) as caught:
        listed(folder, *rows, header=header)
    return list(caught.value.lines)


def ids(lesions: Lesions, path: Path, series_uid: str = "") -> list[str]:
    return [lesion.lesion_id for lesion in lesions.of(path, series_uid)]


def test_a_point_becomes_ras_millimetres(tmp_path: Path) -> None:
    found = listed(tmp_path, "a.nii.gz,,L1,1,2,3,4,RAS,", "a.nii.gz,,L2,1,2,3,4,LPS,")
    assert [lesion.marker for lesion in found.lesions] == [
        Marker((1.0, 2.0, 3.0), 4.0),
        Marker((-1.0, -2.0, 3.0), 4.0),
    ]


def test_a_mask_wins_over_a_point(tmp_path: Path) -> None:
    (tmp_path / "m.nii.gz").touch()
    (lesion,) = listed(tmp_path, "a.nii.gz,,L1,1,2,3,4,RAS,m.nii.gz").lesions
    assert lesion.mask == tmp_path / "m.nii.gz"
    assert lesion.marker is None


def test_a_lesion_may_be_a_segment_of_a_mask(tmp_path: Path) -> None:
    (tmp_path / "m.dcm").touch()
    header = "image,lesion_id,mask,segment\n"
    found = listed(tmp_path, "ct,L1,m.dcm,1", "ct,L2,m.dcm,liver", "ct,L3,m.dcm,", header=header)
    assert [lesion.segment for lesion in found.lesions] == ["1", "liver", ""]


def test_every_bad_row_is_reported_together(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        ",,L1,1,2,3,4,RAS,",
        "a.nii.gz,,L2,1,2,3,4,,",
        "a.nii.gz,,L3,1,2,x,4,RAS,",
        "a.nii.gz,,L4,1,2,3,0,RAS,",
        "a.nii.gz,,L5,,,,7,,",
        "../a.nii.gz,,L6,1,2,3,4,RAS,",
        "a.nii.gz,,L7,,,,,,nowhere.nii.gz",
        "a.nii.gz,,L8,,,,,,../m.nii.gz",
        "a.nii.gz,,L9,1,2,3,4,RAS,",
        "./a.nii.gz,1.2.3,L9,5,2,3,4,RAS,",
    )
    rules = [
        "row 2: image and series_uid are empty",
        "row 3: a point needs a frame",
        "row 4: z_mm is no number",
        "row 5: diameter_mm is above 0",
        "row 6: a lesion needs a mask, or a point",
        "row 7: image: the path leaves the folder",
        "row 8: mask: no such file",
        "row 9: mask: the path leaves the folder",
        "row 11: the same scan and lesion_id as row 10",
    ]
    assert len(told) == len(rules)
    for line, rule in zip(told, rules, strict=True):
        assert f"l.csv {rule}" in line


def test_a_list_must_say_which_scan(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, "L1,1,2,3,4,RAS", header="lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame\n")
    assert "a column image or series_uid is needed" in line


def test_an_image_is_found_from_the_lists_folder_or_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    absolute = tmp_path / "c.nii.gz"
    found = listed(
        tmp_path / "lists",
        "a.nii.gz,,A,1,2,3,4,RAS,",
        "scans/b.nii.gz,,B,1,2,3,4,RAS,",
        f"{absolute},,C,1,2,3,4,RAS,",
    )
    assert ids(found, tmp_path / "lists" / "a.nii.gz") == ["A"]
    assert ids(found, tmp_path / "lists" / ".." / "c.nii.gz") == ["C"]
    assert ids(found, tmp_path / "scans" / "b.nii.gz") == []
    monkeypatch.chdir(tmp_path)
    found = read_lesions(Path("lists/l.csv"))
    assert ids(found, Path("scans/b.nii.gz")) == ["B"]
    assert ids(found, Path("lists/a.nii.gz")) == ["A"]


def test_a_series_is_found_by_image_first_then_by_its_uid(tmp_path: Path) -> None:
    found = listed(
        tmp_path,
        "ct,1.1,A,1,2,3,4,RAS,",
        "ct,1.2,B,1,2,3,4,RAS,",
        ",1.1,C,1,2,3,4,RAS,",
        ",1.3,D,1,2,3,4,RAS,",
        "plain,,E,1,2,3,4,RAS,",
        "plain,,F,5,2,3,4,RAS,",
    )
    assert ids(found, tmp_path / "ct", "1.1") == ["A"]
    assert ids(found, tmp_path / "ct", "1.2") == ["B"]
    assert ids(found, tmp_path / "elsewhere", "1.1") == ["A", "C"]
    assert ids(found, tmp_path / "ct", "1.3") == ["D"]
    assert ids(found, tmp_path / "plain", "1.9") == ["E", "F"]
    assert ids(found, tmp_path / "plain.nii.gz") == []
    assert ids(found, tmp_path / "ct") == ["A", "B"], "series_uid is only carried along for other files"
