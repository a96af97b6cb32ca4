"""What is it worth where a subject is a row: is there anything in this subject, whichever lesion shows it?"""

import numpy as np
from numpy.typing import NDArray

from medidense.stats.comparing import auprc_estimate, auroc_estimate
from medidense.stats.decisions import Decisions, decision_figures
from medidense.stats.delong import delong_estimate
from medidense.stats.grades import grade_figures
from medidense.stats.intervals import SubjectDraws
from medidense.stats.labels import AUPRC, labels_found
from medidense.stats.subject_rows import SubjectRows, subject_rows
from medidense.stats.undefined import undefined_classes
from medidense.values import Estimate, PerSubject, Predictions
from medidense.values.recipe import EvaluationRules

PROBABILITIES = ("brier", "log_loss")
"""Figures left out: the highest of several probabilities ranks subjects, but is no probability of one."""


def per_subject(
    predictions: Predictions,
    decided: NDArray[np.int64] | None,
    rules: EvaluationRules,
    draws: SubjectDraws,
) -> PerSubject | None:
    """The figures by subject of rows whose classes `decided` (N,) are; None where each subject has one row.

    `decided` is None of several labels at once. As many draws are made with the seed of `draws`: where no
    subject is left out they are the same, and a subject is a row.
    """
    if draws.one_row_each:
        return None
    pooled = subject_rows(predictions, decided)
    rows = np.bincount(draws.subject)
    if not pooled.table.samples:
        nothing = Estimate(None)
        return PerSubject(0, int((rows > 1).sum()), pooled.left_out, pooled.rule, {}, nothing, {})
    own = SubjectDraws.of(pooled.table.subjects, draws.draws, draws.seed)
    binary = predictions.kind == "classes" and len(predictions.classes) == 2
    if decided is None:
        found = labels_found(pooled.table, (), rules, own)
        metrics, notes = found.metrics, found.undefined
    else:
        found, (metrics, notes) = None, _figures(pooled, own)
    return PerSubject(
        subjects=len(pooled.table.samples),
        several=int((rows > 1).sum()),
        left_out=pooled.left_out,
        rule=pooled.rule,
        class_counts=_counts(pooled.table),
        auroc=auroc_estimate(pooled.table, pooled.table.scores, own),
        metrics={name: figure for name, figure in metrics.items() if name not in PROBABILITIES},
        auroc_delong=_delong(pooled.table) if binary else None,
        samples_auroc=_of_counts(pooled.table, rows, own) if binary else None,
        notes=notes,
        labels={} if found is None else {label.name: label.auroc for label in found.labels},
    )


def _figures(pooled: SubjectRows, draws: SubjectDraws) -> tuple[dict[str, Estimate], tuple[str, ...]]:
    """AUPRC and the figures of the decisions, those of grades too; which means have no value, and why."""
    table, decided = pooled.table, pooled.decided
    if decided is None:
        return {}, ()
    decisions = Decisions(table.label, decided, table.scores, table.positive_index)
    grades = grade_figures(decisions, draws) if table.kind == "ordinal" else {}
    figures = {AUPRC: auprc_estimate(table, draws), **grades, **decision_figures(decisions, draws)}
    return figures, undefined_classes(decisions, table.classes)


def _counts(table: Predictions) -> dict[str, int]:
    """How many subjects are of each class, or show each label."""
    if table.multi_label:
        counts = (table.label == 1).sum(axis=0)
    else:
        counts = np.bincount(table.label, minlength=len(table.classes))
    return dict(zip(table.classes, map(int, counts), strict=True))


def _delong(table: Predictions) -> Estimate:
    positive = table.positive_index
    return delong_estimate(table.label == positive, table.scores[:, positive])


def _of_counts(table: Predictions, rows: NDArray[np.int64], draws: SubjectDraws) -> Estimate:
    """AUROC of how many samples a subject has, for the positive class."""
    number = rows.astype(np.float64)
    scores = np.stack([-number, number] if table.positive_index == 1 else [number, -number], axis=1)
    return auroc_estimate(table, scores, draws)
