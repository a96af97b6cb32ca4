"""What the page says of a split is true of that split, and is read in a time that grows with the rows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from medidense import durable
from medidense.cohort import read_cohort, split_cohort
from medidense.values import Cohort, Fold, Predictions, Recipe, SampleFacts, SplitPlan, Splits, parse_recipe
from medidense.verbs.run_contents import _flow, _fold, _split_words
from medidense.verbs.splitting import trained_on

INTENSITY = {"rule": "percentiles", "low": 1, "high": 99}
PARTS = ("train", "train", "train", "train", "val", "test", "test", "test", "train", "test")
LABELS = ("a", "b", "a", "", "b", "a", "b", "", "", "a")
"""Three rows of these ten have no label: two of the training part, one of the test part."""


def recipe(train_only: bool) -> Recipe:
    labels = {"train_only": train_only} | ({"auxiliary": {"columns": ["size"]}} if train_only else {})
    tree = {
        "labels": labels,
        "input": {"dims": 2, "region": "whole", "size": [32, 32], "intensity": INTENSITY},
    }
    return parse_recipe(tree, "test")


@pytest.fixture
def table(tmp_path: Path) -> Cohort:
    """Ten pictures of ten subjects, some without a label, with parts that are given."""
    for row in range(len(PARTS)):
        Image.new("L", (8, 8), row * 20).save(tmp_path / f"{row}.png")
    rows = [
        (f"P{row}", f"{row}.png", label, part)
        for row, (label, part) in enumerate(zip(LABELS, PARTS, strict=True))
    ]
    durable.write_csv(tmp_path / "study.csv", ("subject_id", "image", "label", "split"), rows)
    return read_cohort(tmp_path / "study.csv", unlabelled=True)


def run_of(table: Cohort, splits: Splits, *, train_only: bool = True, **about: object) -> SimpleNamespace:
    """What `_flow` reads of a run directory."""
    facts = tuple(
        SampleFacts(one.name, one.subject_id, None, None, "CT", 0.0, 0.0, 0.0) for one in table.samples
    )
    return SimpleNamespace(
        splits=lambda: splits,
        facts=lambda: facts,
        recipe=lambda: recipe(train_only),
        about=lambda: {"asked": {"split": "column"}, **about},
    )


def scored(splits: Splits) -> Predictions:
    """Scores of the samples that are tested."""
    folds = splits.tested_in()
    names = tuple(sorted(folds))
    number, subject_of = len(names), {}
    for fold in splits.folds:
        subject_of |= fold.subject_of
    return Predictions(
        ("a", "b"),
        "b",
        names,
        tuple(subject_of[name] for name in names),
        np.array([folds[name] for name in names]),
        np.arange(number) % 2,
        np.full((number, 2), 0.5),
    )


def unlabelled(run: SimpleNamespace) -> int | None:
    return _flow(run, scored(run.splits())).unlabelled  # type: ignore[arg-type]


def test_rows_without_a_label_are_counted_where_a_test_part_was_given(table: Cohort) -> None:
    splits = split_cohort(table, SplitPlan("column"))
    assert len(splits.folds) == 1
    assert unlabelled(run_of(table, splits, trained_on=trained_on(table, splits))) == 3


def test_rows_without_a_label_are_counted_where_folds_were_given(table: Cohort) -> None:
    numbers = [row % 3 for row in range(len(PARTS))]
    samples = tuple(
        replace(one, split=str(number)) for one, number in zip(table.samples, numbers, strict=True)
    )
    given = replace(table, samples=samples)
    splits = split_cohort(given, SplitPlan("column"))
    assert unlabelled(run_of(given, splits, trained_on=trained_on(given, splits))) == 3


def test_what_does_not_tell_how_many_labels_there_are_is_not_known(table: Cohort) -> None:
    splits = split_cohort(table, SplitPlan("column"))
    assert unlabelled(run_of(table, splits)) is None, "a run of an older version"
    fewer = replace(splits, folds=(splits.folds[0].without(frozenset(splits.folds[0].train[:1])),))
    dropped = run_of(table, fewer, trained_on=trained_on(table, fewer))
    assert unlabelled(dropped) is None, "a dropped copy may have had a label or not"
    assert unlabelled(run_of(table, fewer, train_only=False)) == 0, "a row without a label stops such a run"


class Counted(tuple[str, ...]):
    """How often its items are walked over."""

    walks = 0

    def __iter__(self) -> Iterator[str]:
        self.walks += 1
        return super().__iter__()


def test_the_test_part_is_not_walked_over_for_every_row() -> None:
    names = Counted(f"{row:03d}" for row in range(200))
    fold = Fold(0, ("other",), (), names, {name: name for name in (*names, "other")})
    table = scored(Splits((fold,), "ab"))
    names.walks = 0
    found = _fold(fold, "", table, {*names, "other"})
    assert found.classes == {"a": 100, "b": 100}
    assert names.walks < 10


@pytest.mark.parametrize(
    ("asked", "folds", "words"),
    [
        ({}, 5, "kfold: 5 folds by subject, alike in label"),
        ({"stratify": "site"}, 5, "kfold: 5 folds by subject, alike in site"),
        (
            {"split": "repeated", "repeats": 3},
            5,
            "repeated: 5 folds by subject, alike in label, 3 repeats",
        ),
        ({"split": "nested"}, 5, "nested: 5 folds by subject, alike in label"),
        ({"split": "site", "stratify": "label"}, 3, "site: 3 folds by subject"),
        ({"split": "column", "stratify": "label"}, 1, "column: 1 fold by subject"),
    ],
)
def test_only_a_cut_that_is_stratified_is_said_to_be_alike(
    asked: dict[str, object], folds: int, words: str
) -> None:
    run = SimpleNamespace(about=lambda: {"asked": asked}, folds=folds)
    assert _split_words(run) == words  # type: ignore[arg-type]
