"""How well do scores rank one class above another?"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score


def auroc(label: NDArray[np.int64], scores: NDArray[np.float64], positive: int) -> float | None:
    """Area under the receiver operating characteristic curve.

    `label` (N,) holds class indices, `scores` (N, C) a column for each class. With two classes it is the area
    of the column `positive`; with more, the macro mean of one-vs-rest. None where it is undefined: a class of
    the C has no sample, or there are no others. Where `label` is (N, C) of 1, 0 and -1 for unknown (several
    labels at once) it is the macro mean over the labels that have both kinds, each over its known rows.

    >>> auroc(np.array([0, 0, 1, 1]), np.array([[.9, .1], [.6, .4], [.65, .35], [.2, .8]]), 1)
    0.75
    """
    areas: list[float] = []
    if label.ndim == 2:
        for column in two_sided(label):
            known = label[:, column] >= 0
            areas.append(float(roc_auc_score(label[known, column] == 1, scores[known, column])))
        return float(np.mean(areas)) if areas else None
    for column in ranked_classes(scores.shape[1], positive):
        truth = label == column
        if truth.all() or not truth.any():
            return None
        areas.append(float(roc_auc_score(truth, scores[:, column])))
    return float(np.mean(areas)) if areas else None


def ranked_classes(classes: int, positive: int) -> tuple[int, ...]:
    """The columns whose areas make the AUROC: the positive one of two, all of more.

    >>> ranked_classes(2, 0), ranked_classes(3, 0)
    ((0,), (0, 1, 2))
    """
    return (positive,) if classes <= 2 else tuple(range(classes))


def ranked_columns(label: NDArray[np.int64], classes: int, positive: int) -> tuple[int, ...]:
    """The same of class indices (N,), the `two_sided` ones of several labels (N, L)."""
    return two_sided(label) if label.ndim == 2 else ranked_classes(classes, positive)


def two_sided(label: NDArray[np.int64]) -> tuple[int, ...]:
    """Of several labels (N, L) those that some rows show and some do not.

    >>> two_sided(np.array([[1, 0, -1], [0, 0, 1]]))
    (0,)
    """
    both = (label == 1).any(axis=0) & (label == 0).any(axis=0)
    return tuple(int(column) for column in np.flatnonzero(both))


def weighted_auroc(
    truth: NDArray[np.bool_], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Areas of one score under many weightings of its samples at once.

    `truth` and `score` are (N,), `weights` (B, N) counts how often each sample is drawn in each of B draws.
    Returns (B,), NaN where a draw lacks one of the two sides. A tie counts one half (Hanley and McNeil 1982,
    Radiology 143:29-36: the area is the chance that a positive scores above a negative), exactly, because
    whole weights are summed before they are divided.

    >>> weighted_auroc(np.array([False, True]), np.array([0.5, 0.5]), np.array([[1.0, 3.0], [0.0, 1.0]]))
    array([0.5, nan])
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    drawn = weights[:, order]
    above = np.add.reduceat(drawn * truth[order], starts, axis=1)
    below = np.add.reduceat(drawn * ~truth[order], starts, axis=1)
    lower = np.cumsum(below, axis=1) - 0.5 * below
    pairs = above.sum(axis=1) * below.sum(axis=1)
    won = np.einsum("bg,bg->b", above, lower)
    return np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def weighted_macro_auroc(
    label: NDArray[np.int64],
    scores: NDArray[np.float64],
    positive: int,
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`auroc` under many weightings: (B,) for `weights` (B, N); NaN where a draw lacks a class.

    Of several labels the mean is over those that have both kinds in all rows, whatever a draw holds.
    """
    if label.ndim == 2:
        return weighted_over_labels(weighted_auroc, label, scores, weights)
    columns = ranked_classes(scores.shape[1], positive)
    areas = [weighted_auroc(label == column, scores[:, column], weights) for column in columns]
    return np.asarray(np.mean(areas, axis=0), dtype=np.float64)


def auprc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float | None:
    """Average precision of one score (N,): the step-wise area under the precision-recall curve, no
    interpolation. None where `truth` is all of one kind.
    """
    if truth.all() or not truth.any():
        return None
    return float(average_precision_score(truth, score))


def weighted_auprc(
    truth: NDArray[np.bool_], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`auprc` under many weightings: (B,) for `weights` (B, N); NaN where a draw lacks one of the two sides.

    >>> weighted_auprc(np.array([False, True]), np.array([0.5, 0.5]), np.array([[1.0, 3.0], [0.0, 1.0]]))
    array([0.75,  nan])
    """
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.diff(-score[order], prepend=-np.inf))
    drawn = weights[:, order]
    hits = np.add.reduceat(drawn * truth[order], starts, axis=1)
    called = np.cumsum(np.add.reduceat(drawn, starts, axis=1), axis=1)
    precision = np.divide(np.cumsum(hits, axis=1), called, out=np.zeros_like(called), where=called > 0)
    positives = hits.sum(axis=1)
    both = (positives > 0) & (called[:, -1] > positives)
    won = np.einsum("bg,bg->b", hits, precision)
    return np.divide(won, positives, out=np.full(len(weights), np.nan), where=both)


def weighted_over_labels(
    area: Callable[[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    label: NDArray[np.int64],
    scores: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The mean of `area` (`weighted_auroc`, `weighted_auprc`) over the labels (N, L) that have both kinds."""
    areas = []
    for column in two_sided(label):
        known = label[:, column] >= 0
        areas.append(area(label[known, column] == 1, scores[known, column], weights[:, known]))
    if not areas:
        return np.full(len(weights), np.nan)
    return np.asarray(np.mean(areas, axis=0), dtype=np.float64)
