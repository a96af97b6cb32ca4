"""What is a frozen package worth on subjects of another cohort?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medidense.stats.baselines import NOT_FITTED, directions
from medidense.stats.calibration import RAW, raw_figures
from medidense.stats.conformal import set_figures
from medidense.stats.deployment import NOTHING_FITTED, short_of
from medidense.stats.evaluation import FOLD_MEAN, evaluate_predictions
from medidense.stats.intervals import SubjectDraws
from medidense.stats.matching import matched_subset
from medidense.stats.mover import difference
from medidense.stats.net_benefit import decision_curve
from medidense.stats.operating import Named, point_at
from medidense.stats.recalibration import recalibrations
from medidense.stats.reliability import observed_expected
from medidense.stats.subgroups import subgroups
from medidense.values import Estimate, Evaluation, Manifest, Predictions, SampleFacts, calibrate
from medidense.values.calibration import CalibrationResult, OperatingPoint, PredictionSets
from medidense.values.external import Beside, Recalibration
from medidense.values.recipe import EvaluationRules

FROZEN = "frozen"
NOT_SAID = (NOTHING_FITTED, FOLD_MEAN)
"""Notes of a cross-validation that mean nothing here."""

Groups = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class FrozenFigures:
    """The parts of an `ExternalEvaluation` that come from scores."""

    evaluation: Evaluation
    beside: tuple[Beside, ...]
    observed_expected: Mapping[str, Estimate]
    recalibration: tuple[Recalibration, ...]


def evaluate_frozen(
    predictions: Predictions,
    facts: Sequence[SampleFacts],
    groups: Groups,
    manifest: Manifest,
    rules: EvaluationRules,
    cohort_digest: str,
) -> FrozenFigures:
    """The figures of a package's scores of at least one sample, all of one test part.

    Decisions, calibrated probabilities and sets are by the manifest; nothing is fitted on these rows but the
    recalibrations, which enter no other figure. `groups` is as in `subgroups`.
    """
    draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, 0)
    frozen = rules.model_copy(update={"operating_point": manifest.operating_point, "operating_rule": "fixed"})
    found = evaluate_predictions(predictions, facts, frozen, cohort_digest=cohort_digest, whole=predictions)
    found = replace(
        found,
        auroc_fold_mean=None,
        auroc_definition=found.auroc_definition.replace(
            "scores of one test part", "scores of a frozen package"
        ),
        folds=(),
        operating_rule=manifest.operating_rule,
        notes=(*_notes(found), *directions(predictions, facts)),
        subgroups=subgroups(predictions, facts, groups, rules.bootstrap, 0),
        matched=matched_subset(predictions, facts, rules.bootstrap, 0),
    )
    if manifest.kind != "classes":
        return FrozenFigures(found, beside(found, manifest, None), {}, ())
    chance = _calibrated(predictions, manifest)
    found = _deployed(found, predictions, chance, manifest, rules)
    if len(manifest.classes) > 2:
        return FrozenFigures(found, beside(found, manifest, None), {}, ())
    truth, column = predictions.label == predictions.positive_index, predictions.positive_index
    ratios = {RAW: observed_expected(truth, predictions.scores[:, column], draws)}
    if manifest.calibration is not None:
        ratios[FROZEN] = observed_expected(truth, chance.scores[:, column], draws)
    told = ratios.get(FROZEN, ratios[RAW])
    return FrozenFigures(found, beside(found, manifest, told), ratios, recalibrations(chance, draws))


def _calibrated(predictions: Predictions, manifest: Manifest) -> Predictions:
    """The rows with the package's calibrated probabilities; as they are where it does not calibrate."""
    if manifest.calibration is None:
        return predictions
    scores = calibrate(manifest.calibration, predictions.scores, predictions.positive_index)
    return replace(predictions, scores=scores)


