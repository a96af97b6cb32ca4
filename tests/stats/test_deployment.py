from dataclasses import replace

import numpy as np
import pytest

from medidense.stats import SubjectDraws, evaluate_predictions
from medidense.stats.calibrating import fit_platt
from medidense.stats.deployment import NOTHING_FITTED, deployed, settled
from medidense.stats.operating import cross_decided
from medidense.stats.thresholds import at_sensitivity, youden
from medidense.values import Predictions
from medidense.values.calibration import calibrate
from medidense.values.recipe import EvaluationRules
from tests.stats.test_conformal import cohort

RULES = EvaluationRules(bootstrap=200)


def found(table: Predictions, rules: EvaluationRules = RULES, whole: Predictions | None = None):
    draws = SubjectDraws.of(table.subjects, rules.bootstrap, 0)
    return deployed(table, table if whole is None else whole, rules, draws)


def test_a_fold_is_decided_at_the_threshold_of_the_others() -> None:
    table = cohort(200)
    truth, score = table.label == 1, table.scores[:, 1]
    expected = np.zeros(200, dtype=bool)
    for fold in range(5):
        inside = table.fold == fold
        expected[inside] = score[inside] >= youden(truth[~inside], score[~inside])
    assert (cross_decided(table, table, youden) == expected).all()
    point = next(item for item in found(table).operating_points if item.name == "youden")
    assert point.threshold == youden(truth, score)
    assert point.metrics["sensitivity"].value == pytest.approx(expected[truth].mean())
    assert point.metrics["npv"].value == pytest.approx((~truth)[~expected].mean())


def test_calibration_takes_nothing_from_the_fold_it_is_for() -> None:
    table = cohort(400)
    raw = calibrate(fit_platt(table.label, table.scores, 1), table.scores, 1)
    worse = raw**3  # far from probabilities
    table = replace(table, scores=worse / worse.sum(axis=1, keepdims=True))
    result = found(table).calibration
    assert set(result.figures) == {"raw", "temperature", "platt"}
    assert result.figures["raw"].slope.value < 0.5
    for name in ("temperature", "platt"):
        assert result.figures[name].slope.value == pytest.approx(1, abs=0.1)
        assert result.figures[name].log_loss.value < result.figures["raw"].log_loss.value
        assert result.figures[name].ece.value < result.figures["raw"].ece.value
    assert result.package == fit_platt(table.label, table.scores, 1)
    expected = np.zeros(400)
    for fold in range(5):
        inside = table.fold == fold
        other = fit_platt(table.label[~inside], table.scores[~inside], 1)
        expected[inside] = calibrate(other, table.scores[inside], 1)[:, 1]
    brier = result.figures["platt"].brier.value
    assert brier == pytest.approx(((expected - table.label) ** 2).mean())


def test_the_recipe_chooses_the_point_that_decides_and_a_package_gets_it() -> None:
    table, rules = cohort(200), RULES.model_copy(update={"operating_rule": "sensitivity"})
    kept = settled(table, rules)
    assert kept.operating_point == at_sensitivity(table.label == 1, table.scores[:, 1], 0.9)
    evaluation = evaluate_predictions(table, [], rules, cohort_digest="ab" * 32)
    point = next(item for item in evaluation.operating_points if item.used)
    assert (point.name, point.threshold) == ("sensitivity", evaluation.operating_point)
    assert evaluation.metrics["sensitivity"] == point.metrics["sensitivity"]
    assert evaluation.operating_rule == "sensitivity"
    assert any("each fold is decided at the threshold of the other folds" in n for n in evaluation.notes)
    plain = evaluate_predictions(table, [], RULES, cohort_digest="ab" * 32)
    assert (plain.operating_point, plain.operating_rule) == (0.5, "fixed")
    assert plain.metrics["sensitivity"] == plain.operating_points[0].metrics["sensitivity"]
    assert plain.operating_points[0].used


def test_a_subset_is_fitted_on_the_whole_run() -> None:
    table = cohort(300)
    few = table.take(set(table.samples[:40]))
    part = found(few, whole=table)
    assert part.settled == settled(table, RULES)
    assert part.operating_points[1].threshold == found(table).operating_points[1].threshold
    assert sum(one.samples for one in part.calibration.figures["platt"].bins) == 40


