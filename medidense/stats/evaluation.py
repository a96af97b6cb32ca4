"""What is a cross-validation worth, and is it worth more than a ruler?"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import BaselineScores, baseline_scores
from medidense.stats.comparing import auprc_estimate, auroc_estimate, compared
from medidense.stats.decisions import Decisions, decided_classes, decision_figures
from medidense.stats.delong import delong_estimate
from medidense.stats.deployment import Deployed, deployed
from medidense.stats.folds import fold_results, mean_of_defined
from medidense.stats.found import Found
from medidense.stats.grades import grade_figures
from medidense.stats.intervals import SubjectDraws
from medidense.stats.labels import AUPRC, labels_found
from medidense.stats.per_subject import per_subject
from medidense.stats.undefined import undefined_classes
from medidense.values import Estimate, Evaluation, FoldResult, PerSubject, Predictions, SampleFacts
from medidense.values.recipe import EvaluationRules

FEW = 30
"""Subjects below which a note warns that intervals are rough."""

FOLD_MEAN = "The fold mean leaves out folds without every class"


def evaluate_predictions(
    predictions: Predictions,
    facts: Sequence[SampleFacts],
    rules: EvaluationRules,
    *,
    cohort_digest: str,
    rows: str = "all",
    seed: int = 0,
    rivals: Sequence[BaselineScores] = (),
    whole: Predictions | None = None,
) -> Evaluation:
    """Everything `evaluate` reports about out-of-fold predictions of at least one sample.

    `facts` may hold more samples than `predictions`; `rows` names the subset that was asked for;
    `rivals` are further scores of the same rows to compare with, beside the baselines; `whole` is the table
    that `predictions` are rows of, by whose other folds calibration, thresholds and baselines are fitted. All
    intervals come from the same `rules.bootstrap` draws of subjects, seeded with `seed`. Of several labels
    at once each is evaluated by itself, over the rows in which it is known, and their means stand above.
    """
    draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, seed)
    whole = predictions if whole is None else whole
    put = deployed(predictions, whole, rules, draws)
    decided = None if predictions.multi_label else _decided(predictions, rules, put)
    found = (
        labels_found(predictions, facts, rules, draws, rivals, whole)
        if decided is None
        else _classes_found(predictions, facts, decided, draws, whole)
    )
    folds = fold_results(predictions, decided, seed)
    by_subject = per_subject(predictions, decided, rules, draws)
    notes = (*_notes(predictions, draws, folds, whole), *_unsure(found.metrics))
    return Evaluation(
        kind=predictions.kind,
        classes=predictions.classes,
        positive=predictions.positive,
        samples=len(predictions.samples),
        subjects=draws.subjects,
        class_counts=found.counts,
        auroc=auroc_estimate(predictions, predictions.scores, draws),
        auroc_fold_mean=mean_of_defined([fold.auroc for fold in folds]),
        auroc_definition=_definition(predictions),
        operating_point=put.settled.operating_point,
        metrics=found.metrics,
        confusion=found.confusion,
        folds=folds,
        baselines=tuple(compared(predictions, one, draws) for one in (*found.baselines, *rivals)),
        interval=_interval_words(draws),
        cohort_digest=cohort_digest,
        rows=rows,
        notes=(*notes, *found.notes, *_by_subject(by_subject, found.notes), *put.notes),
        labels=found.labels,
        auroc_delong=_delong(predictions, draws),
        operating_rule=put.settled.operating_rule,
        calibration=put.calibration,
        operating_points=put.operating_points,
        decision_curve=put.decision_curve,
        prediction_sets=put.prediction_sets,
        per_subject=by_subject,
    )


def _decided(predictions: Predictions, rules: EvaluationRules, put: Deployed) -> NDArray[np.int64]:
    """The class decided for, (N,): at thresholds from the other folds where the recipe has them chosen."""
    return decided_classes(predictions, rules.operating_point) if put.decided is None else put.decided


def _delong(predictions: Predictions, draws: SubjectDraws) -> Estimate | None:
    """The AUROC with DeLong's interval, where each sample is a subject and there are two classes."""
    if predictions.kind != "classes" or len(predictions.classes) != 2 or not draws.one_row_each:
        return None
    positive = predictions.positive_index
    return delong_estimate(predictions.label == positive, predictions.scores[:, positive])


