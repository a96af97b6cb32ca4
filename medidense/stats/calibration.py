"""Are the scores probabilities, and do they become so once calibrated on other folds?"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medidense.stats.calibrating import fit
from medidense.stats.crossing import from_others
from medidense.stats.decisions import Decisions
from medidense.stats.intervals import SubjectDraws
from medidense.stats.reliability import calibration_figures
from medidense.values import Predictions
from medidense.values.calibration import Calibration, CalibrationResult, Method, calibrate
from medidense.values.recipe import EvaluationRules

RAW = "raw"


def methods(classes: int) -> tuple[Method, ...]:
    """Those that are shown; Platt's knows two classes."""
    return ("temperature", "platt") if classes == 2 else ("temperature",)


def package_method(rules: EvaluationRules, classes: int) -> Method | None:
    """The one that a package carries: Platt's for two classes, temperature for more, unless one is named."""
    if rules.calibration == "none":
        return None
    if rules.calibration == "auto" or classes > 2:
        return methods(classes)[-1]
    return rules.calibration


def fitted_on(whole: Predictions, method: Method) -> Calibration:
    """The calibration of all these rows."""
    return fit(method, whole.label, whole.scores, whole.positive_index)


def cross_calibrated(whole: Predictions, method: Method) -> Predictions:
    """The same rows with scores calibrated, each fold's by what the other folds' scores say."""
    scores = whole.scores.copy()
    for fold, found in from_others(whole, lambda others: fitted_on(others, method)).items():
        inside = whole.fold == fold
        scores[inside] = calibrate(found, whole.scores[inside], whole.positive_index)
    return replace(whole, scores=scores)


def out_of_fold_scores(whole: Predictions, method: Method | None) -> NDArray[np.float64]:
    """The scores (N, C) as a package hands them on: cross-calibrated, or raw where it does not calibrate."""
    return whole.scores if method is None else cross_calibrated(whole, method).scores


def calibration_result(
    predictions: Predictions, whole: Predictions, rules: EvaluationRules, draws: SubjectDraws
) -> CalibrationResult:
    """Raw and cross-fitted scores of `predictions`, rows of `whole`, and the package's calibration."""
    names = set(predictions.samples)
    tables = {RAW: predictions}
    for method in methods(len(whole.classes)):
        tables[method] = cross_calibrated(whole, method).take(names)
    chosen = package_method(rules, len(whole.classes))
    return CalibrationResult(
        method=chosen,
        figures={name: calibration_figures(_decisions(table), draws) for name, table in tables.items()},
        package=fitted_on(whole, chosen) if chosen else None,
    )


def _decisions(table: Predictions) -> Decisions:
    """For the figures that no decision enters."""
    return Decisions(table.label, np.zeros_like(table.label), table.scores, table.positive_index)
