"""The spread of repeats is of the repeats' own scores, the figure of their mean."""

from dataclasses import replace

import numpy as np
import pytest

from medidense.stats import auroc, evaluate_predictions, with_repeats
from medidense.values import Predictions
from medidense.values.recipe import EvaluationRules


def test_repeats_stand_beside_the_figure_of_the_mean() -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"{row:02d}" for row in range(40))
    label = np.arange(40) % 2
    repeats = []
    for repeat in range(3):
        score = np.clip(0.3 * label + rng.uniform(0, 0.7, 40), 0, 1)
        fold = 2 * repeat + np.arange(40) // 20
        repeats.append(
            Predictions(("a", "b"), "b", names, names, fold, label, np.stack([1 - score, score], axis=1))
        )
    mean = replace(repeats[0], scores=np.mean([one.scores for one in repeats], axis=0))
    plain = evaluate_predictions(mean, (), EvaluationRules(bootstrap=200), cohort_digest="d")
    told = with_repeats(plain, repeats)
    areas = [auroc(one.label, one.scores, 1) for one in repeats]
    assert told.repeats is not None
    assert told.repeats.auroc == tuple(areas)
    assert told.repeats.mean == pytest.approx(np.mean(areas))
    assert told.repeats.standard_deviation == pytest.approx(np.std(areas, ddof=1))
    assert (told.repeats.lowest, told.repeats.highest) == (min(areas), max(areas))
    assert told.auroc == plain.auroc
    assert [fold.fold for fold in told.folds] == list(range(6))
    first = repeats[2].fold == 4
    assert told.folds[4].auroc == auroc(label[first], repeats[2].scores[first], 1)
    assert told.auroc_definition.endswith("each the mean of 3 repeats")


def test_a_repeat_without_a_class_has_no_area() -> None:
    label = np.zeros(4, dtype=np.int64)
    names = tuple("abcd")
    one = Predictions(("a", "b"), "b", names, names, np.arange(4) % 2, label, np.full((4, 2), 0.5))
    plain = evaluate_predictions(one, (), EvaluationRules(bootstrap=200), cohort_digest="d")
    told = with_repeats(plain, [one, one])
    assert told.repeats is not None
    assert told.repeats.auroc == (None, None)
    assert told.repeats.mean is None
    assert told.repeats.standard_deviation is None


def test_folds_that_the_mean_leaves_out_are_named_of_every_repeat() -> None:
    number, rng = np.arange(40), np.random.default_rng(0)
    names, label = tuple(f"{row:02d}" for row in number), (number % 4 == 0).astype(np.int64)
    score = np.clip(0.3 * label + rng.uniform(0, 0.6, 40), 0, 1)
    table = Predictions(
        ("a", "b"), "b", names, names, number // 10, label, np.stack([1 - score, score], axis=1)
    )
    whole = evaluate_predictions(table, (), EvaluationRules(bootstrap=200), cohort_digest="d")
    assert not [note for note in whole.notes if "fold mean" in note]
    one_fold_has_all = replace(table, fold=np.where(label == 1, 4, 4 + number // 4 % 4))
    assert one_fold_has_all.fold.max() == 7
    told = with_repeats(whole, [table, one_fold_has_all])
    assert [fold.fold for fold in told.folds if fold.auroc is None] == [5, 6, 7]
    assert [note for note in told.notes if "fold mean" in note] == [
        "The fold mean leaves out folds without every class: 5, 6, 7."
    ]
    assert [note for note in told.notes if "fold mean" not in note] == list(whole.notes)
    again = with_repeats(
        replace(whole, notes=("The fold mean leaves out folds without every class: 1.",)), [table]
    )
    assert again.notes == (), "the note of the first repeat alone does not stay"
