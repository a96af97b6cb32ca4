"""What of calibration, operating points and prediction sets stands on the terminal."""

from dataclasses import replace

from medidense.cli.deployment_page import deployment_tables
from medidense.cli.pages import evaluation_page
from medidense.stats import evaluate_predictions
from medidense.values import Evaluation
from medidense.values.recipe import EvaluationRules
from tests.cli.test_pages import text_of
from tests.stats.test_conformal import cohort


def page(**rules: object) -> tuple[Evaluation, str]:
    made = EvaluationRules(bootstrap=200, **rules)
    found = evaluate_predictions(cohort(100), [], made, cohort_digest="0" * 64)
    return found, text_of(evaluation_page(found))


def test_each_part_is_a_short_table() -> None:
    found, text = page(deployment_prevalence=0.02)
    assert "Calibration, fitted on the other folds; a package has platt" in text
    assert f"{found.calibration.figures['raw'].slope.value:.2f} (" in text
    assert "by DeLong" in text
    assert "fixed *" in text
    assert "sensitivity 0.9 " in text
    assert "PPV at 0.02" in text
    assert "Prediction sets for a coverage of 0.9; not a single class: refer to a human" in text
    assert "single right" in text


def test_a_chosen_point_is_marked_and_the_title_says_who_decided() -> None:
    _, text = page(operating_rule="youden")
    assert "youden *" in text
    assert "Positive is malignant; each fold decided at the threshold of the other folds" in text
    assert "PPV at" not in text


def test_nothing_stands_where_there_is_nothing(evaluation: Evaluation) -> None:
    assert deployment_tables(evaluation) == []
    bare = replace(page()[0], calibration=None, operating_points=(), prediction_sets=None)
    assert deployment_tables(bare) == []


def test_raw_figures_of_one_test_part_are_called_raw() -> None:
    table = cohort(100)
    one = replace(table, fold=table.fold * 0)
    found = evaluate_predictions(one, [], EvaluationRules(bootstrap=200), cohort_digest="0" * 64)
    text = text_of(evaluation_page(found))
    assert "Calibration of the raw scores; no other folds to fit one on" in text
    assert "The operating point set before, on the raw scores (* decides)" in text
    assert "Prediction sets" not in text
