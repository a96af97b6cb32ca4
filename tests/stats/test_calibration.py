from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from medidense.stats import evaluate_predictions
from medidense.stats.calibration import Carried, cross_calibrated, package_method
from medidense.stats.deployment import settled
from medidense.values import Predictions
from medidense.values.recipe import EvaluationRules

RULES = EvaluationRules(bootstrap=200)
NAMED = RULES.model_copy(update={"calibration": "platt"})


def two_folds(slopes: tuple[float, float], shifts: tuple[float, float], n: int = 600) -> Predictions:
    """Scores of two folds whose log odds are `slopes` of the true ones plus `shifts`."""
    generator = np.random.default_rng(3)
    odds, fold = generator.normal(0, 1.5, n), np.arange(n) % 2
    label = (generator.random(n) < expit(odds)).astype(np.int64)
    score = expit(np.array(slopes)[fold] * odds + np.array(shifts)[fold])
    names = tuple(f"{row:04d}" for row in range(n))
    scores = np.stack([1 - score, score], axis=1)
    return Predictions(("benign", "malignant"), "malignant", names, names, fold, label, scores)


def loss(table: Predictions) -> float:
    return float(log_loss(table.label, table.scores))


ALIKE = two_folds((3.0, 3.0), (1.0, 1.0))
SHIFTED = two_folds((1.2, 1.2), (1.2, -1.2))
OPPOSED = two_folds((0.4, 2.5), (0.0, 0.0))


def test_a_calibration_that_helps_on_other_folds_is_carried_without_a_word() -> None:
    assert loss(cross_calibrated(ALIKE, "platt")) < loss(ALIKE)
    assert package_method(ALIKE, RULES) == Carried("platt")


def test_one_that_harms_gives_way_to_the_other() -> None:
    platt, temperature, raw = (
        loss(cross_calibrated(SHIFTED, "platt")),
        loss(cross_calibrated(SHIFTED, "temperature")),
        loss(SHIFTED),
    )
    assert temperature < raw < platt
    found = package_method(SHIFTED, RULES)
    assert found.method == "temperature"
    for figure in (platt, temperature, raw):
        assert f"{figure:.4g}" in found.note
    evaluation = evaluate_predictions(SHIFTED, [], RULES, cohort_digest="ab" * 32)
    assert evaluation.calibration.method == evaluation.calibration.package.method == "temperature"
    assert found.note in evaluation.notes
    assert evaluation.decision_curve.scores == "cross-fitted, temperature"


def test_where_both_harm_a_package_hands_on_raw_scores_and_says_why() -> None:
    assert loss(OPPOSED) < min(loss(cross_calibrated(OPPOSED, name)) for name in ("platt", "temperature"))
    kept = settled(OPPOSED, RULES)
    assert kept.calibration is None
    assert kept.least is not None
    assert kept.note.startswith("Platt's calibration makes the out-of-fold scores worse")
    assert kept.note.endswith("A package hands on raw scores.")
    evaluation = evaluate_predictions(OPPOSED, [], RULES, cohort_digest="ab" * 32)
    assert (evaluation.calibration.method, evaluation.calibration.package) == (None, None)
    assert set(evaluation.calibration.figures) == {"raw", "temperature", "platt"}
    assert evaluation.decision_curve.scores == "raw"
    assert kept.note in evaluation.notes


def test_one_that_the_recipe_names_is_carried_and_its_harm_is_said() -> None:
    kept = settled(OPPOSED, NAMED)
    assert kept.calibration.method == "platt"
    assert kept.note.endswith("A package carries it all the same, for the recipe names it.")
    assert settled(ALIKE, NAMED).note == ""
    assert package_method(OPPOSED, RULES.model_copy(update={"calibration": "none"})) == Carried(None)


def test_three_classes_have_temperature_or_none() -> None:
    generator = np.random.default_rng(0)
    odds, fold = generator.normal(0, 2, (600, 3)), np.arange(600) % 2
    label = (odds + generator.gumbel(size=odds.shape)).argmax(axis=1)
    names = tuple(f"{row:04d}" for row in range(600))

    def table(slopes: tuple[float, float]) -> Predictions:
        powers = np.exp(np.array(slopes)[fold][:, None] * odds)
        return Predictions(
            ("a", "b", "c"), "c", names, names, fold, label, powers / powers.sum(axis=1, keepdims=True)
        )

    assert package_method(table((2.0, 2.0)), NAMED) == Carried("temperature")
    found = package_method(table((0.4, 2.5)), RULES)
    assert found.method is None
    assert "Platt" not in found.note


@pytest.mark.parametrize("gap", [0.0, 2.5])
def test_sets_that_miss_their_coverage_are_remarked(gap: float) -> None:
    table = replace(two_folds((1.0, 1.0), (gap, -gap)))
    evaluation = evaluate_predictions(table, [], RULES, cohort_digest="ab" * 32)
    said = [note for note in evaluation.notes if note.startswith("Prediction sets fall short")]
    high = evaluation.prediction_sets.figures["coverage"].high
    assert bool(said) == (high < 0.9) == bool(gap)
    if said:
        assert f"{evaluation.prediction_sets.figures['coverage'].text()} over all classes" in said[0]
