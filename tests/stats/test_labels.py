"""Several labels at once: each over its known rows, and their means."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from medidense.stats import (
    BaselineScores,
    auprc,
    auroc,
    evaluate_predictions,
    inner_figure,
    weighted_auprc,
    wilson,
    with_repeats,
)
from medidense.stats.bounds import area_limits
from medidense.stats.ranking import weighted_macro_auroc
from medidense.values import Predictions, SampleFacts
from medidense.values.recipe import EvaluationRules

RULES = EvaluationRules(bootstrap=300)


def several(label, scores, names=("cyst", "mass"), subjects=None) -> Predictions:
    count = len(label)
    return Predictions(
        classes=names,
        positive=names[-1],
        samples=tuple(f"s{row:03d}" for row in range(count)),
        subjects=tuple(subjects or (f"P{row:03d}" for row in range(count))),
        fold=np.arange(count) % 2,
        label=np.asarray(label),
        scores=np.asarray(scores, dtype=np.float64),
        kind="multi_label",
    )


def drawn(seed: int = 0, count: int = 60) -> Predictions:
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, (count, 2))
    scores = np.clip(0.3 * label + random.uniform(size=(count, 2)) * 0.7, 0, 1)
    label[random.uniform(size=label.shape) < 0.3] = -1
    return several(label, scores, subjects=[f"P{row // 2:02d}" for row in range(count)])


def facts(predictions: Predictions) -> list[SampleFacts]:
    sizes = np.random.default_rng(9).uniform(10, 99, len(predictions.samples))
    return [
        SampleFacts(sample, subject, float(size), float(size), "CT", 0, 0, 0)
        for sample, subject, size in zip(predictions.samples, predictions.subjects, sizes, strict=True)
    ]


def evaluated(predictions: Predictions, **fields):
    return evaluate_predictions(predictions, facts(predictions), RULES, cohort_digest="0" * 64, **fields)


def test_each_label_is_that_of_scikit_learn_over_its_known_rows():
    table = drawn()
    found = evaluated(table)
    areas = []
    for column, label in enumerate(found.labels):
        known = table.label[:, column] >= 0
        truth, score = table.label[known, column], table.scores[known, column]
        assert (label.samples, label.positives) == (known.sum(), truth.sum())
        assert label.auroc.value == pytest.approx(roc_auc_score(truth, score))
        assert label.auprc.value == pytest.approx(average_precision_score(truth, score))
        assert label.auroc.low < label.auroc.value < label.auroc.high
        assert label.auprc.low < label.auprc.value < label.auprc.high
        sensitivity = np.mean(score[truth == 1] >= 0.5)
        assert label.metrics["sensitivity"].value == pytest.approx(sensitivity)
        areas.append(label.auroc.value)
    assert found.auroc.value == pytest.approx(np.mean(areas))
    assert found.auroc.low < found.auroc.value < found.auroc.high
    mean = np.mean([label.auprc.value for label in found.labels])
    assert found.metrics["auprc"].value == pytest.approx(mean)
    means = np.mean([label.metrics["ppv"].value for label in found.labels])
    assert found.metrics["ppv"].value == pytest.approx(means)
    assert found.class_counts == {label.name: label.positives for label in found.labels}


def test_what_a_cell_that_is_not_known_holds_changes_nothing():
    table = drawn()
    scores = np.where(table.label < 0, 1 - table.scores, table.scores)
    other = several(table.label, scores, subjects=table.subjects)
    assert evaluated(table) == evaluated(other)


def test_baselines_stand_beside_each_label_and_the_mean():
    found = evaluated(drawn())
    assert len(found.baselines) == 3
    for number, baseline in enumerate(found.baselines):
        own = [label.baselines[number].auroc.value for label in found.labels]
        assert baseline.name == found.labels[0].baselines[number].name
        assert baseline.auroc.value == pytest.approx(np.mean(own))
        gap = found.auroc.value - baseline.auroc.value
        assert baseline.network_minus_baseline.value == pytest.approx(gap)
        assert baseline.network_minus_baseline.low < gap < baseline.network_minus_baseline.high


def test_a_label_of_one_kind_is_left_out_and_said_so():
    table = drawn()
    label = table.label.copy()
    label[:, 1] = np.where(label[:, 1] >= 0, 0, -1)
    found = evaluated(several(label, table.scores, subjects=table.subjects))
    cyst, mass = found.labels
    assert mass.auroc.value is None
    assert mass.auprc.value is None
    assert "does not show it: AUROC and AUPRC are not defined" in mass.note
    assert found.auroc.value == pytest.approx(cyst.auroc.value)
    assert any(note.startswith("Left out of the means: mass") for note in found.notes)
    label[:, 1] = -1
    nobody = evaluated(several(label, table.scores, subjects=table.subjects)).labels[1]
    assert (nobody.samples, nobody.note) == (0, "No row is known.")


def test_no_label_of_both_kinds_gives_no_figure():
    found = evaluated(several([[1, -1], [1, 0], [1, 0]], np.full((3, 2), 0.5)))
    assert found.auroc.value is None
    assert found.metrics == {}
    assert found.baselines == ()


def test_a_fold_says_which_labels_it_lacks():
    table = several([[1, 1], [0, 0], [0, 1], [1, 1]], np.linspace(0, 1, 8).reshape(4, 2))
    assert [fold.note for fold in evaluated(table).folds] == [
        "Left out of the mean, all of one kind here: mass.",
        "",
    ]


def test_repeats_spread_over_the_mean():
    one, two = drawn(), drawn()
    spread = with_repeats(evaluated(one), [one, two]).repeats
    assert spread.mean == pytest.approx(auroc(one.label, one.scores, 1))


def test_inner_folds_compare_the_log_loss_of_known_cells():
    table = drawn()
    known = table.label >= 0
    name, value = inner_figure(table)
    assert name == "log_loss"
    assert value == pytest.approx(log_loss(table.label[known], table.scores[known]))


def test_weighted_areas_are_those_of_rows_repeated():
    table, random = drawn(), np.random.default_rng(3)
    weights = random.integers(0, 4, (20, len(table.samples))).astype(np.float64)
    truth, score = table.label[:, 0] == 1, np.round(table.scores[:, 0], 1)
    for row, area in zip(weights.astype(int), weighted_auprc(truth, score, weights), strict=True):
        assert area == pytest.approx(auprc(np.repeat(truth, row), np.repeat(score, row)))
    for row, area in zip(
        weights.astype(int), weighted_macro_auroc(table.label, table.scores, 1, weights), strict=True
    ):
        wanted = auroc(np.repeat(table.label, row, axis=0), np.repeat(table.scores, row, axis=0), 1)
        assert area == pytest.approx(wanted)


def test_a_rival_is_compared_label_by_label_and_on_the_mean():
    table = drawn()
    rival = BaselineScores("another", np.random.default_rng(1).uniform(size=table.scores.shape), True)
    found = evaluated(table, rivals=(rival,))
    areas = []
    for column, label in enumerate(found.labels):
        known = table.label[:, column] >= 0
        (told,) = [one for one in label.baselines if one.name == "another"]
        areas.append(roc_auc_score(table.label[known, column], rival.scores[known, column]))
        assert told.auroc.value == pytest.approx(areas[-1])
        assert [one.uses_network for one in label.baselines] == [one is told for one in label.baselines]
    (above,) = [one for one in found.baselines if one.name == "another"]
    assert above.auroc.value == pytest.approx(np.mean(areas))
    assert above.uses_network


def test_labels_without_an_error_have_no_interval_of_no_width() -> None:
    label = np.stack([np.arange(40) % 2, np.arange(40) % 4 == 0], axis=1).astype(np.int64)
    names = tuple(f"s{row:02d}" for row in range(40))
    table = Predictions(
        ("a", "b"), "a", names, names, np.arange(40) % 4, label, 0.1 + 0.8 * label, "multi_label"
    )
    found = evaluate_predictions(table, [], RULES, cohort_digest="0" * 64)
    one = found.labels[1]
    assert (one.auprc.value, one.auprc.low) == (1.0, None)
    assert (one.auroc.value, one.auroc.low) == (1.0, area_limits(1.0, 10, 30)[0])
    assert (one.metrics["ppv"].value, one.metrics["ppv"].low) == (1.0, wilson(10, 10)[0])
    for name in ("auprc", "sensitivity", "f1"):  # means over the labels
        assert (found.metrics[name].value, found.metrics[name].low) == (1.0, None), name
