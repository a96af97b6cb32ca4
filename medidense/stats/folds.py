"""What is each fold worth by itself?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.stats.comparing import auprc_estimate, auroc_estimate
from medidense.stats.decisions import Decisions, decision_figures
from medidense.stats.intervals import SubjectDraws
from medidense.stats.ranking import auroc, two_sided
from medidense.values import Estimate, FoldResult, Predictions

BRIEF = 500
"""Draws for a fold's intervals: they are wide, and their limits need no more."""


def fold_results(
    predictions: Predictions, decided: NDArray[np.int64] | None = None, seed: int = 0
) -> tuple[FoldResult, ...]:
    """Each fold's own figures; a fold whose test part lacks a class says so instead of a number.

    With the classes `decided` (N,) each has all figures, with intervals from `BRIEF` draws of its subjects.
    """
    results: list[FoldResult] = []
    for fold in np.unique(predictions.fold):
        inside = predictions.fold == fold
        label = predictions.label[inside]
        results.append(
            FoldResult(
                fold=int(fold),
                samples=int(inside.sum()),
                subjects=len({predictions.subjects[row] for row in np.flatnonzero(inside)}),
                auroc=auroc(label, predictions.scores[inside], predictions.positive_index),
                note=_absent(predictions, label),
                figures={} if decided is None else _figures(predictions, inside, decided, seed),
            )
        )
    return tuple(results)


def mean_of_defined(values: Sequence[float | None]) -> float | None:
    """Mean of the folds that have a value."""
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _figures(
    predictions: Predictions, inside: NDArray[np.bool_], decided: NDArray[np.int64], seed: int
) -> dict[str, Estimate]:
    """AUROC, AUPRC and the figures of the decisions, of these rows."""
    part = predictions.take({predictions.samples[row] for row in np.flatnonzero(inside)})
    draws = SubjectDraws.of(part.subjects, BRIEF, seed)
    decisions = Decisions(part.label, decided[inside], part.scores, part.positive_index)
    return {
        "auroc": auroc_estimate(part, part.scores, draws),
        "auprc": auprc_estimate(part, draws),
        **decision_figures(decisions, draws),
    }


def _absent(predictions: Predictions, label: NDArray[np.int64]) -> str:
    """What the labels of a fold's test part lack, and what follows for its figure."""
    if predictions.multi_label:
        both = two_sided(label)
        names = [name for index, name in enumerate(predictions.classes) if index not in both]
        return f"Left out of the mean, all of one kind here: {', '.join(names)}." if names else ""
    names = [name for index, name in enumerate(predictions.classes) if index not in label]
    return f"No sample of class {', '.join(names)}: AUROC is not defined." if names else ""
