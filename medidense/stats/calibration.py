"""Are the scores probabilities, and do they become so once calibrated on other folds?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medidense.stats.calibrating import fit
from medidense.stats.crossing import from_others
from medidense.stats.decisions import Decisions
from medidense.stats.intervals import SubjectDraws
from medidense.stats.reliability import calibration_figures
from medidense.values import Predictions
from medidense.values.calibration import Calibration, CalibrationFigures, CalibrationResult, Method, calibrate
from medidense.values.recipe import EvaluationRules

RAW = "raw"

WORDS: Mapping[Method, str] = {"platt": "Platt's calibration", "temperature": "Calibration by temperature"}


def methods(classes: int) -> tuple[Method, ...]:
    """Those that are shown; Platt's knows two classes."""
    return ("temperature", "platt") if classes == 2 else ("temperature",)


@dataclass(frozen=True)
class Carried:
    """The calibration method of a package, if it has one, and a note where that is not as asked, or harms."""

    method: Method | None
    note: str = ""


def package_method(whole: Predictions, rules: EvaluationRules) -> Carried:
    """The one that a package of these out-of-fold scores carries.

    One that the recipe names is carried. With ``auto`` it is Platt's for two classes and temperature for
    more, if the log loss of all rows, cross-fitted, is not above that of the raw scores; else the other,
    under the same condition; else none. `cannot_cross` must be empty, except with ``none``.
    """
    if rules.calibration == "none":
        return Carried(None)
    known = methods(len(whole.classes))
    named = rules.calibration if rules.calibration in known else None
    asked = named or known[-1]
    raw, own = _log_loss(whole), _log_loss(cross_calibrated(whole, asked))
    if own <= raw:
        return Carried(asked)
    worse = (
        f"{WORDS[asked]} makes the out-of-fold scores worse: log loss {own:.4g} cross-fitted, {raw:.4g} raw. "
    )
    if named:
        return Carried(named, f"{worse}A package carries it all the same, for the recipe names it.")
    tried = []
    for other in (method for method in known if method != asked):
        found = _log_loss(cross_calibrated(whole, other))
        if found <= raw:
            return Carried(other, f"{worse}A package is calibrated by {other} instead ({found:.4g}).")
        tried.append(f"{WORDS[other]} does so too ({found:.4g}). ")
    return Carried(None, f"{worse}{''.join(tried)}A package hands on raw scores.")


def _log_loss(table: Predictions) -> float:
    return float(_decisions(table).log_loss(np.ones((1, len(table.label))))[0])


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
    predictions: Predictions, whole: Predictions, package: Calibration | None, draws: SubjectDraws
) -> CalibrationResult:
    """Raw and cross-fitted scores of `predictions`, rows of `whole`, beside the package's calibration."""
    names = set(predictions.samples)
    tables = {RAW: predictions}
    for method in methods(len(whole.classes)):
        tables[method] = cross_calibrated(whole, method).take(names)
    return CalibrationResult(
        method=package.method if package else None,
        figures={name: raw_figures(table, draws) for name, table in tables.items()},
        package=package,
    )


def raw_figures(table: Predictions, draws: SubjectDraws) -> CalibrationFigures:
    """The figures of the scores of a table as they are."""
    return calibration_figures(_decisions(table), draws)


def _decisions(table: Predictions) -> Decisions:
    """For the figures that no decision enters."""
    return Decisions(table.label, np.zeros_like(table.label), table.scores, table.positive_index)
