"""Repeated, nested and given splits: by subject, nothing tested that trained, unlabelled rows train only."""

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePath

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from medidense.cohort import cut_folds, inner_folds, read_cohort, split_cohort
from medidense.errors import CohortError
from medidense.values import Cohort, Fold, Sample, SplitPlan, Splits

ROWS = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from(["x", "y", "x", "y", None]), st.sampled_from("AB")),
    min_size=16,
    max_size=40,
)


def cohort_of_rows(rows: list[tuple[object, str | None, str]], column: str = "site") -> Cohort:
    """Rows are (subject, label, cell of `column`)."""
    samples = (
        Sample(
            number + 2, f"S{who}", f"{number:03d}.png", PurePath(f"/d/{number}.png"), label, **{column: cell}
        )
        for number, (who, label, cell) in enumerate(rows)
    )
    return Cohort("made", tuple(samples))


def check_fold(cohort: Cohort, fold: Fold) -> None:
    """No subject on two sides; rows without a label train wherever their subject is not held back."""
    by_name = cohort.by_name()
    subjects = [
        {by_name[name].subject_id for name in part} for part in (fold.train, fold.validation, fold.test)
    ]
    assert not subjects[0] & subjects[1]
    assert not subjects[0] & subjects[2]
    assert not subjects[1] & subjects[2]
    assert all(by_name[name].label is not None for name in (*fold.validation, *fold.test))
    assert {by_name[name].label for name in fold.train} >= set(cohort.classes)
    assert list(fold.train) == sorted(fold.train)


@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS,
    kind=st.sampled_from(["kfold", "repeated", "nested", "site"]),
    share=st.sampled_from([None, 0.2]),
    by_site=st.booleans(),
    order=st.randoms(),
)
def test_any_cohort_with_rows_without_a_label(rows, kind, share, by_site, order):
    if kind == "site":  # a subject stays at its site
        homes = {who: cell for who, _, cell in rows}
        rows = [(who, label, homes[who]) for who, label, _ in rows]
    cohort = cohort_of_rows(rows)
    assume(len(cohort.classes) == 2)
    counted = kind != "site"
    stratify = "site" if by_site and counted else "label"
    plan = SplitPlan(kind, 3 if counted else None, 2 if kind == "repeated" else None, stratify, 4)
    try:
        splits = split_cohort(cohort, plan, validation_share=share)
    except CohortError:
        event("refused")
        return
    labelled = {sample.name for sample in cohort.samples if sample.label is not None}
    tested = defaultdict(list)
    for fold in splits.folds:
        check_fold(cohort, fold)
        tested[fold.repeat] += fold.test
        away = {fold.subject_of[name] for name in (*fold.validation, *fold.test)}
        for sample in cohort.samples:
            if sample.label is None and kind != "site":
                assert (sample.name in fold.train) == (sample.subject_id not in away)
    assert all(sorted(names) == sorted(labelled) for names in tested.values())
    shuffled = list(cohort.samples)
    order.shuffle(shuffled)
    assert split_cohort(Cohort("made", tuple(shuffled)), plan, validation_share=share) == splits


def even(subjects: int, **fields: object) -> Cohort:
    return Cohort(
        "made",
        tuple(
            Sample(number + 2, f"S{number}", f"{number:03d}.png", PurePath("/d"), "xy"[number % 2], **fields)
            for number in range(subjects)
        ),
    )


def test_rows_without_a_label_do_not_move_the_folds():
    plain = even(40)
    more = Sample(99, "S3", "more.png", PurePath("/d"), None)
    first, second = (
        cut_folds(cohort, folds=4, seed=2).folds for cohort in (plain, Cohort("made", (*plain.samples, more)))
    )
    assert [fold.test for fold in first] == [fold.test for fold in second]
    assert sum("more.png" in fold.train for fold in second) == 3


def test_the_first_repeat_is_the_single_run_and_the_others_are_other_cuts():
    cohort = even(40)
    plan = SplitPlan("repeated", folds=4, repeats=3, seed=5)
    splits = split_cohort(cohort, plan)
    assert [fold.index for fold in splits.folds] == list(range(12))
    assert [fold.test for fold in splits.folds[:4]] == [
        fold.test for fold in cut_folds(cohort, folds=4, seed=5).folds
    ]
    cuts = {frozenset(fold.test for fold in splits.folds if fold.repeat == repeat) for repeat in range(3)}
    assert len(cuts) == 3


