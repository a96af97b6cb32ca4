"""Several labels at once: the columns, their cells, the cut, and copies that contradict each other."""

import numpy as np
import pytest

from medidense.cohort import cut_folds, find_leaks, inner_folds, label_array, plan_recipe, read_cohort
from medidense.cohort.assembling import Labelled
from medidense.errors import CohortError

HEADER = "subject_id,image,label_cyst,label_mass,age"


def table(make_cohort, *cells: str, header: str = HEADER):
    return make_cohort(*(f"P{n},images/{n}.nii,{cell},60" for n, cell in enumerate(cells)), header=header)


def problems(path) -> list[str]:
    with pytest.raises(CohortError) as caught:
        read_cohort(path)
    return caught.value.lines


def test_cells_are_read_and_empty_ones_stay_unknown(make_cohort):
    cohort = read_cohort(table(make_cohort, "1,0", "0.0,", " 1 ,1.0"))
    assert cohort.multi_label
    assert cohort.classes == ("cyst", "mass")
    assert [dict(sample.labels) for sample in cohort.samples] == [
        {"cyst": True, "mass": False},
        {"cyst": False, "mass": None},
        {"cyst": True, "mass": True},
    ]
    assert cohort.samples[0].extra == {"age": "60"}
    assert label_array(cohort.samples, cohort.classes).tolist() == [[1, 0], [0, -1], [1, 1]]
    assert cohort.class_counts() == {"cyst": 2, "mass": 1}


def test_with_a_column_label_they_are_further_columns(make_cohort):
    path = make_cohort(
        "P1,images/1.nii,x,1", "P2,images/2.nii,y,maybe", header="subject_id,image,label,label_mass"
    )
    cohort = read_cohort(path)
    assert not cohort.multi_label
    assert cohort.samples[1].extra == {"label_mass": "maybe"}


@pytest.mark.parametrize(
    ("cell", "rule"),
    [("yes,0", "label_cyst is 1, 0 or empty; found 'yes'"), (",", "no label of the row is known; found ''")],
)
def test_every_odd_cell_is_told(make_cohort, cell, rule):
    (line,) = problems(table(make_cohort, "1,0", cell, "0,1"))
    assert f"row 3: {rule}" in line


def test_rows_without_a_known_label_may_train(make_cohort):
    cohort = read_cohort(table(make_cohort, "1,0", ",", "0,1"), unlabelled=True)
    assert [sample.labelled for sample in cohort.samples] == [True, False, True]


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ("label_cyst,Label-mass", "a column that is nearly label_<name> would not be read"),
        ("label_cyst,label_", "a column label_<name> has a name"),
        ("label_cyst,label_a;b", "a column label_<name> has a name"),
    ],
)
def test_odd_names_of_columns_are_refused(make_cohort, columns, rule):
    lines = problems(table(make_cohort, "1,0", "0,1", header=f"subject_id,image,{columns},age"))
    assert any(rule in line for line in lines)


def test_a_label_of_one_kind_cannot_be_learnt(make_cohort):
    cohort = read_cohort(table(make_cohort, "1,0", "0,0", "1,"))
    with pytest.raises(CohortError, match="'mass' has rows of both kinds; found no mass=1"):
        cut_folds(cohort, folds=2, seed=0)


def test_the_digest_knows_the_labels_and_not_the_order_of_rows(make_cohort):
    first = read_cohort(table(make_cohort, "1,0", "0,1")).digest
    assert read_cohort(table(make_cohort, "1,0", "0,")).digest != first
    assert read_cohort(table(make_cohort, "1.0,0", "0,1.0")).digest == first


def rare(make_cohort, count: int = 40):
    """Mass is common, cyst is rare: 5 of 40, some with mass; two rows a subject."""
    rows = []
    for n in range(count):
        cyst, mass = int(n < 5), int(n % 2 == 0)
        rows += [f"P{n:02d},images/{n}a.nii,{cyst},{mass},1", f"P{n:02d},images/{n}b.nii,,0,1"]
    return read_cohort(make_cohort(*rows, header=HEADER))


@pytest.mark.parametrize("seed", range(5))
def test_the_rarest_label_of_a_subject_is_shared_out_and_no_training_part_lacks_a_side(make_cohort, seed):
    cohort = rare(make_cohort)
    splits = cut_folds(cohort, folds=5, seed=seed, validation_share=0.2)
    by_name, tested = cohort.by_name(), []
    for fold in splits.folds:
        tested += fold.test
        assert not {by_name[n].subject_id for n in fold.test} & {by_name[n].subject_id for n in fold.train}
        sides = {side for name in fold.train for side in cohort.sides_of(by_name[name])}
        assert sides == set(cohort.sides)
        assert sum(by_name[name].labels["cyst"] is True for name in fold.test) == 1
        assert 3 <= sum(by_name[name].labels["mass"] is True for name in fold.test) <= 5
    assert sorted(tested) == sorted(by_name)
    assert len(inner_folds(cohort, splits.folds[0], seed=seed).folds) == 3


def test_a_label_of_two_subjects_is_enough_for_five_folds_and_one_is_not(make_cohort):
    cells = [f"{int(n < 2)},{n % 2}" for n in range(20)]
    assert len(cut_folds(read_cohort(table(make_cohort, *cells)), folds=5, seed=0).folds) == 5
    cells = [f"{int(n < 1)},{n % 2}" for n in range(20)]
    with pytest.raises(CohortError, match="cyst=1: 1"):
        cut_folds(read_cohort(table(make_cohort, *cells)), folds=5, seed=0)


def test_strata_are_the_rarest_positive_label_of_the_subject(make_cohort):
    cohort = read_cohort(table(make_cohort, "1,1", "0,1", "0,1", "0,0", ",0"))
    assert Labelled.of(cohort).rows.labels.tolist() == [0, 1, 1, 2, 2]
    assert np.array_equal(Labelled.of(cohort).rows.sides[0], [False, True, False, True])


@pytest.mark.parametrize(("second", "told"), [("1,1", True), ("1,", False), (",0", False), ("1,0", False)])
def test_copies_contradict_each_other_where_both_say_something(make_cohort, image_facts, second, told):
    rows = ["P1,images/a.nii,1,0,1", f"P1,images/b.nii,{second},1", "P2,images/c.nii,0,1,1"]
    cohort = read_cohort(make_cohort(*rows, header=HEADER))
    facts = [
        image_facts(sample=one.name, digest="c" if "c.nii" in one.image else "same") for one in cohort.samples
    ]
    leaks = [leak for leak in find_leaks(cohort, facts) if leak.kind == "exact"]
    assert [leak.two_labels for leak in leaks] == [True] * told


def test_the_plan_of_several_labels_balances_each_in_the_loss(planned):
    recipe = plan_recipe(planned(class_counts={"cyst": 20, "mass": 100}, without={"cyst": 300, "mass": 110}))
    assert recipe.labels.kind == "multi_label"
    assert "label_<name>" in recipe.reasons["labels.kind"]
    assert (recipe.training.sampling, recipe.training.class_weights) == ("shuffled", "balanced")
    assert "cyst: 20 with, 300 without" in recipe.reasons["training.class_weights"]
    even = plan_recipe(planned(class_counts={"mass": 100}, without={"mass": 110}))
    assert even.training.class_weights == "none"


def test_the_plan_of_more_than_two_classes_tells_of_grades(planned):
    assert "ordinal" in plan_recipe(planned(class_counts={"1": 9, "2": 9, "3": 9})).reasons["labels.kind"]
    assert "ordinal" not in plan_recipe(planned()).reasons["labels.kind"]