def _classes_found(
    predictions: Predictions,
    facts: Sequence[SampleFacts],
    decided: NDArray[np.int64],
    draws: SubjectDraws,
    whole: Predictions,
) -> Found:
    """The decisions (N,), among classes or grades, and the baselines."""
    decisions = Decisions(predictions.label, decided, predictions.scores, predictions.positive_index)
    baselines, left_out = baseline_scores(predictions, facts, whole)
    grades = grade_figures(decisions, draws) if predictions.kind == "ordinal" else {}
    return Found(
        counts=_class_counts(predictions),
        metrics={AUPRC: auprc_estimate(predictions, draws), **grades, **decision_figures(decisions, draws)},
        confusion=_confusion(decisions),
        baselines=baselines,
        notes=(*undefined_classes(decisions, predictions.classes), *left_out),
    )


def _confusion(decisions: Decisions) -> tuple[tuple[int, ...], ...]:
    table = decisions.confusions(np.ones((1, len(decisions.label))))[0]
    return tuple(tuple(int(cell) for cell in row) for row in table)


def _class_counts(predictions: Predictions) -> dict[str, int]:
    counts = np.bincount(predictions.label, minlength=len(predictions.classes))
    return dict(zip(predictions.classes, map(int, counts), strict=True))


def _definition(predictions: Predictions) -> str:
    """Which AUROC it is, in words."""
    pooled = len(np.unique(predictions.fold)) > 1
    scores = "pooled out-of-fold scores" if pooled else "scores of one test part"
    if predictions.multi_label:
        return f"macro mean over {len(predictions.classes)} labels where they are known, {scores}"
    if len(predictions.classes) == 2:
        other = next(name for name in predictions.classes if name != predictions.positive)
        return f"class {predictions.positive} against {other}, {scores}"
    return f"macro mean of one-vs-rest over {len(predictions.classes)} classes, {scores}"


def _interval_words(draws: SubjectDraws) -> str:
    """How the intervals were made."""
    words = f"95 % percentile bootstrap over {draws.subjects} subjects, {draws.draws} draws; "
    if draws.one_row_each:
        return words + "Wilson for proportions, Newcombe for an AUROC of 0 or 1"
    return words + "Wilson over subjects for a proportion, Newcombe for an AUROC, of 0 or 1"


def _unsure(metrics: Mapping[str, Estimate]) -> list[str]:
    """Which figures have a value and no interval, and why."""
    names = [
        name.replace("_", " ") for name, one in metrics.items() if one.value is not None and one.low is None
    ]
    said = f"Without an interval, as no draw moves them or too few draws have them: {', '.join(names)}."
    return [said] if names else []


def _of_a_part(predictions: Predictions, whole: Predictions) -> list[str]:
    """By which rows the rules beside the network were fitted, where not all of the run's are counted."""
    if len(predictions.samples) == len(whole.samples):
        return []
    return [
        f"Baselines are fitted on the folds of all {len(whole.samples)} rows of the run, as the network is; "
        f"{len(predictions.samples)} of them are counted."
    ]


def fold_mean_notes(folds: Sequence[FoldResult]) -> list[str]:
    """Which folds have no AUROC, so that the mean over the folds leaves them out."""
    single = [str(fold.fold) for fold in folds if fold.auroc is None]
    return [f"{FOLD_MEAN}: {', '.join(single)}."] if single else []


def _by_subject(found: PerSubject | None, said: Sequence[str]) -> list[str]:
    """What must be known of the figures by subject, beside what is said of the samples."""
    return [f"By subject: {note}" for note in (found.notes if found else ()) if note not in said]


def _notes(
    predictions: Predictions, draws: SubjectDraws, folds: Sequence[FoldResult], whole: Predictions
) -> list[str]:
    """What a reader must know beside the numbers."""
    notes: list[str] = []
    if draws.subjects < FEW:
        notes.append(f"Only {draws.subjects} subjects: the intervals are rough.")
    notes += fold_mean_notes(folds)
    if predictions.kind == "ordinal":
        notes.append(
            "Grades: the middle of the scores decides, the operating point is not used; quadratic kappa and "
            "mean absolute error are of the grades decided, sensitivity, specificity, PPV, NPV and F1 macro "
            "means of one-vs-rest over every grade."
        )
    elif predictions.multi_label:
        notes.append(
            "Several labels: AUROC, AUPRC and the figures at the operating point are means over the labels "
            "that have both kinds, each over the rows in which it is known; a figure that one of them lacks "
            "has no mean."
        )
    elif len(predictions.classes) > 2:
        notes.append(
            "More than two classes: the highest score decides, the operating point is not used; "
            "sensitivity, specificity, PPV, NPV and F1 are macro means of one-vs-rest over every class."
        )
    return [*notes, *_of_a_part(predictions, whole)]
