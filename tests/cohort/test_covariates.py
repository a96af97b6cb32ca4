"""A fold's encoding comes from its training part alone; a column that cannot be one is named."""

import pytest

from medidense.cohort import read_cohort, read_covariates
from medidense.errors import CohortError
from medidense.values import Covariates

HEADER = "subject_id,image,label,age,sex"


def table(make_cohort, *cells, header=HEADER):
    lines = (f"p{n},images/{n}.png,{n % 2},{cell}" for n, cell in enumerate(cells))
    return read_cohort(make_cohort(*lines, header=header))


def wanted(*columns):
    return Covariates(columns=columns)


def test_mean_deviation_and_levels_are_those_of_the_rows_asked_for(make_cohort):
    cohort = table(make_cohort, "40,F", "60,M", ",", "1000,X")
    known = read_covariates(cohort, wanted("age", "sex"))
    encoding = known.encoding([0, 1, 2])
    age, sex = encoding.covariates
    assert (age.mean, age.sd, age.low, age.high) == (50, 10, 40, 60)
    assert sex.levels == ("F", "M")
    assert known.vectors(encoding, [0, 2, 3]).tolist() == [
        [-1, 0, 1, 0, 0],
        [0, 1, 0, 0, 1],
        [95, 0, 0, 0, 1],
    ]


def test_rows_follow_the_sorted_names(make_cohort):
    lines = ["p1,images/b.png,0,1", "p2,images/a.png,1,2"]
    cohort = read_cohort(make_cohort(*lines, header="subject_id,image,label,age"))
    known = read_covariates(cohort, wanted("age"))
    assert [cells["age"] for cells in known.cells] == ["2", "1"]


def test_a_constant_and_an_unknown_column_of_numbers_do_no_harm(make_cohort):
    known = read_covariates(table(make_cohort, "5,F", "5,F", ",F"), wanted("age"))
    assert known.encoding([0, 1]).covariates[0].sd == 1
    empty = known.encoding([2])
    assert known.vectors(empty, [0, 2]).tolist() == [[5, 0], [0, 1]]


def test_numbers_in_the_whole_table_make_a_column_numeric(make_cohort):
    known = read_covariates(table(make_cohort, "40,1", "60,M"), wanted("age", "sex"))
    assert known.numeric == {"age": True, "sex": False}
    assert known.encoding([0]).covariates[1].levels == ("1",)


def test_every_column_that_cannot_be_a_covariate_is_named(make_cohort):
    cells = [f"word{n},F,S" for n in range(22)]
    cohort = table(make_cohort, *cells, header=f"{HEADER},site")
    with pytest.raises(CohortError) as caught:
        read_covariates(cohort, wanted("age", "sax", "site"))
    lines = caught.value.lines
    assert len(lines) == 3
    assert "age has 22" in lines[0]
    assert "'word0'" in lines[0]
    assert "sax" in lines[1]
    assert "age, sex" in lines[1]
    assert "site" in lines[2]


def test_an_empty_column_is_told_and_a_training_part_without_a_word_knows_none(make_cohort):
    cohort = table(make_cohort, ",", ",F")
    with pytest.raises(CohortError, match="age is empty in every row"):
        read_covariates(cohort, wanted("age"))
    known = read_covariates(cohort, wanted("sex"))
    encoding = known.encoding([0])
    assert encoding.covariates[0].levels == ()
    assert known.vectors(encoding, [0, 1]).tolist() == [[1], [1]]


def test_without_covariates_nothing_is_read(make_cohort):
    assert read_covariates(table(make_cohort, "1,F", "2,M"), None) is None


def test_a_number_whose_square_is_no_number_is_named(make_cohort):
    cohort = table(make_cohort, "40,F", "-1e200,M", "1e300,F")
    with pytest.raises(CohortError, match=r"row 3: a number of the covariate age is at most 1e\+15"):
        read_covariates(cohort, wanted("age"))
