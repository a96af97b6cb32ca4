"""Ratings and further columns as training targets."""

import numpy as np
import pytest

from medidense.cohort import read_cohort, read_targets
from medidense.errors import CohortError
from medidense.values.labels import Auxiliary, Labels, SoftLabel

HEADER = "subject_id,image,label,rating,margin"
SOFT = Labels(soft=SoftLabel(column="rating", low=1, high=5), train_only=True)


@pytest.fixture
def table(make_cohort):
    def made(*cells):
        rows = [f"P{n},images/{n}.nii.gz,{cell}" for n, cell in enumerate(cells)]
        return read_cohort(make_cohort(*rows, header=HEADER), unlabelled=True)

    return made


def test_a_rating_is_a_probability_of_the_positive_class(table):
    cohort = table("1,5,1", "0,2,", "0,,2", ",3,1")
    targets = read_targets(cohort, SOFT, "1")
    assert targets.auxiliary is None
    np.testing.assert_allclose(targets.probabilities[:, 1], [1.0, 0.25, 0.0, 0.5])
    np.testing.assert_allclose(targets.probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(read_targets(cohort, SOFT, "0").probabilities[:, 0], [1.0, 0.25, 1.0, 0.5])


def test_auxiliary_columns_are_as_typed_with_gaps(table):
    labels = Labels(auxiliary=Auxiliary(columns=("margin", "rating")))
    targets = read_targets(table("1,5,1.5", "0,2,"), labels, "1")
    np.testing.assert_array_equal(targets.auxiliary, [[1.5, 5], [np.nan, 2]])
    assert targets.probabilities is None


def test_without_either_the_labels_are_all_there_is(table):
    targets = read_targets(table("1,5,1", "0,2,"), Labels(), "1")
    assert targets.probabilities is targets.auxiliary is None


@pytest.mark.parametrize(
    ("cells", "labels", "lines"),
    [
        (("1,high,1", "0,2,1"), SOFT, ["row 2: rating is no number; found 'high'"]),
        (("1,6,1", "0,0.5,1"), SOFT, ["row 2: rating lies from 1 to 5; found 6", "row 3: rating lies"]),
        (("1,5,1", "0,2,1", ",,3"), SOFT, ["row 4: a row without a label needs a rating"]),
        (("a,5,1", "b,2,1", "c,3,1"), SOFT, ["a soft label is for two classes; found 3"]),
        (
            ("1,5,1", "0,2,1"),
            Labels(auxiliary=Auxiliary(columns=("sphericity",))),
            ["names a column that is not there; found sphericity; name one of the table's further columns: "],
        ),
    ],
)
def test_each_bad_cell_has_its_line(table, cells, labels, lines):
    with pytest.raises(CohortError) as caught:
        read_targets(table(*cells), labels, "1" if "1,5,1" in cells or "0" in cells[-1] else "0")
    assert len(caught.value.lines) == len(lines)
    for found, wanted in zip(caught.value.lines, lines, strict=True):
        assert wanted in found
