"""A frozen package's figures: by what it carries, whatever the new cohort looks like."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from medidense.stats.external import evaluate_frozen
from medidense.values import (
    Calibration,
    Estimate,
    Manifest,
    NamedPoint,
    Predictions,
    SampleFacts,
    SetRule,
    Span,
    TrainingFacts,
)
from medidense.values.recipe import EvaluationRules

RULES = EvaluationRules(bootstrap=200)
CLASSES = ("benign", "malignant")


def manifest(**changes: Any) -> Manifest:
    span = Span(low=0, high=1)
    training = TrainingFacts(
        cohort_digest="0" * 64,
        code_version="1",
        samples=9,
        subjects=9,
        class_counts={},
        modality=None,
        dims=2,
        p01=span,
        p50=span,
        p99=span,
        auroc=0.95,
        auroc_ci95=(0.93, 0.97),
        out_of_fold={
            "slope": (1.0, 0.8, 1.2),
            "sensitivity": (0.9, 0.8, 0.95),
            "observed_expected": (1, 0.9, 1.1),
            "ece": (0.047, 0.047, 0.108),  # as older packages have it
        },
    )
    fields = {
        "name": "m",
        "version": "1",
        "region": "lesion",
        "classes": CLASSES,
        "positive": "malignant",
        "operating_point": 0.3,
        "operating_rule": "sensitivity",
        "calibration": Calibration(method="platt", slope=2.0, intercept=0.5),
        "sets": SetRule(coverage=0.9, least=(0.2, 0.3)),
        "models": ("fold_0.safetensors",),
        "threads": 1,
        "training": training,
        "files": {},
    }
    return Manifest(**(fields | changes))


def drawn(n: int = 400, share: float = 0.5) -> Predictions:
    generator = np.random.default_rng(0)
    label = (np.arange(n) < share * n).astype(np.int64)
    score = expit(generator.normal(label * 2.0 - 1.0, 1.0))
    return Predictions(
        classes=CLASSES,
        positive="malignant",
        samples=tuple(f"s{row:04d}" for row in range(n)),
        subjects=tuple(f"p{row // 2:04d}" for row in range(n)),
        fold=np.zeros(n, dtype=np.int64),
        label=label,
        scores=np.stack([1 - score, score], axis=1),
    )


def facts_of(table: Predictions) -> list[SampleFacts]:
    return [
        SampleFacts(name, subject, 100.0 - 10 * np.sum(label), 1.0 * row, "", 0.0, 0.0, 0.0)
        for row, (name, subject, label) in enumerate(
            zip(table.samples, table.subjects, table.label.tolist(), strict=True)
        )
    ]


def found(table: Predictions, about: Manifest) -> Any:
    return evaluate_frozen(table, facts_of(table), {}, about, RULES, "ab")


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_threshold_and_calibration_stay_whatever_the_prevalence(share: float) -> None:
    table, about = drawn(share=share), manifest()
    figures = found(table, about)
    truth, score = table.label == 1, table.scores[:, 1]
    evaluation = figures.evaluation
    assert evaluation.operating_point == 0.3
    assert evaluation.metrics["sensitivity"].value == pytest.approx((score[truth] >= 0.3).mean())
    assert evaluation.metrics["specificity"].value == pytest.approx((score[~truth] < 0.3).mean())
    assert evaluation.operating_points[0].threshold == 0.3
    assert evaluation.operating_points[0].metrics["sensitivity"] == evaluation.metrics["sensitivity"]
    assert evaluation.auroc.value == pytest.approx(roc_auc_score(truth, score))
    chance = expit(2.0 * logit(score) + 0.5)
    assert figures.observed_expected["frozen"].value == pytest.approx(truth.sum() / chance.sum())
    assert figures.observed_expected["raw"].value == pytest.approx(truth.sum() / score.sum())
    assert evaluation.calibration.figures["frozen"].brier.value == pytest.approx(
        ((chance - truth) ** 2).mean()
    )
    assert evaluation.decision_curve.treat_all[0] == pytest.approx(share - (1 - share) * 0.01 / 0.99)


def test_sets_are_cut_by_the_package() -> None:
    table = drawn()
    covered = np.where(table.label == 1, table.scores[:, 1] >= 0.3, table.scores[:, 0] >= 0.2)
    figures = found(table, manifest()).evaluation.prediction_sets
    assert figures.figures["coverage"].value == pytest.approx(covered.mean())
    assert figures.least == {"benign": 0.2, "malignant": 0.3}
    assert found(table, manifest(sets=None)).evaluation.prediction_sets is None


def test_the_other_points_that_a_package_carries_are_counted_at_their_own_thresholds() -> None:
    there = (0.9, 0.8, 0.95)
    carried = tuple(
        NamedPoint(name=name, target=target, threshold=cut, sensitivity=there, specificity=there)
        for name, target, cut in (("sensitivity", 0.9, 0.3), ("youden", None, 0.55), ("cost", 5.0, 0.2))
    )
    table, rules = drawn(), RULES.model_copy(update={"deployment_prevalence": 0.05})
    truth, score = table.label == 1, table.scores[:, 1]
    about = manifest(operating_points=carried)
    evaluation = evaluate_frozen(table, [], {}, about, rules, "0" * 64).evaluation
    points = {one.name: one for one in evaluation.operating_points}
    assert [(one.name, one.target, one.threshold, one.used) for one in points.values()] == [
        ("sensitivity", 0.9, 0.3, True),
        ("youden", None, 0.55, False),
        ("cost", 5.0, 0.2, False),
    ]
    for one in points.values():
        assert one.metrics["sensitivity"].value == pytest.approx((score[truth] >= one.threshold).mean())
        assert one.metrics["specificity"].value == pytest.approx((score[~truth] < one.threshold).mean())
        assert one.deployment["ppv"].value < one.metrics["ppv"].value
    (alone,) = found(table, manifest()).evaluation.operating_points
    assert (alone.name, alone.target) == ("sensitivity", None)


def test_sets_that_fall_short_here_are_remarked() -> None:
    short = found(drawn(), manifest(sets=SetRule(coverage=0.9, least=(0.6, 0.6)))).evaluation
    assert short.prediction_sets.figures["coverage"].high < 0.9
    assert any(note.startswith("Prediction sets fall short of their coverage of 0.9") for note in short.notes)
    wide = found(drawn(), manifest(sets=SetRule(coverage=0.9, least=(0.0, 0.0)))).evaluation
    assert not any("fall short" in note for note in wide.notes)


def test_a_package_that_does_not_calibrate_has_raw_scores_alone() -> None:
    figures = found(drawn(), manifest(calibration=None))
    assert set(figures.evaluation.calibration.figures) == {"raw"} == set(figures.observed_expected)
    assert figures.evaluation.calibration.method is None
    assert figures.evaluation.decision_curve.scores == "raw"


def test_what_training_has_too_stands_beside() -> None:
    beside = {one.name: one for one in found(drawn(), manifest()).beside}
    assert set(beside) == {"auroc", "slope", "sensitivity", "observed_expected", "ece"}
    assert beside["auroc"].training == Estimate(0.95, 0.93, 0.97)
    assert beside["auroc"].difference.value == pytest.approx(beside["auroc"].here.value - 0.95)


def test_baselines_need_no_training_and_say_which_way_they_are_turned() -> None:
    evaluation = found(drawn(), manifest()).evaluation
    assert [one.name for one in evaluation.baselines] == ["volume alone", "mean intensity alone"]
    assert evaluation.baselines[0].auroc.value == 1.0  # turned: less volume is malignant here
    told = " ".join(evaluation.notes)
    assert "Volume alone: less counts as malignant" in told
    assert "nothing is trained on this cohort" in told
    assert "No calibration" not in told
    assert evaluation.folds == ()


def test_a_cohort_of_one_class_has_no_auroc_and_still_a_sensitivity() -> None:
    figures = found(drawn(share=1.0), manifest())
    assert figures.evaluation.auroc.value is None
    assert figures.evaluation.metrics["sensitivity"].value is not None
    assert figures.evaluation.metrics["specificity"].value is None
    assert figures.recalibration == ()
    assert "No sample of benign" in " ".join(figures.evaluation.notes)


def test_more_classes_grades_and_labels_have_what_they_can_have() -> None:
    names = ("a", "b", "c")
    generator = np.random.default_rng(1)
    table = replace(
        drawn(90),
        classes=names,
        positive="c",
        label=np.arange(90) % 3,
        scores=generator.dirichlet(np.ones(3), 90),
    )
    three = manifest(
        classes=names,
        positive="c",
        operating_rule="fixed",
        calibration=Calibration(method="temperature", slope=2.0),
        sets=SetRule(coverage=0.9, least=(0.1, 0.1, 0.1)),
    )
    figures = found(table, three)
    assert set(figures.evaluation.calibration.figures) == {"raw", "frozen"}
    assert figures.evaluation.operating_points == figures.recalibration == ()
    bare = {"calibration": None, "sets": None, "operating_rule": "fixed", "classes": names, "positive": "c"}
    grades = found(replace(table, kind="ordinal"), manifest(kind="ordinal", **bare))
    assert grades.evaluation.metrics["quadratic_kappa"].value is not None
    several = replace(table, kind="multi_label", label=generator.integers(-1, 2, (90, 3)))
    labels = found(several, manifest(kind="multi_label", **bare))
    assert [one.name for one in labels.evaluation.labels] == list(names)
    assert labels.evaluation.calibration is None


def test_the_calibration_error_stands_beside_without_limits_or_difference() -> None:
    beside = {one.name: one for one in found(drawn(), manifest()).beside}["ece"]
    assert beside.here.value > 0
    assert beside.here.low is None
    assert (beside.training, beside.difference) == (Estimate(0.047), Estimate(None))
