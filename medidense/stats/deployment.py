"""What does a package decide by, and what is that worth on subjects that had no part in it?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medidense.stats.calibration import (
    RAW,
    calibration_result,
    cross_calibrated,
    fitted_on,
    package_method,
    raw_figures,
)
from medidense.stats.conformal import least_scores, prediction_sets
from medidense.stats.crossing import cannot_cross
from medidense.stats.decisions import decided_classes
from medidense.stats.intervals import SubjectDraws
from medidense.stats.net_benefit import decision_curve
from medidense.stats.operating import Named, chosen_threshold, cross_decided, operating_points, point_at
from medidense.stats.thresholds import choosers
from medidense.values import Estimate, Predictions
from medidense.values.calibration import (
    Calibration,
    CalibrationResult,
    DecisionCurve,
    OperatingPoint,
    PredictionSets,
)
from medidense.values.recipe import EvaluationRules, OperatingRule

NOTHING_FITTED = "No calibration, chosen operating points or prediction sets"
"""Begins the note that says why."""


@dataclass(frozen=True)
class Settled:
    """What a package decides by, fitted on all out-of-fold scores.

    `least` is the score from which on each class is in a prediction set; None where there are no sets.
    """

    operating_point: float
    operating_rule: OperatingRule
    calibration: Calibration | None = None
    least: tuple[float, ...] | None = None
    note: str = ""
    """What a reader must know of the calibration, or of there being none."""


@dataclass(frozen=True, eq=False)
class Deployed:
    """The parts of an evaluation about `Settled`, each None or empty where it cannot be had, and why.

    `decided` (N,) are class indices where the recipe has the operating point chosen, fold by fold.
    """

    settled: Settled
    decided: NDArray[np.int64] | None = None
    calibration: CalibrationResult | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    decision_curve: DecisionCurve | None = None
    prediction_sets: PredictionSets | None = None
    notes: tuple[str, ...] = ()


def settled(whole: Predictions, rules: EvaluationRules) -> Settled:
    """What a package of these out-of-fold scores decides by.

    Where nothing of it can be checked by cross-fitting (`why_not`) it is the recipe's operating point alone.
    """
    point, rule = decides_from(whole, rules)
    if why_not(whole):
        return Settled(point, rule)
    carried = package_method(whole, rules)
    return Settled(
        operating_point=point,
        operating_rule=rule,
        calibration=fitted_on(whole, carried.method) if carried.method else None,
        least=least_scores(whole.label, whole.scores, rules.coverage),
        note=carried.note,
    )


def decides_from(whole: Predictions, rules: EvaluationRules) -> tuple[float, OperatingRule]:
    """The score from which on a package decides for the positive class, and by which rule: see `settled`."""
    ways = choosers(rules) if len(whole.classes) == 2 and not why_not(whole) else {}
    rule = rules.operating_rule
    if rule not in ways:
        return rules.operating_point, "fixed"
    return chosen_threshold(whole, ways[rule][1]), rule


def out_of_fold_decisions(whole: Predictions, rules: EvaluationRules) -> tuple[NDArray[np.int64], float]:
    """The class decided for, (N,), as `evaluate_predictions` decides, and the operating point of all folds.

    Not for several labels at once.
    """
    point, rule = decides_from(whole, rules)
    decided = _decided(whole, whole, rules, rule)
    if decided is None:
        decided = decided_classes(whole, rules.operating_point)
    return decided, point


def why_not(whole: Predictions) -> str:
    """Why these scores have no calibration, chosen thresholds and prediction sets; empty where they do."""
    return _no_question(whole) or cannot_cross(whole)


def _no_question(whole: Predictions) -> str:
    """Why not even the raw scores are probabilities of one class; empty where they are."""
    if whole.kind == "multi_label":
        return "there are several labels at once"
    return "the classes are grades in order" if whole.kind == "ordinal" else ""


def deployed(
    predictions: Predictions, whole: Predictions, rules: EvaluationRules, draws: SubjectDraws
) -> Deployed:
    """Calibration, operating points, decision curve and prediction sets of `predictions`, rows of `whole`.

    All of a fold is fitted on the out-of-fold scores of the other folds of `whole`, whatever subset
    `predictions` is. Where that cannot be, there is what needs no fitting, of the raw scores.
    """
    kept, reason = settled(whole, rules), why_not(whole)
    if _no_question(whole):
        return Deployed(kept, notes=(f"{NOTHING_FITTED}, and no decision curve: {reason}.",))
    if reason:
        return _raw_alone(predictions, kept, rules, draws, reason)
    positive = predictions.positive_index
    method = kept.calibration.method if kept.calibration else None
    chance = None
    if method:
        chance = cross_calibrated(whole, method).take(set(predictions.samples)).scores[:, positive]
    sets = prediction_sets(predictions, whole, rules.coverage, draws)
    return Deployed(
        settled=kept,
        decided=_decided(predictions, whole, rules, kept.operating_rule),
        calibration=calibration_result(predictions, whole, kept.calibration, draws),
        operating_points=operating_points(predictions, whole, rules, draws),
        decision_curve=decision_curve(
            predictions.label == positive,
            predictions.scores[:, positive],
            chance,
            draws,
            f"cross-fitted, {method}" if method else RAW,
        ),
        prediction_sets=sets,
        notes=(*_notes(whole, rules, kept), *short_of(sets.target, sets.figures)),
    )


def _raw_alone(
    predictions: Predictions, kept: Settled, rules: EvaluationRules, draws: SubjectDraws, reason: str
) -> Deployed:
    """Figures, decision curve and the recipe's own operating point of the scores as they are."""
    positive, two = predictions.positive_index, len(predictions.classes) == 2
    truth, score = predictions.label == positive, predictions.scores[:, positive]
    named, called = Named("fixed", None, kept.operating_point), score >= kept.operating_point
    point = point_at(named, called, predictions, rules.deployment_prevalence, draws)
    told = "Calibration figures, decision curve and operating point are of the raw scores"
    if not two:
        told += f", the last two of {predictions.positive} against the rest"
    if two and rules.operating_rule != "fixed":
        told += f"; the point is {kept.operating_point:g}, not one by {rules.operating_rule}"
    return Deployed(
        settled=kept,
        calibration=CalibrationResult(None, {RAW: raw_figures(predictions, draws)}, None),
        operating_points=(replace(point, used=two),),
        decision_curve=decision_curve(truth, score, None, draws, RAW),
        notes=(f"{NOTHING_FITTED}: {reason}. {told}.",),
    )


