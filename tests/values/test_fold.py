"""An overlap cannot be built."""

import pytest

from medidense.values import Fold, Splits

SUBJECT = {"a": "1", "b": "1", "c": "2", "d": "3"}


def test_a_subject_on_both_sides_is_refused() -> None:
    with pytest.raises(ValueError, match="a subject is in train and in test"):
        Fold(0, ("a", "c"), (), ("b",), SUBJECT)


def test_a_subject_in_validation_and_test_is_refused() -> None:
    with pytest.raises(ValueError, match="validation"):
        Fold(0, ("c",), ("a",), ("b",), SUBJECT)


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        Fold(0, ("a",), (), (), SUBJECT)


def test_a_sample_is_tested_once() -> None:
    fold = Fold(0, ("c", "d"), (), ("a", "b"), SUBJECT)
    assert Splits((fold,), "x").folds == (fold,)
    with pytest.raises(ValueError, match="tested in two folds"):
        Splits((fold, Fold(1, ("c", "d"), (), ("a", "b"), SUBJECT)), "x")


def test_samples_leave_the_training_side_alone() -> None:
    fold = Fold(0, ("c", "e"), ("d",), ("a", "b"), SUBJECT | {"e": "4"})
    thinner = fold.without(frozenset({"c", "d", "a"}))
    assert (thinner.train, thinner.validation, thinner.test) == (("e",), (), ("a", "b"))
    assert thinner.dropped == ("c", "d")
    assert thinner.subject_of == fold.subject_of
    with pytest.raises(ValueError, match="must not be empty"):
        fold.without(frozenset({"c", "e"}))


def test_repeats_test_the_same_samples_once_each():
    first, second = Fold(0, ("c", "d"), (), ("a", "b"), SUBJECT), Fold(1, ("a", "b"), (), ("c", "d"), SUBJECT)
    again = [
        Fold(2, ("c", "d"), (), ("a", "b"), SUBJECT, 1),
        Fold(3, ("a", "b"), (), ("c", "d"), SUBJECT, 1),
    ]
    splits = Splits((first, second, *again), "x")
    assert splits.repeats == 2
    assert splits.tested_in() == {"a": 0, "b": 0, "c": 1, "d": 1}
    with pytest.raises(ValueError, match="different samples"):
        Splits((first, second, again[0]), "x")
    with pytest.raises(ValueError, match="counted from 0"):
        Splits((second,), "x")


def test_who_has_not_seen_a_subject():
    fold = Fold(0, ("c",), ("d",), ("a", "b"), SUBJECT)
    splits = Splits((fold,), "x")
    assert splits.unseen_by(SUBJECT["a"]) == 0
    assert splits.unseen_by(SUBJECT["c"]) is None
