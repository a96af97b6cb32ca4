"""What is a cross-validation worth, and is it worth more than a ruler?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import BaselineScores, baseline_scores
from medidense.stats.decisions import Decisions, decide, decision_figures
from medidense.stats.intervals import SubjectDraws, subject_bootstrap
from medidense.stats.ranking import auroc, weighted_macro_auroc
from medidense.values import Baseline, Estimate, Evaluation, FoldResult, Predictions, SampleFacts
from medidense.values.recipe import EvaluationRules

FEW = 30
"""Subjects below which a note warns that intervals are rough."""


def evaluate_predictions(
    predictions: Predictions,
    facts: Sequence[SampleFacts],
    rules: EvaluationRules,
    *,
    cohort_digest: str,
    rows: str = "all",
    seed: int = 0,
    rivals: Sequence[BaselineScores] = (),
) -> Evaluation:
    """Everything `evaluate` reports about out-of-fold predictions of at least one sample.

    `facts` may hold more samples than `predictions`; `rows` names the subset that was asked for;
    `rivals` are further scores of the same rows to compare with, beside the baselines. All
    intervals come from the same `rules.bootstrap` draws of subjects, seeded with `seed`.
    """
    draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, seed)
    positive = predictions.positive_index
    decided = decide(predictions.scores, positive, rules.operating_point)
    decisions = Decisions(predictions.label, decided, predictions.scores, positive)
    baselines, left_out = baseline_scores(predictions, facts)
    folds = fold_results(predictions)
    return Evaluation(
        classes=predictions.classes,
        positive=predictions.positive,
        samples=len(predictions.samples),
        subjects=draws.subjects,
        class_counts=_class_counts(predictions),
        auroc=_estimate(predictions, predictions.scores, draws),
        auroc_fold_mean=mean_of_defined([fold.auroc for fold in folds]),
        auroc_definition=_definition(predictions),
        operating_point=rules.operating_point,
        metrics=decision_figures(decisions, draws),
        confusion=_confusion(decisions),
        folds=folds,
        baselines=tuple(_baseline(predictions, baseline, draws) for baseline in (*baselines, *rivals)),
        interval=_interval_words(draws, len(predictions.classes)),
        cohort_digest=cohort_digest,
        rows=rows,
        notes=(*_notes(predictions, draws, folds), *left_out),
    )


def _estimate(predictions: Predictions, scores: NDArray[np.float64], draws: SubjectDraws) -> Estimate:
    """AUROC of these scores with its interval."""
    label, positive = predictions.label, predictions.positive_index
    value = auroc(label, scores, positive)
    if value is None:
        return Estimate(None)
    return Estimate(
        value, *subject_bootstrap(lambda w: weighted_macro_auroc(label, scores, positive, w), draws)
    )


def _baseline(predictions: Predictions, baseline: BaselineScores, draws: SubjectDraws) -> Baseline:
    """The baseline's AUROC and, from the same draws, network minus baseline."""
    label, positive = predictions.label, predictions.positive_index

    def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        network = weighted_macro_auroc(label, predictions.scores, positive, weights)
        return network - weighted_macro_auroc(label, baseline.scores, positive, weights)

    own = _estimate(predictions, baseline.scores, draws)
    network = auroc(label, predictions.scores, positive)
    if network is None or own.value is None:
        return Baseline(baseline.name, own, Estimate(None))
    gap = Estimate(network - own.value, *subject_bootstrap(difference, draws))
    return Baseline(baseline.name, own, gap)


def fold_results(predictions: Predictions) -> tuple[FoldResult, ...]:
    """Each fold's own figures; a fold whose test part lacks a class says so instead of a number."""
    results: list[FoldResult] = []
    for fold in np.unique(predictions.fold):
        inside = predictions.fold == fold
        label = predictions.label[inside]
        absent = [name for index, name in enumerate(predictions.classes) if index not in label]
        results.append(
            FoldResult(
                fold=int(fold),
                samples=int(inside.sum()),
                subjects=len({predictions.subjects[row] for row in np.flatnonzero(inside)}),
                auroc=auroc(label, predictions.scores[inside], predictions.positive_index),
                note=f"No sample of class {', '.join(absent)}: AUROC is not defined." if absent else "",
            )
        )
    return tuple(results)


def _confusion(decisions: Decisions) -> tuple[tuple[int, ...], ...]:
    table = decisions.confusions(np.ones((1, len(decisions.label))))[0]
    return tuple(tuple(int(cell) for cell in row) for row in table)


def _class_counts(predictions: Predictions) -> dict[str, int]:
    counts = np.bincount(predictions.label, minlength=len(predictions.classes))
    return dict(zip(predictions.classes, map(int, counts), strict=True))


def mean_of_defined(values: Sequence[float | None]) -> float | None:
    """Mean of the folds that have a value."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _definition(predictions: Predictions) -> str:
    """Which AUROC it is, in words."""
    pooled = len(np.unique(predictions.fold)) > 1
    scores = "pooled out-of-fold scores" if pooled else "scores of one test part"
    if len(predictions.classes) == 2:
        other = next(name for name in predictions.classes if name != predictions.positive)
        return f"class {predictions.positive} against {other}, {scores}"
    return f"macro mean of one-vs-rest over {len(predictions.classes)} classes, {scores}"


def _interval_words(draws: SubjectDraws, classes: int) -> str:
    """How the intervals were made."""
    words = f"95 % percentile bootstrap over {draws.subjects} subjects, {draws.draws} draws"
    if draws.one_row_each and classes == 2:
        words += "; Wilson for proportions"
    return words


def _notes(predictions: Predictions, draws: SubjectDraws, folds: Sequence[FoldResult]) -> list[str]:
    """What a reader must know beside the numbers."""
    notes: list[str] = []
    if draws.subjects < FEW:
        notes.append(f"Only {draws.subjects} subjects: the intervals are rough.")
    single = [str(fold.fold) for fold in folds if fold.auroc is None]
    if single:
        notes.append(f"The fold mean leaves out folds without every class: {', '.join(single)}.")
    if len(predictions.classes) > 2:
        notes.append(
            "More than two classes: the highest score decides, the operating point is not used; "
            "sensitivity, specificity, PPV, NPV and F1 are macro means of one-vs-rest."
        )
    return notes
