from dataclasses import replace

import numpy as np
import pytest

from medidense.stats import auroc, baseline_scores
from medidense.stats.baselines import BOTH, INTENSITY, VOLUME
from medidense.values import Predictions, SampleFacts

N = 60


def predictions(classes: tuple[str, ...] = ("0", "1"), positive: str = "1", folds: int = 3) -> Predictions:
    index = np.arange(N)
    return Predictions(
        classes=classes,
        positive=positive,
        samples=tuple(f"{row:02d}" for row in index),
        subjects=tuple(f"p{row:02d}" for row in index),
        fold=index % folds,
        label=(index // folds) % len(classes),
        scores=np.full((N, len(classes)), 1 / len(classes)),
    )


def facts(volume: np.ndarray, intensity: np.ndarray) -> list[SampleFacts]:
    return [
        SampleFacts(f"{row:02d}", f"p{row:02d}", float(volume[row]), float(intensity[row]), "CT", 0, 0, 0)
        for row in range(N)
    ]


def test_a_single_figure_is_its_own_score_in_its_better_direction() -> None:
    table, generator = predictions(), np.random.default_rng(0)
    volume = 100 - 30 * table.label + generator.normal(0, 20, N)
    found, notes = baseline_scores(table, facts(volume, generator.normal(0, 1, N)))
    assert [baseline.name for baseline in found] == [VOLUME, INTENSITY, BOTH]
    assert notes == ()
    area = auroc(table.label, np.stack([-volume, volume], axis=1), 1)
    assert area is not None
    assert area < 0.5
    assert auroc(table.label, found[0].scores, 1) == pytest.approx(1 - area)
    turned = replace(table, positive="0")
    assert auroc(
        table.label, baseline_scores(turned, facts(volume, volume))[0][0].scores, 0
    ) == pytest.approx(1 - area)


def test_both_figures_are_scored_out_of_fold() -> None:
    table = predictions()
    generator = np.random.default_rng(1)
    volume = np.exp(generator.normal(5 + table.label, 1))
    intensity = generator.normal(table.label, 1)
    (_, _, both), _ = baseline_scores(table, facts(volume, intensity))
    assert both.scores.sum(axis=1) == pytest.approx(np.ones(N))
    moved = volume.copy()
    moved[table.fold == 0] *= 50
    (_, _, again), _ = baseline_scores(table, facts(moved, intensity))
    # rows of fold 0 train the others, and their own scores come from rules that never saw them
    assert not np.allclose(both.scores[table.fold == 1], again.scores[table.fold == 1])
    shuffled = replace(table, label=np.where(table.fold == 0, 1 - table.label, table.label))
    (_, _, other), _ = baseline_scores(shuffled, facts(volume, intensity))
    assert np.array_equal(both.scores[table.fold == 0], other.scores[table.fold == 0])


def test_more_classes_use_logistic_regression_for_each_figure() -> None:
    table = predictions(("a", "b", "c"), "b")
    generator = np.random.default_rng(2)
    found, _ = baseline_scores(table, facts(100.0 + 80 * table.label, generator.normal(size=N)))
    assert found[0].scores.shape == (N, 3)
    assert found[0].scores.sum(axis=1) == pytest.approx(np.ones(N))
    # the middle class of a figure in order cannot be ranked by a straight line; the outer ones are exact
    assert auroc((table.label == 2).astype(np.int64), found[0].scores[:, [0, 2]], 1) == 1.0


def test_unknown_figures_are_left_out_with_a_note() -> None:
    table = predictions()
    known = facts(np.arange(N) + 1.0, np.arange(N) * 1.0)
    known[3] = replace(known[3], volume_mm3=None)
    found, notes = baseline_scores(table, known)
    assert [baseline.name for baseline in found] == [INTENSITY]
    assert notes == (f"Baseline left out: {VOLUME} (not known for 1 of 60 samples).",)
    assert baseline_scores(table, [])[0] == ()


def test_one_fold_leaves_nothing_to_fit_on() -> None:
    table = predictions(folds=1)
    found, notes = baseline_scores(table, facts(np.arange(N) + 1.0, np.arange(N) * 1.0))
    assert [baseline.name for baseline in found] == [VOLUME, INTENSITY]
    assert notes == (f"Baseline left out: {BOTH} (no fold leaves every class to be fitted on).",)


def test_a_volume_of_zero_does_no_harm() -> None:
    found, _ = baseline_scores(predictions(), facts(np.zeros(N), np.arange(N) * 1.0))
    assert all(np.isfinite(baseline.scores).all() for baseline in found)


def test_rows_of_a_run_are_scored_by_rules_of_the_whole_run() -> None:
    table, generator = predictions(), np.random.default_rng(3)
    volume, intensity = np.exp(generator.normal(5 + table.label, 1)), generator.normal(table.label, 1)
    known = facts(volume, intensity)
    whole = {rule.name: rule.scores for rule in baseline_scores(table, known)[0]}
    part = table.take({f"{row:02d}" for row in range(0, N, 5)})
    found, notes = baseline_scores(part, known, table)
    assert [rule.name for rule in found] == [VOLUME, INTENSITY, BOTH]
    for rule in found:
        assert np.array_equal(rule.scores, whole[rule.name][::5])
    alone = {rule.name: rule.scores for rule in baseline_scores(part, known)[0]}
    assert not np.allclose(alone[BOTH], whole[BOTH][::5])
    assert notes == ()


def test_a_row_elsewhere_that_lacks_a_figure_fits_nothing_and_drops_nothing() -> None:
    table, generator = predictions(), np.random.default_rng(3)
    volume, intensity = np.exp(generator.normal(5 + table.label, 1)), generator.normal(table.label, 1)
    known = facts(volume, intensity)
    part = table.take({f"{row:02d}" for row in range(0, N, 5)})
    gap = [replace(fact, volume_mm3=None) if row == 1 else fact for row, fact in enumerate(known)]
    found, notes = baseline_scores(part, gap, table)
    assert ([rule.name for rule in found], notes) == ([VOLUME, INTENSITY, BOTH], ())
    rest = table.take({f"{row:02d}" for row in range(N) if row != 1})
    same = {rule.name: rule.scores for rule in baseline_scores(part, known, rest)[0]}
    assert all(np.array_equal(rule.scores, same[rule.name]) for rule in found)
    gap = [replace(fact, volume_mm3=None) if row == 5 else fact for row, fact in enumerate(known)]
    found, notes = baseline_scores(part, gap, table)
    assert [rule.name for rule in found] == [INTENSITY]
    assert notes == (f"Baseline left out: {VOLUME} (not known for 1 of 12 samples).",)