def test_sites_are_alike_in_every_part_where_asked():
    rows = [(number, "xy"[number % 2], "A" if number < 20 else "B") for number in range(60)]
    cohort = cohort_of_rows(rows)
    by_name = cohort.by_name()
    for fold in cut_folds(cohort, folds=5, seed=1, by_site=True).folds:
        assert sum(by_name[name].site == "A" for name in fold.test) == 4
    with pytest.raises(CohortError, match="needs the site of every row"):
        cut_folds(even(20), folds=2, seed=0, by_site=True)


def test_inner_folds_lie_inside_the_outer_training_part():
    cohort = even(48)
    outer = cut_folds(cohort, folds=4, seed=0, validation_share=0.2)
    for fold in outer.folds:
        inner = inner_folds(cohort, fold, seed=0, validation_share=0.2)
        assert sorted(name for one in inner.folds for name in one.test) == sorted(
            (*fold.train, *fold.validation)
        )
        for one in inner.folds:
            check_fold(cohort, one)
            assert one.validation
            assert not set(fold.test) & {*one.train, *one.validation, *one.test}


def test_a_copy_of_a_tested_image_chooses_no_candidate():
    rows = [(number, "xy"[number % 2]) for number in range(24)]
    cohort = cohort_of_rows([(*row, "A") for row in (*rows, *rows)])
    fold = cut_folds(cohort, folds=3, seed=0).folds[0]
    copy = fold.train[0]
    assert sum(fold.subject_of[name] == fold.subject_of[copy] for name in fold.train) == 2
    inner = inner_folds(cohort, fold.without(frozenset({copy})), seed=0)
    seen = {name for one in inner.folds for name in (*one.train, *one.validation, *one.test)}
    assert seen == {*fold.train} - {copy}


def test_a_site_is_left_out_once():
    rows = [(number, "xy"[number % 2], "BA"[number % 3 == 0]) for number in range(12)]
    rows += [(20, "x", "C"), (21, "x", "C"), (22, None, "C"), (23, None, "A")]
    splits = split_cohort(cohort_of_rows(rows), SplitPlan("site"))
    by_name = cohort_of_rows(rows).by_name()
    assert splits.names == ("site A", "site B", "site C")
    for fold, site in zip(splits.folds, "ABC", strict=True):
        assert {by_name[name].site for name in fold.test} == {site}
        assert site not in {by_name[name].site for name in fold.train}
    assert "014.png" in splits.folds[0].train
    assert "015.png" not in splits.folds[0].train


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(1, "x", "A"), (2, "y", "A"), (3, "x", "A")], "needs 2 sites"),
        ([(1, "x", ""), (2, "y", "")], "needs the column site"),
        ([(1, "x", "A"), (2, "y", "B"), (3, "x", "")], "made row 4: site is empty"),
        (
            [(1, "x", "A"), (2, "y", "B"), (1, "y", "B")],
            "made row 4: its subject has another site in row 2; put all rows",
        ),
        (
            [(1, "x", "Aachen"), (2, "y", "B"), (3, "x", "aachen ")],
            "row 4: the site differs from that of row 2 only",
        ),
        ([(1, "x", "A"), (2, "y", "B"), (3, "x", "A")], "without the site of row 2 it has no x"),
    ],
)
def test_sites_that_cannot_be_left_out(rows, words):
    with pytest.raises(CohortError, match=words):
        split_cohort(cohort_of_rows(rows), SplitPlan("site"))


def words_cohort() -> Cohort:
    cells = ["train"] * 8 + ["val"] * 4 + ["Test"] * 4
    rows = [(number, "xy"[number % 2], cell) for number, cell in enumerate(cells)]
    rows += [(30, None, "train"), (31, None, "val"), (32, None, "test")]
    return cohort_of_rows(rows, "split")


def names(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number:03d}.png" for number in numbers)