def test_deployment_figures_stand_where_the_recipe_states_a_prevalence() -> None:
    table = cohort(100)
    assert found(table).operating_points[0].deployment == {}
    stated = found(table, RULES.model_copy(update={"deployment_prevalence": 0.02})).operating_points
    assert all(set(point.deployment) == {"ppv", "npv"} for point in stated)
    assert stated[0].deployment["ppv"].value < stated[0].metrics["ppv"].value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fold": np.zeros(60, dtype=np.int64)}, "there is one test part"),
        (
            {"label": np.where(np.arange(60) % 5 == 0, np.arange(60) % 2, 0)},
            "the folds beside fold 0 hold no sample of class malignant",
        ),
        ({"kind": "ordinal"}, "the classes are grades in order"),
    ],
)
def test_where_nothing_can_be_cross_fitted_it_says_so(change: dict[str, object], words: str) -> None:
    table = replace(cohort(60), **change)
    rules = RULES.model_copy(update={"operating_rule": "youden"})
    evaluation = evaluate_predictions(table, [], rules, cohort_digest="ab" * 32)
    assert any(words in note for note in evaluation.notes)
    assert evaluation.prediction_sets is None
    fitted = evaluation.calibration is not None and evaluation.calibration.package is not None
    assert not fitted
    assert (evaluation.calibration is None) == (table.kind == "ordinal") == (not evaluation.operating_points)
    assert (evaluation.operating_point, evaluation.operating_rule) == (0.5, "fixed")
    assert settled(table, rules).calibration is None


def test_three_classes_have_temperature_and_points_against_the_rest() -> None:
    generator = np.random.default_rng(0)
    label, scores = np.arange(90) % 3, generator.dirichlet(np.ones(3), 90)
    names = tuple(f"{row:02d}" for row in range(90))
    table = Predictions(("a", "b", "c"), "c", names, names, np.arange(90) // 3 % 3, label, scores)
    put = found(table, RULES.model_copy(update={"operating_rule": "youden"}))
    assert set(put.calibration.figures) == {"raw", "temperature"}
    assert put.decided is None
    assert put.settled.operating_rule == "fixed"
    assert not [point for point in put.operating_points if point.used and point.name != "fixed"]
    assert len(put.settled.least) == 3
    assert any("against the rest" in note for note in put.notes)


def test_without_calibration_the_curve_is_of_the_raw_scores() -> None:
    put = found(cohort(60), RULES.model_copy(update={"calibration": "none"}))
    assert put.settled.calibration is None
    assert put.decision_curve.scores == "raw"
    assert put.decision_curve.model == put.decision_curve.raw


@pytest.mark.parametrize("fold", [np.zeros(120, dtype=np.int64), np.arange(120) % 2])
def test_what_needs_no_fitting_is_there_for_raw_scores_that_nothing_can_be_fitted_on(
    fold: np.ndarray,
) -> None:
    table = cohort(120)
    label = table.label if not fold.any() else np.where(fold == 0, table.label, 0)
    table, rules = (
        replace(table, fold=fold, label=label),
        RULES.model_copy(
            update={"operating_rule": "youden", "operating_point": 0.4, "deployment_prevalence": 0.05}
        ),
    )
    evaluation = evaluate_predictions(table, [], rules, cohort_digest="ab" * 32)
    truth, score = table.label == 1, table.scores[:, 1]
    assert evaluation.calibration.raw_alone
    raw = evaluation.calibration.figures["raw"]
    assert raw.brier.value == pytest.approx(((score - truth) ** 2).mean())
    assert raw.slope.low < raw.slope.value < raw.slope.high
    assert raw.bins
    (point,) = evaluation.operating_points
    assert (point.name, point.threshold, point.used) == ("fixed", 0.4, True)
    hit, spared = (score >= 0.4)[truth].mean(), (score < 0.4)[~truth].mean()
    assert point.metrics["sensitivity"].value == pytest.approx(hit)
    assert point.deployment["ppv"].value == pytest.approx(hit * 0.05 / (hit * 0.05 + (1 - spared) * 0.95))
    curve = evaluation.decision_curve
    assert (curve.scores, curve.model) == ("raw", curve.raw)
    (note,) = [note for note in evaluation.notes if note.startswith(NOTHING_FITTED)]
    assert "are of the raw scores; the point is 0.4, not one by youden" in note


def test_three_classes_of_one_test_part_have_raw_figures_that_decide_nothing() -> None:
    generator = np.random.default_rng(0)
    label, scores = np.arange(90) % 3, generator.dirichlet(np.ones(3), 90)
    names = tuple(f"{row:02d}" for row in range(90))
    table = Predictions(("a", "b", "c"), "c", names, names, np.zeros(90, dtype=np.int64), label, scores)
    put = found(table)
    assert put.calibration.raw_alone
    assert [point.used for point in put.operating_points] == [False]
    assert "of c against the rest" in put.notes[0]
