"""What is a cross-validation worth, and is it worth more than a ruler?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import BaselineScores, baseline_scores
from medidense.stats.comparing import auroc_estimate, compared
from medidense.stats.decisions import Decisions, decided_classes, decision_figures
from medidense.stats.found import Found
from medidense.stats.grades import grade_figures
from medidense.stats.intervals import SubjectDraws
from medidense.stats.labels import labels_found
from medidense.stats.ranking import auroc, two_sided
from medidense.values import Evaluation, FoldResult, Predictions, SampleFacts
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
    intervals come from the same `rules.bootstrap` draws of subjects, seeded with `seed`. Of several labels at
    once each is evaluated by itself, over the rows in which it is known, and their means stand above.
    """
    draws = SubjectDraws.of(predictions.subjects, rules.bootstrap, seed)
    found = (
        labels_found(predictions, facts, rules, draws, rivals)
        if predictions.multi_label
        else _classes_found(predictions, facts, rules, draws)
    )
    folds = fold_results(predictions)
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
        operating_point=rules.operating_point,
        metrics=found.metrics,
        confusion=found.confusion,
        folds=folds,
        baselines=tuple(compared(predictions, one, draws) for one in (*found.baselines, *rivals)),
        interval=_interval_words(draws, len(predictions.classes) == 2 or predictions.multi_label),
        cohort_digest=cohort_digest,
        rows=rows,
        notes=(*_notes(predictions, draws, folds), *found.notes),
        labels=found.labels,
    )


def _classes_found(
    predictions: Predictions, facts: Sequence[SampleFacts], rules: EvaluationRules, draws: SubjectDraws
) -> Found:
    """The decisions, among classes or grades, and the baselines."""
    decided = decided_classes(predictions, rules.operating_point)
    decisions = Decisions(predictions.label, decided, predictions.scores, predictions.positive_index)
    baselines, left_out = baseline_scores(predictions, facts)
    grades = grade_figures(decisions, draws) if predictions.kind == "ordinal" else {}
    return Found(
        counts=_class_counts(predictions),
        metrics={**grades, **decision_figures(decisions, draws)},
        confusion=_confusion(decisions),
        baselines=baselines,
        notes=left_out,
    )


def fold_results(predictions: Predictions) -> tuple[FoldResult, ...]:
    """Each fold's own figures; a fold whose test part lacks a class says so instead of a number."""
    results: list[FoldResult] = []
    for fold in np.unique(predictions.fold):
        inside = predictions.fold == fold
        label = predictions.label[inside]
        absent = _absent(predictions, label)
        results.append(
            FoldResult(
                fold=int(fold),
                samples=int(inside.sum()),
                subjects=len({predictions.subjects[row] for row in np.flatnonzero(inside)}),
                auroc=auroc(label, predictions.scores[inside], predictions.positive_index),
                note=absent,
            )
        )
    return tuple(results)


def _absent(predictions: Predictions, label: NDArray[np.int64]) -> str:
    """What the labels of a fold's test part lack, and what follows for its figure."""
    if predictions.multi_label:
        both = two_sided(label)
        names = [name for index, name in enumerate(predictions.classes) if index not in both]
        return f"Left out of the mean, all of one kind here: {', '.join(names)}." if names else ""
    names = [name for index, name in enumerate(predictions.classes) if index not in label]
    return f"No sample of class {', '.join(names)}: AUROC is not defined." if names else ""


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
    if predictions.multi_label:
        return f"macro mean over {len(predictions.classes)} labels where they are known, {scores}"
    if len(predictions.classes) == 2:
        other = next(name for name in predictions.classes if name != predictions.positive)
        return f"class {predictions.positive} against {other}, {scores}"
    return f"macro mean of one-vs-rest over {len(predictions.classes)} classes, {scores}"


def _interval_words(draws: SubjectDraws, two_sided_decisions: bool) -> str:
    """How the intervals were made."""
    words = f"95 % percentile bootstrap over {draws.subjects} subjects, {draws.draws} draws"
    if draws.one_row_each and two_sided_decisions:
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
    if predictions.kind == "ordinal":
        notes.append(
            "Grades: the middle of the scores decides, the operating point is not used; quadratic kappa and "
            "mean absolute error are of the grades decided, sensitivity, specificity, PPV, NPV and F1 macro "
            "means of one-vs-rest."
        )
    elif predictions.multi_label:
        notes.append(
            "Several labels: AUROC, AUPRC and the figures at the operating point are means over the labels "
            "that have both kinds, each over the rows in which it is known."
        )
    elif len(predictions.classes) > 2:
        notes.append(
            "More than two classes: the highest score decides, the operating point is not used; "
            "sensitivity, specificity, PPV, NPV and F1 are macro means of one-vs-rest."
        )
    return notes
