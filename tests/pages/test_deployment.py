"""Thresholds, calibration and net benefit stand on the page where the evaluation has them."""

from collections.abc import Callable
from dataclasses import replace

from medidense.pages import RunContents
from medidense.pages.deployment import (
    calibration_section,
    decision_curve_png,
    decision_curve_section,
    operating_points_section,
    prediction_sets_section,
)
from medidense.stats import evaluate_predictions
from medidense.values import Estimate

SECTIONS = (
    calibration_section,
    operating_points_section,
    decision_curve_section,
    prediction_sets_section,
)


def test_what_an_evaluation_lacks_is_left_out(made: Callable[..., RunContents]) -> None:
    contents = made()
    evaluation = replace(
        contents.evaluation, calibration=None, operating_points=(), decision_curve=None, prediction_sets=None
    )
    assert [section(replace(contents, evaluation=evaluation)) for section in SECTIONS] == ["", "", "", ""]
    assert all(section(contents) for section in SECTIONS)


def test_each_threshold_stands_with_its_figures(made: Callable[..., RunContents]) -> None:
    contents = made()
    section = operating_points_section(contents)
    for point in contents.evaluation.operating_points:
        assert f"{point.threshold:.3f}" in section
        assert point.metrics["sensitivity"].text() in section
    calibration = contents.evaluation.calibration
    assert calibration is not None
    for found in calibration.figures.values():
        assert found.slope.text() in calibration_section(contents)


def test_predictive_values_where_it_is_used_say_how_their_interval_was_made(
    made: Callable[..., RunContents],
) -> None:
    contents = made()
    assert "MOVER-R" not in operating_points_section(contents)
    there = {"ppv": Estimate(1.0, 0.034, 1.0), "npv": Estimate(0.999, 0.99, 1.0)}
    points = tuple(
        replace(one, deployment_prevalence=0.01, deployment=there)
        for one in contents.evaluation.operating_points
    )
    section = operating_points_section(
        replace(contents, evaluation=replace(contents.evaluation, operating_points=points))
    )
    assert "MOVER-R" in section
    assert "1.000 (95% CI 0.034-1.000)" in section


def test_the_curve_follows_the_net_benefit(made: Callable[..., RunContents]) -> None:
    evaluation = made().evaluation
    curve = evaluation.decision_curve
    assert curve is not None
    moved = replace(curve, model=tuple(value / 2 for value in curve.model))
    drawn = decision_curve_png(evaluation)
    assert drawn == decision_curve_png(evaluation)
    assert drawn != decision_curve_png(replace(evaluation, decision_curve=moved))


def test_raw_figures_of_one_test_part_are_called_raw(made: Callable[..., RunContents]) -> None:
    contents = made()
    assert "Cross-fitted" in calibration_section(contents)
    one = replace(contents.predictions, fold=contents.predictions.fold * 0)
    rules = contents.recipe.evaluation
    found = evaluate_predictions(one, [], rules, cohort_digest="ab" * 32)
    contents = replace(contents, evaluation=found, predictions=one)
    section = calibration_section(contents)
    assert "Of the raw scores alone" in section
    assert "Cross-fitted" not in section
    assert found.calibration.figures["raw"].slope.text() in section
    assert "raw score was set before any result" in operating_points_section(contents)
    assert "decision curve" in decision_curve_section(contents)
    assert prediction_sets_section(contents) == ""
