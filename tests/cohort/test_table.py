"""Every bad table of the list is refused with all its problems; good ones are read whole."""

from pathlib import Path

import pytest

from medidense.cohort import read_cohort
from medidense.errors import CohortError

GOOD = ("007,images/a.nii.gz,benign", "8,images/b.nii.gz,malignant", "9,images/c.nii.gz,benign")


def lines_of(path: Path) -> list[str]:
    """The problems of a table, without the path of its file."""
    with pytest.raises(CohortError) as caught:
        read_cohort(path)
    assert caught.value.exit_code == 2
    return [line.replace(str(path), "FILE") for line in caught.value.lines]


def test_reads_a_good_table(make_cohort):
    path = make_cohort(*(f"{row},71,F" for row in GOOD), header="subject_id,image,label,age,sex")
    cohort = read_cohort(path)
    assert cohort.name == "cohort"
    assert cohort.subjects == ("007", "8", "9")
    assert cohort.classes == ("benign", "malignant")
    assert cohort.region == "whole"
    first = cohort.samples[0]
    assert (first.row, first.image, first.image_path) == (
        2,
        "images/a.nii.gz",
        path.parent / "images/a.nii.gz",
    )
    assert first.extra == {"age": "71", "sex": "F"}


def test_blanks_around_cells_and_a_byte_order_mark_are_dropped(make_cohort):
    path = make_cohort(" 1 ,images/a.nii , x ", "2, images/b.nii,y", "3,images/c.nii,x", encoding="utf-8-sig")
    assert [(sample.subject_id, sample.label) for sample in read_cohort(path).samples] == [
        ("1", "x"),
        ("2", "y"),
        ("3", "x"),
    ]


def test_a_relative_path_to_the_table_still_gives_absolute_images(make_cohort, monkeypatch):
    path = make_cohort(*GOOD)
    monkeypatch.chdir(path.parent)
    assert read_cohort(Path("cohort.csv")).samples[0].image_path == path.parent / "images/a.nii.gz"


def test_the_folder_may_be_reached_by_a_link(make_cohort, tmp_path):
    path = make_cohort(*GOOD)
    (tmp_path / "alias").symlink_to(path.parent)
    assert len(read_cohort(tmp_path / "alias/cohort.csv").samples) == 3


def test_missing_column_names_the_nearest(make_cohort):
    path = make_cohort(*GOOD, header="patient_id,image,label")
    assert lines_of(path) == [
        "FILE row 1: the column subject_id is missing; found nearest 'patient_id'; "
        "rename 'patient_id' to subject_id"
    ]


def test_missing_column_without_a_near_one_lists_what_is_there(make_cohort):
    path = make_cohort("a,images/a.nii,0", header="subject_id,image,zz")
    assert lines_of(path) == [
        "FILE row 1: the column label is missing; found columns 'subject_id', 'image', 'zz'; "
        "add a column label"
    ]


def test_unknown_label(make_cohort):
    rows = [f"{number},images/{number}.nii,{number % 2}" for number in range(6)]
    path = make_cohort(*rows, "7,images/7.nii,maybe", "8,images/8.nii,?", "9,images/9.nii,2")
    assert lines_of(path) == [
        "FILE row 8: unknown label: no other row has it; found 'maybe'; "
        "write one of: 0 (3 rows), 1 (3 rows); or drop the row",
        "FILE row 9: unknown label; found '?'; write the class, or drop the row",
        "FILE row 10: unknown label: no other row has it; found '2'; "
        "write one of: 0 (3 rows), 1 (3 rows); or drop the row",
    ]


def test_missing_file(make_cohort):
    path = make_cohort(*GOOD, "4,images/missing.nii.gz,benign", "5,images\\a.nii.gz,benign")
    assert lines_of(path) == [
        "FILE row 5: image: no such file or folder; found 'images/missing.nii.gz'; "
        "paths are relative to the folder of the CSV; an absolute path is allowed",
        "FILE row 6: image: no such file; found 'images\\\\a.nii.gz'; write / between folders, not \\",
    ]


def test_duplicate_row_names_both(make_cohort):
    path = make_cohort(*GOOD, "8,images/b.nii.gz,malignant")
    assert lines_of(path) == [
        "FILE row 5: duplicate row: the same sample as row 3; found 'images/b.nii.gz'; "
        "drop one, or tell the lesions of one image apart by lesion_id"
    ]


