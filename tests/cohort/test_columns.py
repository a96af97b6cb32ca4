"""Cells of one row: points, frames, numbers, spacing, invisible letters, near names of columns."""

import pytest

from medidense.cohort.columns import column_problems, parse_row
from medidense.values import Marker

POINT = {"x_mm": "10", "y_mm": "-20.5", "z_mm": "3e1", "diameter_mm": "8", "frame": "LPS"}


@pytest.fixture
def row(tmp_path):
    (tmp_path / "a.nii").touch()
    (tmp_path / "m.nii").touch()

    def parse(**cells: str):
        typed = {"subject_id": "1", "image": "a.nii", "label": "x", **cells}
        return parse_row("c.csv", tmp_path, 4, typed)

    return parse


def rules(parsed) -> list[str]:
    return [problem.rule for problem in parsed.problems]


def test_lps_points_become_ras(row):
    assert row(**POINT).sample.marker == Marker((-10.0, 20.5, 30.0), 8.0)
    assert row(**{**POINT, "frame": "ras"}).sample.marker == Marker((10.0, -20.5, 30.0), 8.0)


def test_zero_has_no_sign(row):
    assert str(row(**{**POINT, "x_mm": "0"}).sample.marker.centre_mm[0]) == "0.0"


def test_a_mask_wins_over_a_point(row):
    parsed = row(**{**POINT, "x_mm": "nonsense"}, mask="m.nii")
    assert parsed.problems == ()
    assert parsed.sample.marker is None
    assert parsed.sample.mask_path.name == "m.nii"


def test_a_segment_is_one_of_a_mask(row):
    assert row(mask="m.nii", segment=" 2 ").sample.segment == "2"
    assert rules(row(segment="2", **POINT)) == ["a segment needs a mask that it is one of"]


def test_a_diameter_alone_is_no_region(row):
    parsed = row(diameter_mm="8.7")
    assert parsed.problems == ()
    assert parsed.sample.marker is None
    assert not parsed.has_region


@pytest.mark.parametrize("missing", ["x_mm", "y_mm", "z_mm", "diameter_mm"])
def test_an_incomplete_point_is_a_problem(row, missing):
    parsed = row(**{**POINT, missing: " "})
    assert rules(parsed) == [f"a point needs x_mm, y_mm, z_mm and diameter_mm; {missing} is empty"]
    assert parsed.has_region


@pytest.mark.parametrize("frame", ["", "IJK"])
def test_a_point_needs_its_frame(row, frame):
    (problem,) = row(**{**POINT, "frame": frame}).problems
    assert problem.sentence() == (
        f"{problem.where}: a point needs a frame, RAS or LPS, that says which way x and y run; "
        f"found {frame!r}; write LPS for DICOM coordinates, RAS for NIfTI ones"
    )


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1,5", "1_000", "12 mm", "1e9", "٣"])
def test_what_is_no_number(row, cell):
    (problem,) = row(**{**POINT, "z_mm": cell}).problems
    assert (problem.rule, problem.found) == ("z_mm is no number of millimetres", repr(cell))


@pytest.mark.parametrize("cell", ["0", "-3"])
def test_a_diameter_is_above_zero(row, cell):
    assert rules(row(**{**POINT, "diameter_mm": cell})) == ["diameter_mm is above 0"]


def test_spacing_is_unknown_or_says_nothing(row):
    assert row(spacing="Unknown").sample.spacing_known is False
    assert row(spacing="").sample.spacing_known is None
    assert row(spacing="unknown").sample.spacing_mm is None


def test_spacing_of_a_picture_is_one_number_or_two(row):
    assert row(spacing="0.5").sample.spacing_mm == (0.5, 0.5)
    assert row(spacing="0.1 0.2").sample.spacing_mm == (0.1, 0.2)
    for cell in ("0", "-1", "wide", "1 2 3", "nan"):
        assert rules(row(spacing=cell)) == [
            "spacing is empty, the word unknown, or one or two numbers of millimetres"
        ]


@pytest.mark.parametrize("column", ["subject_id", "label", "lesion_id"])
def test_invisible_letters_are_found(row, column):
    assert rules(row(**{column: "P\u200b1"})) == [f"{column} holds an invisible character"]


def test_other_columns_are_carried_as_typed(row):
    sample = row(age=" 61 ", site="A", split="train", series_uid="1.2", lesion_id="L1").sample
    assert sample.extra == {"age": " 61 "}
    assert (sample.site, sample.split, sample.series_uid, sample.lesion_id) == ("A", "train", "1.2", "L1")


def test_a_known_name_written_otherwise_is_a_problem():
    found = column_problems("c.csv", ["subject_id", "image", "label", "Mask", "x mm", "masks"])
    assert [(problem.rule, problem.found) for problem in found] == [
        ("a column that is nearly mask would not be read", "'Mask'"),
        ("a column that is nearly x_mm would not be read", "'x mm'"),
    ]


def test_required_columns_are_found_by_case():
    (problem,) = column_problems("c.csv", ["subject_id", "image", "Label"])
    assert problem.sentence() == (
        "c.csv row 1: the column label is missing; found nearest 'Label'; rename 'Label' to label"
    )


def test_a_mask_must_be_a_file(row, tmp_path):
    (tmp_path / "masks").mkdir()
    parsed = parse_row(
        "c.csv", tmp_path, 2, {"subject_id": "1", "image": "masks", "label": "x", "mask": "masks"}
    )
    assert rules(parsed) == ["mask: a folder where a file is needed"]
