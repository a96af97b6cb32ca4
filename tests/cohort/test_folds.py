"""Folds by subject: nothing overlaps, everything is tested once, the order of rows says nothing."""

from collections import Counter
from pathlib import PurePath

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from medidense.cohort import cut_folds, read_cohort
from medidense.cohort.cutting import Rows, cut_rows
from medidense.errors import CohortError, UsageError
from medidense.values import Cohort, Sample

SUBJECTS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=4, max_size=24)


def cohort_from(subjects: list[list[str]]) -> Cohort:
    rows = [(f"S{number}", label) for number, labels in enumerate(subjects) for label in labels]
    return Cohort(
        "made",
        tuple(
            Sample(number, subject, f"{number}.png", PurePath(f"/d/{number}.png"), label)
            for number, (subject, label) in enumerate(rows)
        ),
    )


def subjects_by_class(subjects: list[list[str]]) -> Counter[str]:
    return Counter(label for labels in subjects for label in set(labels))


@settings(max_examples=40, deadline=None)
@given(
    subjects=SUBJECTS,
    folds=st.integers(2, 5),
    seed=st.integers(0, 9),
    share=st.sampled_from([None, 0.2]),
    order=st.randoms(),
)
def test_any_structure_of_subjects(subjects, folds, seed, share, order):
    cohort = cohort_from(subjects)
    counts = subjects_by_class(subjects)
    assume(len(counts) > 1)
    if min(counts.values()) < folds:
        with pytest.raises(CohortError, match="cannot work"):
            cut_folds(cohort, folds=folds, seed=seed, validation_share=share)
        return
    try:
        splits = cut_folds(cohort, folds=folds, seed=seed, validation_share=share)
    except (
        CohortError
    ):  # subjects with several classes: rarely no cut exists, and few leave no validation part
        event("refused")
        assume(False)
    everything = {sample.name for sample in cohort.samples}
    label_of = {sample.name: sample.label for sample in cohort.samples}
    assert sorted(name for fold in splits.folds for name in fold.test) == sorted(everything)
    for fold in splits.folds:
        parts = [set(fold.train), set(fold.validation), set(fold.test)]
        assert set.union(*parts) == everything
        owners = [{fold.subject_of[name] for name in part} for part in parts]
        assert not owners[0] & owners[1]
        assert not owners[0] & owners[2]
        assert not owners[1] & owners[2]
        assert {label_of[name] for name in fold.train} == set(counts)
        assert bool(fold.validation) == (share is not None)
    shuffled = list(cohort.samples)
    order.shuffle(shuffled)
    again = cut_folds(Cohort("made", tuple(shuffled)), folds=folds, seed=seed, validation_share=share)
    assert again == splits


def test_enough_subjects_can_always_be_cut():
    rng = np.random.default_rng(0)
    for number in range(15):
        subjects = np.sort(rng.integers(0, 25, 60))
        labels = rng.integers(0, 2, 60)
        rows = Rows(labels, np.unique(subjects, return_inverse=True)[1], labels)
        if min(rows.subjects_by_class().values()) >= 5:
            cut = cut_rows(rows, 5, number)
            assert cut is not None
            assert all(set(rows.labels[cut == part]) == {0, 1} for part in range(5))


def test_a_training_part_never_lacks_a_class(cohort_of):
    subjects, labels = (1, 3, 4, 2, 4, 1, 1, 0), (1, 2, 0, 1, 0, 0, 2, 2)
    rows = [(f"S{subject}", str(label)) for subject, label in zip(subjects, labels, strict=True)]
    with pytest.raises(CohortError, match="subjects by class: 0: 2, 1: 2, 2: 3; add subjects"):
        cut_folds(cohort_of(*rows), folds=2, seed=0)


def test_folds_are_even_and_stratified(cohort_of):
    cohort = cohort_of(*[(f"S{number // 2}", "x" if number % 10 < 3 else "y") for number in range(200)])
    splits = cut_folds(cohort, folds=5, seed=0)
    label_of = {sample.name: sample.label for sample in cohort.samples}
    for index, fold in enumerate(splits.folds):
        assert fold.index == index
        assert abs(len(fold.test) - 40) <= 4
        assert abs(sum(label_of[name] == "x" for name in fold.test) - 12) <= 3
    assert splits.cohort_digest == cohort.digest


def test_the_seed_decides(cohort_of):
    cohort = cohort_of(*[(f"S{number}", "xy"[number % 2]) for number in range(40)])
    cuts = {cut_folds(cohort, folds=4, seed=seed).folds[0].test for seed in range(4)}
    assert len(cuts) == 4
    assert cut_folds(cohort, folds=4, seed=1) == cut_folds(cohort, folds=4, seed=1)


def test_the_validation_part_has_about_its_share(cohort_of):
    cohort = cohort_of(*[(f"S{number}", "xyy"[number % 3]) for number in range(90)])
    label_of = {sample.name: sample.label for sample in cohort.samples}
    for share in (0.1, 0.25, 0.4):
        for fold in cut_folds(cohort, folds=3, seed=0, validation_share=share).folds:
            assert len(fold.validation) == pytest.approx(60 * share, abs=5)
            assert {label_of[name] for name in fold.validation} == {"x", "y"}
    plain = cut_folds(cohort, folds=3, seed=0)
    assert [fold.test for fold in plain.folds] == [
        fold.test for fold in cut_folds(cohort, folds=3, seed=0, validation_share=0.2).folds
    ]


def test_more_folds_than_subjects_of_the_rarest_class(cohort_of):
    rows = [("A", "x"), ("A", "x"), ("B", "x"), ("C", "x"), *((f"S{n}", "y") for n in range(20))]
    with pytest.raises(CohortError) as caught:
        cut_folds(cohort_of(*rows), folds=5, seed=0)
    assert caught.value.lines == (
        "made: this many folds cannot work with these counts; found 5 folds; subjects by class: x: 3, y: 20; "
        "choose 3 folds or fewer",
    )
    assert len(cut_folds(cohort_of(*rows), folds=3, seed=0).folds) == 3


def test_a_class_of_one_subject(cohort_of):
    rows = [("A", "x"), ("A", "x"), *((f"S{n}", "y") for n in range(9))]
    with pytest.raises(CohortError, match="x: 1, y: 9; add subjects: each class needs 2 or more"):
        cut_folds(cohort_of(*rows), folds=2, seed=0)


@pytest.mark.parametrize(("folds", "seed"), [(1, 0), (0, 0), (-3, 0), (2, -1), (2, 2**32)])
def test_settings_that_do_not_hold(cohort_of, folds, seed):
    with pytest.raises(UsageError):
        cut_folds(cohort_of(("A", "x"), ("B", "y"), ("C", "x"), ("D", "y")), folds=folds, seed=seed)


def test_too_few_subjects_for_a_validation_part(cohort_of):
    rows = [("A", "x"), ("B", "x"), *((f"S{n}", "y") for n in range(9))]
    with pytest.raises(CohortError, match="train without early stopping"):
        cut_folds(cohort_of(*rows), folds=2, seed=0, validation_share=0.2)


def test_shared_nodules(shared_data):
    splits = cut_folds(read_cohort(shared_data / "lidc/cohort.csv"), folds=5, seed=0)
    assert sum(len(fold.test) for fold in splits.folds) == 391
    assert all(70 <= len(fold.test) <= 86 for fold in splits.folds)