def test_empty_file_and_header_alone(make_cohort):
    path = make_cohort()
    (line,) = lines_of(path)
    assert line.startswith("FILE")
    assert "at least one row" in line
    path.write_text("")
    (line,) = lines_of(path)
    assert line.startswith("FILE")
    assert "empty" in line


def test_utf16_is_refused(make_cohort):
    (line,) = lines_of(make_cohort(*GOOD, encoding="utf-16"))
    assert line.startswith("FILE")
    assert "UTF-8" in line
    assert "UTF-16" in line


def test_semicolons_are_refused(make_cohort):
    path = make_cohort("1;images/a.nii;0", "2;images/b.nii;1", header="subject_id;image;label")
    (line,) = lines_of(path)
    assert line.startswith("FILE")
    assert "comma" in line
    assert "semicolon" in line or "';'" in line


def test_a_path_out_of_the_folder(make_cohort):
    path = make_cohort(*GOOD, "4,../outside.nii,benign", "5,images/link.nii,benign")
    (path.parent.parent / "outside.nii").touch()
    link = path.parent / "images/link.nii"
    link.unlink()
    link.symlink_to("../../outside.nii")
    step = "write an absolute path or move the file"
    rows = lines_of(path)
    assert (
        rows[0] == f"FILE row 5: image: the path leaves the folder of the CSV; found '../outside.nii'; {step}"
    )
    assert (
        rows[1]
        == f"FILE row 6: image: the path leaves the folder of the CSV; found 'images/link.nii'; {step}"
    )
    assert len(rows) == 2


def test_one_class(make_cohort):
    path = make_cohort("1,images/a.nii,x", "2,images/b.nii,x")
    assert lines_of(path) == [
        "FILE: a cohort has at least two classes; found only 'x' in 2 rows; add samples of another class"
    ]


def test_all_problems_of_all_rows_come_together_in_order(make_cohort):
    path = make_cohort(
        "1,images/a.nii,benign,,,,,",
        ",images/b.nii,benign,,,,,",
        "3,images/missing.nii,,1,x,3,5,",
        "4,images/d.nii,Benign,,,,,",
        "5,images/e.nii,malignant,1,2,3,-4,RAS",
        "5,images/f.nii,malignant,1,2,3,4,RAS",
        "6,images/f.nii,benign,1,2,3,4,RAS",
        header="subject_id,image,label,x_mm,y_mm,z_mm,diameter_mm,frame",
    )
    found = [line.removeprefix("FILE row ").split(";")[0] for line in lines_of(path)]
    assert found == [
        "3: subject_id is empty",
        "4: label is empty",
        "4: image: no such file or folder",
        "4: y_mm is no number of millimetres",
        "4: a point needs a frame, RAS or LPS, that says which way x and y run",
        "5: unknown label: it differs from 'benign' (row 2) only in how it is written",
        "6: diameter_mm is above 0",
        "8: duplicate row: the same sample as row 7",
        "8: one image under two subject_ids: row 7 has another one",
    ]


@pytest.mark.parametrize(
    ("name", "samples", "subjects", "region"),
    [
        ("lidc/cohort.csv", 391, 249, "lesion"),
        ("lidc/cohort_matched.csv", 138, 110, "lesion"),
        ("lidc/cohort_small.csv", 103, 66, "lesion"),
        ("busi/cohort.csv", 780, 780, "whole"),
    ],
)
def test_shared_cohorts_hold(shared_data, name, samples, subjects, region):
    cohort = read_cohort(shared_data / name)
    assert (len(cohort.samples), len(cohort.subjects), cohort.region) == (samples, subjects, region)
    assert cohort.classes == ("0", "1")


def test_rows_without_a_label_are_each_named(shared_data):
    path = shared_data / "lidc/cohort_all.csv"
    rows = lines_of(path)
    assert len(rows) == 60
    assert rows[0] == (
        "FILE row 5: label is empty; found ''; "
        "fill it in, drop the row, or give cv a recipe with labels.train_only: true"
    )


def test_a_table_for_a_model_that_knows_its_classes_may_show_one(make_cohort):
    table = make_cohort("1,images/a.nii,x", "2,images/b.nii,x")
    assert read_cohort(table, classes_known=True).classes == ("x",)
    with pytest.raises(CohortError, match="at least two classes"):
        read_cohort(table)
