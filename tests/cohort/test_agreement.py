"""What only shows between rows: likely slips in labels and IDs, shared images, equal crops."""

import pytest

from medidense.cohort import read_cohort
from medidense.errors import CohortError


@pytest.fixture
def rules(make_cohort):
    """The (row, rule) pairs of a table."""

    def find(*rows: str, header: str = "subject_id,image,label") -> list[tuple[int, str]]:
        path = make_cohort(*rows, header=header)
        try:
            read_cohort(path)
        except CohortError as error:
            return [(int(p.where.rsplit(" ", 1)[-1]), p.rule) for p in error.problems]
        return []

    return find


@pytest.mark.parametrize("slip", ["Benign", "BENIGN", "ｂenign"])
def test_label_in_another_spelling(rules, slip):
    rows = [
        "1,images/a,benign",
        "2,images/b,benign",
        f"3,images/c,{slip}",
        "4,images/d,bad",
        "5,images/e,bad",
    ]
    assert rules(*rows) == [(4, "unknown label: it differs from 'benign' (row 2) only in how it is written")]


def test_numbers_in_another_spelling(rules):
    rows = ["1,images/a,0", "2,images/b,0", "3,images/c,1", "4,images/d,1", "5,images/e,1.0", "6,images/f,01"]
    text = "unknown label: it differs from '1' (row 4) only in how it is written"
    assert rules(*rows) == [(6, text), (7, text)]


def test_words_among_numbers(rules):
    rows = [f"{n},images/{n},{n % 2}" for n in range(6)]
    assert rules(*rows, "7,images/7,x", "8,images/8,x") == [
        (8, "unknown label: a word among numbers"),
        (9, "unknown label: a word among numbers"),
    ]


def test_grades_with_letters_are_classes(rules):
    assert rules(*(f"{n},images/{n},{('3', '4a', '4b')[n % 3]}" for n in range(6))) == []


def test_two_single_rows_are_two_classes(rules):
    assert rules("1,images/a,x", "2,images/b,y") == []


def test_subject_in_another_spelling(rules):
    rows = ["P1,images/a,x", "p1,images/b,y", "P1,images/c,x", "7,images/d,x", "007,images/e,y"]
    assert rules(*rows) == [
        (3, "nearly another subject_id: it differs from 'P1' (row 2) only in how it is written")
    ]


def test_one_image_of_two_subjects(rules):
    rows = ["1,images/a,x,L1", "2,images/a,y,L2", "3,images/b,y,L1"]
    points = ",1,2,3,4,RAS", ",1,2,9,4,RAS", ",1,2,3,4,RAS"
    header = "subject_id,image,label,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame"
    found = rules(*(row + point for row, point in zip(rows, points, strict=True)), header=header)
    assert found == [(3, "one image under two subject_ids: row 2 has another one")]


def test_two_lesions_of_one_image_are_two_samples(rules):
    header = "subject_id,image,label,mask"
    assert rules("1,images/a,x,images/m1", "1,images/a,y,images/m2", header=header) == []


def test_one_mask_under_two_lesions(rules):
    header = "subject_id,image,label,mask,lesion_id"
    found = rules("1,images/a,x,images/m,L1", "1,images/a,y,images/m,L2", header=header)
    assert found == [(3, "duplicate row: the same image and region as row 2")]


def test_two_segments_of_one_mask_are_two_lesions(rules):
    header = "subject_id,image,label,mask,segment"
    assert rules("1,images/a,x,images/m,1", "1,images/a,y,images/m,2", header=header) == []
    assert rules("1,images/a,x,images/m,1", "1,images/a,y,images/m,1", header=header) == [
        (3, "duplicate row: the same sample as row 2")
    ]


def test_one_image_written_two_ways(rules):
    assert rules("1,images/a,x", "1,images/../images/a,x", "2,images/b,y") == [
        (3, "duplicate row: the same image and region as row 2")
    ]


def test_without_a_region_in_every_row_images_may_not_repeat(rules):
    header = "subject_id,image,label,mask"
    rows = ["1,images/a,x,images/m1", "1,images/a,y,images/m2", "2,images/b,y,"]
    assert rules(*rows, header=header) == [(3, "duplicate row: the same image and region as row 2")]


def test_series_of_one_folder_are_images_of_their_own(rules, make_cohort):
    study = make_cohort().parent / "1.2.840.99"
    study.mkdir()
    header = "subject_id,image,label,series_uid"
    assert rules("1,1.2.840.99,x,1.2.3", "1,1.2.840.99,y,1.2.4", header=header) == []
    assert rules("1,1.2.840.99,x,1.2.3", "1,1.2.840.99,y,1.2.3", header=header) == [
        (3, "duplicate row: the same sample as row 2")
    ]
