"""Subjects and images in two parts of a fold are counted from files that do not know of each other."""

from dataclasses import replace

import pytest

from medidense.rundir import separation_of
from medidense.values import Fold, SampleFacts, Separation, Splits

SUBJECT = {"a": "1", "b": "1", "c": "2", "d": "3", "e": "4"}
FOLDS = Splits(
    (
        Fold(0, ("c",), ("d",), ("a", "b"), SUBJECT, dropped=("e",)),
        Fold(1, ("a", "b"), (), ("c", "d", "e"), SUBJECT),
    ),
    "d" * 64,
)
PRINTS = {"a": "00", "b": "00", "c": "11", "d": "22", "e": "33"}


def facts(**changed: str) -> list[SampleFacts]:
    owners = SUBJECT | changed
    return [SampleFacts(name, owner, 1.0, 1.0, "CT", 0, 0, 0) for name, owner in owners.items()]


def test_what_is_apart_counts_nothing() -> None:
    expected = Separation(folds=2, subjects=4, rows=9, subjects_in_two=0, images=4, exact_copies=0)
    assert separation_of(FOLDS, facts(), PRINTS) == expected
    assert separation_of(FOLDS, [], PRINTS) == expected


@pytest.mark.parametrize(
    ("changed", "folds"),
    [
        ({"c": "1"}, 2),  # trained on and tested, whichever way round
        ({"d": "2"}, 1),  # trained on and validated with; tested together in the other fold
        ({"d": "1", "c": "1"}, 2),
        ({"e": "2"}, 0),  # dropped where the other is trained on
    ],
)
def test_a_subject_that_samples_csv_has_in_two_parts_is_counted(changed: dict[str, str], folds: int) -> None:
    assert separation_of(FOLDS, facts(**changed), PRINTS).subjects_in_two == folds


def test_samples_of_the_training_side_with_an_image_of_the_test_part_are_counted() -> None:
    found = separation_of(FOLDS, facts(), PRINTS | {"d": "00"})
    assert (found.exact_copies, found.images) == (1 + 2, 3)  # d in fold 0, a and b in fold 1
    assert separation_of(FOLDS, facts(), PRINTS | {"e": "11"}).exact_copies == 0
    assert found == replace(separation_of(FOLDS, facts(), PRINTS), exact_copies=3, images=3)


def test_without_a_digest_of_every_sample_no_image_is_compared() -> None:
    lacking = {name: digest for name, digest in PRINTS.items() if name != "e"}
    for prints in (None, lacking):
        found = separation_of(FOLDS, facts(), prints)
        assert (found.images, found.exact_copies) == (None, 0)
