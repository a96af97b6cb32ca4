import csv
import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from medidense.stats import evaluate_predictions, wilson
from medidense.values import Predictions, SampleFacts
from medidense.values.recipe import EvaluationRules

RULES = EvaluationRules(bootstrap=300)


def cohort(n: int = 80, lesions: int = 2) -> tuple[Predictions, list[SampleFacts]]:
    generator, index = np.random.default_rng(7), np.arange(n)
    subject = index // lesions
    label = (subject // 4) % 2
    score = np.clip(0.5 + 0.2 * (label - 0.5) + generator.normal(0, 0.15, n), 0, 1)
    table = Predictions(
        ("benign", "malignant"),
        "malignant",
        tuple(f"{row:03d}" for row in index),
        tuple(f"p{row:03d}" for row in subject),
        subject % 4,
        label,
        np.stack([1 - score, score], axis=1),
    )
    facts = [
        SampleFacts(name, who, float(50 + 40 * truth + generator.normal(0, 30)), 0.0, "CT", 0, 0, 0)
        for name, who, truth in zip(table.samples, table.subjects, label, strict=True)
    ]
    return table, facts


def test_every_figure_is_that_of_the_pooled_scores() -> None:
    table, facts = cohort()
    found = evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32, rows="all", seed=1)
    score = table.scores[:, 1]
    assert found.auroc.value == pytest.approx(roc_auc_score(table.label, score))
    assert found.auroc.low < found.auroc.value < found.auroc.high
    each = [roc_auc_score(table.label[table.fold == k], score[table.fold == k]) for k in range(4)]
    assert [fold.auroc for fold in found.folds] == pytest.approx(each)
    assert found.auroc_fold_mean == pytest.approx(np.mean(each))
    assert found.confusion == tuple(map(tuple, confusion_matrix(table.label, score >= 0.5).tolist()))
    assert (found.samples, found.subjects) == (80, 40)
    assert found.class_counts == {"benign": 40, "malignant": 40}
    assert [(fold.samples, fold.subjects) for fold in found.folds] == [(20, 10)] * 4
    assert found.interval == (
        "95 % percentile bootstrap over 40 subjects, 300 draws; "
        "Wilson over subjects for a proportion, Newcombe for an AUROC, of 0 or 1"
    )
    assert found.auroc_definition == "class malignant against benign, pooled out-of-fold scores"
    assert json.loads(json.dumps(found.to_json()))["auroc_ci95"] == [found.auroc.low, found.auroc.high]


def test_baselines_stand_beside_with_the_paired_difference() -> None:
    table, facts = cohort()
    found = evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32)
    volume = found.baselines[0]
    assert volume.name == "volume alone"
    gap = volume.network_minus_baseline
    assert gap.value == pytest.approx(found.auroc.value - volume.auroc.value)
    assert gap.low < gap.value < gap.high
    # a network that is the baseline differs from it in no draw: the draws are the same
    size = np.array([fact.volume_mm3 for fact in facts])
    size = (size - size.min()) / np.ptp(size)
    twin = replace(table, scores=np.stack([1 - size, size], axis=1))
    same = (
        evaluate_predictions(twin, facts, RULES, cohort_digest="ab" * 32).baselines[0].network_minus_baseline
    )
    assert (same.value, same.low, same.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_the_seed_decides_the_interval_and_nothing_else() -> None:
    table, facts = cohort()
    one, again, other = (
        evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one.auroc != other.auroc
    assert one.auroc.value == other.auroc.value


def test_a_subset_says_by_which_rows_its_baselines_are_fitted() -> None:
    table, facts = cohort()
    part = table.take(set(table.samples[::2]))
    found = evaluate_predictions(part, facts, RULES, cohort_digest="ab" * 32, whole=table)
    assert any("fitted on the folds of all 80 rows of the run" in note for note in found.notes)
    assert any("40 of them are counted" in note for note in found.notes)
    whole = evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32, whole=table)
    assert not any("rows of the run" in note for note in whole.notes)


def test_a_fold_with_one_class_says_so_and_leaves_the_mean() -> None:
    table, facts = cohort()
    label = np.where(table.fold == 2, 0, table.label)
    found = evaluate_predictions(replace(table, label=label), facts, RULES, cohort_digest="ab" * 32)
    assert found.folds[2].auroc is None
    assert found.folds[2].note == "No sample of class malignant: AUROC is not defined."
    assert found.auroc_fold_mean == pytest.approx(np.mean([found.folds[k].auroc for k in (0, 1, 3)]))
    assert "The fold mean leaves out folds without every class: 2." in found.notes


def test_a_cohort_of_one_class_has_counts_but_no_area() -> None:
    table, facts = cohort()
    found = evaluate_predictions(
        replace(table, label=np.zeros(80, dtype=np.int64)), facts, RULES, cohort_digest="ab" * 32
    )
    assert found.auroc.value is None
    assert found.auroc.text() == "not defined"
    assert found.auroc_fold_mean is None
    assert found.baselines == ()
    assert found.class_counts == {"benign": 80, "malignant": 0}


def test_few_subjects_and_wilson_are_said() -> None:
    table, facts = cohort(20, lesions=1)
    found = evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32, rows="matched")
    assert found.interval == (
        "95 % percentile bootstrap over 20 subjects, 300 draws; "
        "Wilson for proportions, Newcombe for an AUROC of 0 or 1"
    )
    assert "Only 20 subjects: the intervals are rough." in found.notes
    assert found.rows == "matched"