def test_given_words_are_taken_as_they_are():
    stopping = split_cohort(words_cohort(), SplitPlan("column"), validation_share=0.2)
    plain = split_cohort(words_cohort(), SplitPlan("column"))
    (first,), (second,) = stopping.folds, plain.folds
    assert (first.train, first.validation, first.test) == (
        names(*range(8), 16),
        names(*range(8, 12)),
        names(*range(12, 16)),
    )
    assert (second.train, second.validation) == (names(*range(12), 16, 17), ())
    assert second.test == first.test
    assert stopping.notes == ("One given split: 4 of 16 samples are tested.",)
    assert plain.notes[1] == "The 5 rows of split val were trained on: the recipe does not stop early."


def test_without_val_a_recipe_that_stops_early_cuts_one_out_of_train():
    rows = [(number, "xy"[number % 2], "train" if number < 30 else "test") for number in range(40)]
    (fold,) = split_cohort(cohort_of_rows(rows, "split"), SplitPlan("column"), validation_share=0.2).folds
    assert 4 <= len(fold.validation) <= 8
    assert len(fold.train) + len(fold.validation) == 30
    check_fold(cohort_of_rows(rows, "split"), fold)


def test_given_numbers_are_the_folds():
    rows = [(number, "xy"[number % 2], str(number // 2 % 3)) for number in range(24)]
    cohort = cohort_of_rows([*rows, (50, None, "1")], "split")
    splits = split_cohort(cohort, SplitPlan("column"))
    assert [len(fold.test) for fold in splits.folds] == [8, 8, 8]
    assert splits.folds[1].test == names(2, 3, 8, 9, 14, 15, 20, 21)
    assert ["024.png" in fold.train for fold in splits.folds] == [True, False, True]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["", "", "", ""], "needs the column split"),
        (["train", "train", "", "test"], "made row 4: split is empty"),
        (["train", "train", "tets", "test"], "made row 4: unknown part in split; found 'tets'"),
        (["train", "1", "0", "test"], "made row 3: unknown part"),
        (["train", "train", "train", "train"], "found no test"),
        (["test", "test", "test", "val"], "found no train|has no x"),
        (["1", "1", "2", "2"], "count from 0"),
        (["0", "0", "0", "0"], "count from 0"),
        (["train", "test", "test", "test"], "has no y"),
    ],
)
def test_columns_that_do_not_hold(cells, words):
    cohort = cohort_of_rows([(n, "xy"[n % 2], cell) for n, cell in enumerate(cells)], "split")
    with pytest.raises(CohortError, match=words):
        split_cohort(cohort, SplitPlan("column"), validation_share=0.2)


def test_a_subject_in_two_given_parts_is_named():
    rows = [(1, "x", "train"), (2, "y", "train"), (1, "y", "test"), (3, "y", "val"), (3, "x", "train")]
    with pytest.raises(CohortError) as caught:
        split_cohort(cohort_of_rows(rows, "split"), SplitPlan("column"), validation_share=0.2)
    assert [line.split(":")[0] for line in caught.value.lines] == ["made row 4", "made row 6"]
    without = [row for row in rows if row[0] != 1] + [(4, "x", "test"), (5, "x", "train")]
    assert len(split_cohort(cohort_of_rows(without, "split"), SplitPlan("column")).folds) == 1


def test_splits_are_built_anew_when_a_part_changes():
    splits = split_cohort(words_cohort(), SplitPlan("column"))
    with pytest.raises(ValueError, match="is in train and in test"):
        replace(splits.folds[0], test=(*splits.folds[0].test, splits.folds[0].train[0]))
    assert isinstance(splits, Splits)


def test_shared_nodules_without_labels_train_only(shared_data):
    labelled = read_cohort(shared_data / "lidc/cohort.csv")
    extra = [
        Sample(1000 + number, sample.subject_id, f"u{number}.nii.gz", PurePath("/d"), None)
        for number, sample in enumerate(labelled.samples[:60])
    ]
    cohort = Cohort("all", (*labelled.samples, *extra))
    plain, more = (cut_folds(one, folds=5, seed=0).folds for one in (labelled, cohort))
    assert [fold.test for fold in plain] == [fold.test for fold in more]
    assert all(len(fold.train) > len(other.train) for fold, other in zip(more, plain, strict=True))
