"""What are decisions worth at thresholds that the decided samples had no part in choosing?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medidense.stats.bounds import share_limits
from medidense.stats.crossing import from_others
from medidense.stats.decisions import Decisions, decision_figures
from medidense.stats.intervals import SubjectDraws, percentile_interval
from medidense.stats.mover import ratio_limits
from medidense.stats.thresholds import Chooser, choosers
from medidense.values import Estimate, Predictions
from medidense.values.calibration import OperatingPoint
from medidense.values.recipe import EvaluationRules

SHOWN = ("sensitivity", "specificity", "ppv", "npv", "accuracy")


class Named(NamedTuple):
    """A threshold, by which rule it was chosen, and the share or cost that was aimed at, if any."""

    name: str
    target: float | None
    threshold: float


def chosen_threshold(whole: Predictions, choose: Chooser) -> float:
    """The threshold that all these rows choose."""
    return choose(whole.label == whole.positive_index, whole.scores[:, whole.positive_index])


def cross_decided(predictions: Predictions, whole: Predictions, choose: Chooser) -> NDArray[np.bool_]:
    """Whether each row is called positive, (N,): at the threshold of the folds beside its own."""
    found = from_others(whole, lambda others: chosen_threshold(others, choose))
    least = np.array([found[int(fold)] for fold in predictions.fold])
    return np.asarray(predictions.scores[:, predictions.positive_index] >= least)


def operating_points(
    predictions: Predictions, whole: Predictions, rules: EvaluationRules, draws: SubjectDraws
) -> tuple[OperatingPoint, ...]:
    """The recipe's fixed point, and each way to choose one, for the positive class against the rest."""
    score = predictions.scores[:, predictions.positive_index]
    found = [(Named("fixed", None, rules.operating_point), score >= rules.operating_point)]
    for name, (target, choose) in choosers(rules).items():
        named = Named(name, target, chosen_threshold(whole, choose))
        found.append((named, cross_decided(predictions, whole, choose)))
    used = rules.operating_rule if len(predictions.classes) == 2 else ""
    points = (
        point_at(named, called, predictions, rules.deployment_prevalence, draws) for named, called in found
    )
    return tuple(replace(point, used=point.name == used) for point in points)


def point_at(
    named: Named,
    called: NDArray[np.bool_],
    predictions: Predictions,
    share: float | None,
    draws: SubjectDraws,
) -> OperatingPoint:
    """What it is worth to call these rows (N,) positive; `share` is of positives where it is to be used."""
    truth = predictions.label == predictions.positive_index
    score = predictions.scores[:, predictions.positive_index]
    return OperatingPoint(
        **named._asdict(),
        metrics=figures_at(truth, score, called, draws),
        prevalence=float(truth.mean()),
        deployment_prevalence=share,
        deployment={} if share is None else at_prevalence(truth, called, share, draws),
    )


def figures_at(
    truth: NDArray[np.bool_], score: NDArray[np.float64], called: NDArray[np.bool_], draws: SubjectDraws
) -> Mapping[str, Estimate]:
    """The figures that depend on a threshold."""
    scores = np.stack([1 - score, score], axis=1)
    decisions = Decisions(truth.astype(np.int64), called.astype(np.int64), scores, 1)
    found = decision_figures(decisions, draws)
    return {name: found[name] for name in SHOWN}


def at_prevalence(
    truth: NDArray[np.bool_], called: NDArray[np.bool_], prevalence: float, draws: SubjectDraws
) -> dict[str, Estimate]:
    """PPV and NPV where a share `prevalence` is positive, by Bayes' rule; the interval is that of
    sensitivity and specificity, the prevalence counts as known.

    It holds where positives and negatives look as they do in this cohort, only in other numbers. Where a
    subject is a row the limits are those of the likelihood ratio (`ratio_limits` of sensitivity and
    specificity, each by Wilson). Subjects with several rows are drawn, unless no draw moves the figure: then
    it is the likelihood ratio's limits again, of the limits that `share_limits` gives such rows.
    """

    def both(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        hit = _ratio(weights @ (truth & called), weights @ truth)
        spared = _ratio(weights @ (~truth & ~called), weights @ ~truth)
        right, wrong = hit * prevalence, (1 - spared) * (1 - prevalence)
        safe, missed = spared * (1 - prevalence), (1 - hit) * prevalence
        return np.stack([hit, spared, _ratio(right, right + wrong), _ratio(safe, safe + missed)], axis=1)

    values, found = both(np.ones((1, len(truth))))[0], draws.replicate(both)
    hit = Estimate(float(values[0]), *share_limits(called, truth, draws, found[:, 0]))
    spared = Estimate(float(values[1]), *share_limits(~called, ~truth, draws, found[:, 1]))
    odds = prevalence / (1 - prevalence)
    bayes = {"ppv": (hit, _rest(spared), odds), "npv": (spared, _rest(hit), 1 / odds)}
    estimates = {}
    for column, (name, terms) in enumerate(bayes.items(), start=2):
        value, drawn = float(values[column]), found[:, column]
        moved = not draws.one_row_each and 0 < value < 1
        limits = percentile_interval(drawn) if moved else _predictive(*terms)
        estimates[name] = Estimate(None) if np.isnan(value) else Estimate(value, *limits)
    return estimates


def _rest(share: Estimate) -> Estimate:
    """What is left of 1, with its limits."""
    left = [None if one is None else 1 - one for one in (share.value, share.high, share.low)]
    return Estimate(*left)


def _predictive(right: Estimate, wrong: Estimate, odds: float) -> tuple[float | None, float | None]:
    """Limits of the predictive value of calls that the one side gets rightly and the other wrongly."""
    limits = ratio_limits(right, wrong)
    low, high = (None if one is None else 1 / (1 + 1 / (one * odds)) if one else 0.0 for one in limits)
    return low, high


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient, NaN where `below` is 0 or not known."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