def test_more_than_two_classes_are_macro() -> None:
    generator = np.random.default_rng(0)
    label, scores = np.arange(90) % 3, generator.dirichlet(np.ones(3), 90)
    index = [f"{row:02d}" for row in range(90)]
    table = Predictions(
        ("a", "b", "c"), "c", tuple(index), tuple(index), np.arange(90) // 3 % 3, label, scores
    )
    found = evaluate_predictions(table, [], RULES, cohort_digest="ab" * 32)
    assert found.auroc.value == pytest.approx(roc_auc_score(label, scores, multi_class="ovr"))
    assert found.auroc_definition.startswith("macro mean of one-vs-rest over 3 classes")
    assert any("macro means of one-vs-rest" in note for note in found.notes)
    right = round(found.metrics["accuracy"].value * 90)
    assert (found.metrics["accuracy"].low, found.metrics["accuracy"].high) == wilson(right, 90)
    assert np.array(found.confusion).sum() == 90


@pytest.mark.parametrize(
    ("name", "volume", "intensity", "both"),
    [
        ("cohort", 0.905, 0.507, 0.919),
        ("cohort_matched", 0.508, 0.691, 0.663),
        ("cohort_small", 0.947, 0.540, 0.956),
    ],
)
def test_the_anchors_of_the_lidc_nodules(
    shared_data: Path, name: str, volume: float, intensity: float, both: float
) -> None:
    folder = shared_data / "lidc"
    with (folder / f"{name}.csv").open(newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["image"])
    label = np.array([int(row["label"]) for row in rows])
    subjects, fold = [row["subject_id"] for row in rows], np.zeros(len(rows), dtype=np.int64)
    cut = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(label, label, subjects)
    for index, (_, test) in enumerate(cut):
        fold[test] = index
    facts = []
    for row in rows:
        inside = np.asarray(nib.load(folder / row["mask"]).dataobj) > 0
        mean = float(np.asarray(nib.load(folder / row["image"]).dataobj)[inside].mean())
        facts.append(
            SampleFacts(row["image"], row["subject_id"], float(row["volume_mm3"]), mean, "CT", 0, 0, 0)
        )
    names = tuple(row["image"] for row in rows)
    coin = np.full((len(rows), 2), 0.5)
    table = Predictions(("0", "1"), "1", names, tuple(subjects), fold, label, coin)
    found = {
        baseline.name: baseline.auroc.value
        for baseline in evaluate_predictions(table, facts, RULES, cohort_digest="ab" * 32).baselines
    }
    assert list(found.values()) == pytest.approx([volume, intensity, both], abs=0.015)


@pytest.mark.parametrize("lesions", [1, 2])
def test_without_an_error_no_interval_is_without_width(lesions: int) -> None:
    table, _ = cohort(20, lesions=lesions)
    score = np.where(table.label == 1, 0.9, 0.1) + np.arange(len(table.label)) * 1e-4
    table = replace(table, scores=np.stack([1 - score, score], axis=1))
    rules = RULES.model_copy(update={"deployment_prevalence": 0.01})
    found = evaluate_predictions(table, [], rules, cohort_digest="ab" * 32)
    point = found.operating_points[0]
    shares = {**point.metrics, **point.deployment, **found.prediction_sets.figures}
    areas = {"auroc": found.auroc, "delong": found.auroc_delong or found.auroc}
    for name, one in {**shares, **areas}.items():
        assert one.value is None or one.low < one.high, name
    assert (found.auroc.value, point.deployment["ppv"].value, point.metrics["npv"].value) == (1.0, 1.0, 1.0)
    bare = "Without an interval, as no draw moves them or too few draws have them: "
    assert f"{bare}auprc, f1, balanced accuracy, mcc." in found.notes
    assert all(found.metrics[name].low is None for name in ("auprc", "f1", "balanced_accuracy", "mcc"))