def _decided(
    predictions: Predictions, whole: Predictions, rules: EvaluationRules, rule: OperatingRule
) -> NDArray[np.int64] | None:
    """The classes decided for at the thresholds of the other folds; None at the recipe's own point."""
    if rule == "fixed":
        return None
    called = cross_decided(predictions, whole, choosers(rules)[rule][1])
    positive = predictions.positive_index
    return np.where(called, positive, 1 - positive).astype(np.int64)


def _notes(whole: Predictions, rules: EvaluationRules, kept: Settled) -> tuple[str, ...]:
    """What a reader must know of what was fitted."""
    notes = [kept.note] if kept.note else []
    if kept.operating_rule != "fixed":
        notes.append(
            f"Operating point by {kept.operating_rule}: each fold is decided at the threshold of the other "
            f"folds; a package decides from {kept.operating_point:.4g} on, the threshold of all of them."
        )
    if len(whole.classes) > 2:
        notes.append(
            f"More than two classes: operating points and decision curve are of {whole.positive} against the "
            "rest, and decide nothing; calibration is by temperature, slope and intercept are not defined."
        )
    if len(np.unique(whole.fold)) > 1:
        notes.append(
            "A package averages the folds' models, which moves scores a little towards the middle: its "
            "calibration, threshold and prediction sets come from single models' out-of-fold scores."
        )
    few = [name for index, name in enumerate(whole.classes) if kept.least and kept.least[index] == 0]
    if few:
        notes.append(
            f"Too few samples of {', '.join(few)} for sets of coverage {rules.coverage:g}: always in."
        )
    return tuple(notes)


def short_of(target: float, figures: Mapping[str, Estimate]) -> tuple[str, ...]:
    """A note where prediction sets hold the true class less often than they were made to.

    That is where the upper limit of ``coverage``, or of a ``coverage_<class>``, lies below `target`.

    >>> short_of(0.9, {"coverage": Estimate(0.8, 0.7, 0.88), "coverage_benign": Estimate(0.9, 0.8, 0.95)})
    ('Prediction sets fall short of their coverage of 0.9: 0.800 (95% CI 0.700-0.880) over all classes.',)
    """
    low = [
        f"{figure.text()} {_of_whom(name)}"
        for name, figure in figures.items()
        if name.startswith("coverage") and figure.high is not None and figure.high < target
    ]
    return (f"Prediction sets fall short of their coverage of {target:g}: {', '.join(low)}.",) if low else ()


def _of_whom(name: str) -> str:
    whom = name.removeprefix("coverage").removeprefix("_")
    return f"of {whom}" if whom else "over all classes"
