"""How do the scores, labels and decisions of samples become those of their subjects?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from medidense.stats.decisions import decide
from medidense.values import Predictions
from medidense.values.wording import class_words

T = TypeVar("T", np.int64, np.float64)


@dataclass(frozen=True, eq=False)
class SubjectRows:
    """A table with a subject as a row; the classes decided for, (S,), None of several labels at once.

    `rule` says how they came about. `left_out` subjects have no label of their own.
    """

    table: Predictions
    decided: NDArray[np.int64] | None
    rule: str
    left_out: int = 0


def subject_rows(predictions: Predictions, decided: NDArray[np.int64] | None) -> SubjectRows:
    """One row for each subject of at least one sample, from rows whose classes `decided` (N,) are.

    All rows of a subject count, and are in one fold. The highest score of a subject's samples is its score,
    as in any reading that asks whether there is a malignant lesion at all; with the decisions it agrees: a
    subject is called positive where one of its samples is, whichever threshold its fold has.
    """
    names, first, place = np.unique(
        np.array(predictions.subjects, dtype=np.str_), return_index=True, return_inverse=True
    )
    pool = POOLS[_kind(predictions)]
    subjects = tuple(str(name) for name in names)
    label, scores, called, rule = pool(predictions, decided, place.astype(np.int64))
    table = replace(
        predictions,
        samples=subjects,
        subjects=subjects,
        fold=predictions.fold[first],
        label=np.maximum(label, 0) if label.ndim == 1 else label,
        scores=scores,
    )
    known = np.ones(len(subjects), dtype=bool) if label.ndim == 2 else label >= 0
    if not known.all():
        table = table.take({name for name, kept in zip(subjects, known, strict=True) if kept})
    return SubjectRows(table, None if called is None else called[known], rule, int((~known).sum()))


Decided = NDArray[np.int64] | None
Pooled = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64] | None, str]
"""Labels (S,), -1 for none, or (S, L); scores (S, C); the classes decided for; the rule in words."""


def _binary(table: Predictions, decided: Decided, place: NDArray[np.int64]) -> Pooled:
    positive = table.positive_index
    score = _highest(table.scores[:, positive], place)
    truth = _any_positive(table.label, positive, place)
    called = None if decided is None else _any_positive(decided, positive, place)
    scores = np.stack([1 - score, score] if positive == 1 else [score, 1 - score], axis=1)
    rule = (
        f"A subject is {class_words(table.positive)} where any of its samples is; its highest score "
        "counts, decided at the threshold of a single sample"
    )
    return truth, scores, called, rule


def _any_positive(column: NDArray[np.int64], positive: int, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of two classes the positive one where any row of the subject has it, (S,) of (N,)."""
    anywhere = _highest((column == positive).astype(np.int64), place) > 0
    return np.asarray(np.where(anywhere, positive, 1 - positive), dtype=np.int64)


def _grades(table: Predictions, decided: Decided, place: NDArray[np.int64]) -> Pooled:
    """The chance of a subject to exceed a grade is the highest of its samples': with two grades the same as
    `_binary`, and its middle grade is the highest of its samples' middle grades."""
    above = _highest(1 - np.cumsum(table.scores, axis=1)[:, :-1], place)
    edges = np.pad(np.clip(above, 0, 1), ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0)))
    called = None if decided is None else _highest(decided, place)
    rule = "A subject has the highest grade of its samples; their highest chance to exceed a grade counts"
    return _highest(table.label, place), edges[:, :-1] - edges[:, 1:], called, rule


def _classes(table: Predictions, decided: Decided, place: NDArray[np.int64]) -> Pooled:
    """No class is above another: a subject has a label where its samples agree."""
    label = _highest(table.label, place)
    agreed = label == -_highest(-table.label, place)
    sums = np.zeros((len(label), len(table.classes)))
    np.add.at(sums, place, table.scores)
    scores = sums / np.bincount(place)[:, None]
    rule = "A subject has the class that all its samples have; the mean of their scores counts and decides"
    called = None if decided is None else decide(scores, table.positive_index, 0.5)
    return np.where(agreed, label, -1), scores, called, rule


def _labels(table: Predictions, decided: Decided, place: NDArray[np.int64]) -> Pooled:
    """Over the same cells as the samples' figures: what is not known takes no part."""
    known = table.label >= 0
    score = _highest(np.where(known, table.scores, 0.0), place)
    rule = (
        "A subject shows a label where any of its samples that know it does; the highest score of these "
        "counts, decided at the threshold of a single sample"
    )
    return _highest(table.label, place), score, None, rule


POOLS: Mapping[str, Callable[[Predictions, Decided, NDArray[np.int64]], Pooled]] = {
    "binary": _binary,
    "ordinal": _grades,
    "classes": _classes,
    "multi_label": _labels,
}


def _kind(predictions: Predictions) -> str:
    binary = predictions.kind == "classes" and len(predictions.classes) == 2
    return "binary" if binary else predictions.kind


def _highest(column: NDArray[T], place: NDArray[np.int64]) -> NDArray[T]:
    """The highest value of each subject, (S,) or (S, C), of rows (N,) or (N, C) of the subjects `place`."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    return np.maximum.reduceat(column[order], starts, axis=0)