def _deployed(
    found: Evaluation,
    predictions: Predictions,
    chance: Predictions,
    manifest: Manifest,
    rules: EvaluationRules,
) -> Evaluation:
    """The evaluation of raw scores, with what the package carries: calibration, point, curve, sets."""
    draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, 0)
    positive, carried = predictions.positive_index, manifest.calibration
    figures = dict(found.calibration.figures) if found.calibration else {}
    curve, sets = found.decision_curve, _sets(predictions, manifest, draws)
    if carried:
        truth, score = predictions.label == positive, predictions.scores[:, positive]
        words = f"calibrated as in training, {carried.method}"
        figures[FROZEN] = raw_figures(chance, draws)
        curve = decision_curve(truth, score, chance.scores[:, positive], draws, words)
    return replace(
        found,
        calibration=CalibrationResult(carried.method if carried else None, figures, carried),
        operating_points=_points(found, predictions, manifest, draws),
        decision_curve=curve,
        prediction_sets=sets,
        notes=(*found.notes, *(short_of(sets.target, sets.figures) if sets else ())),
    )


def _points(
    found: Evaluation, predictions: Predictions, manifest: Manifest, draws: SubjectDraws
) -> tuple[OperatingPoint, ...]:
    """The point that the package decides by, then the others that it carries, all at their own thresholds."""
    if len(manifest.classes) != 2:
        return ()
    own = {point.name: point for point in manifest.operating_points}
    used = own.pop(manifest.operating_rule, None)
    target = used.target if used else None
    points = [replace(one, name=manifest.operating_rule, target=target) for one in found.operating_points]
    score, share = predictions.scores[:, predictions.positive_index], points[0].deployment_prevalence
    for one in own.values():
        named = Named(one.name, one.target, one.threshold)
        points.append(point_at(named, score >= one.threshold, predictions, share, draws))
    return tuple(points)


def _sets(predictions: Predictions, manifest: Manifest, draws: SubjectDraws) -> PredictionSets | None:
    rule = manifest.sets
    if rule is None:
        return None
    inside = predictions.scores >= np.array(rule.least)
    least = dict(zip(manifest.classes, rule.least, strict=True))
    return PredictionSets(rule.coverage, least, set_figures(predictions, inside, draws), ())


def _notes(found: Evaluation) -> list[str]:
    """What a reader must know, without what only a cross-validation could have."""
    kept = [note for note in found.notes if not note.startswith(NOT_SAID)]
    untrained = [note for note in kept if NOT_FITTED not in note]
    if len(untrained) < len(kept):
        untrained.append("Baselines that must be trained are left out: nothing is trained on this cohort.")
    missing = [name for name, number in found.class_counts.items() if not number]
    if missing and found.kind != "multi_label" and len(found.classes) < 3:
        untrained.append(f"No sample of {', '.join(missing)}: figures that need every class are not defined.")
    return untrained


def beside(found: Evaluation, manifest: Manifest, told: Estimate | None) -> tuple[Beside, ...]:
    """The figures that the training's out-of-fold scores have too, with the difference.

    `told` is observed over expected of the scores as the package hands them on.
    """
    training = manifest.training
    known = {name: Estimate(*limits) for name, limits in training.out_of_fold.items()}
    here: dict[str, Estimate] = {}
    if found.calibration is not None:
        figures = found.calibration.figures.get(FROZEN, found.calibration.figures[RAW])
        names = ("slope", "intercept", "ece", "brier", "log_loss")
        here = {name: getattr(figures, name) for name in names}
    if told is not None:
        here["observed_expected"] = told
    here |= {name: found.metrics[name] for name in ("sensitivity", "specificity") if name in found.metrics}
    if found.prediction_sets is not None:
        here["coverage"] = found.prediction_sets.figures["coverage"]
    pairs = {"auroc": (found.auroc, Estimate(training.auroc, *training.auroc_ci95))}
    pairs |= {name: (one, known[name]) for name, one in here.items() if name in known}
    return tuple(_beside(name, one, other) for name, (one, other) in pairs.items())


def _beside(name: str, one: Estimate, other: Estimate) -> Beside:
    """One of them; the calibration error grows with fewer samples, so that no difference is taken of it."""
    if name == "ece":
        return Beside(name, one, Estimate(other.value), Estimate(None))
    return Beside(name, one, other, difference(one, other))
