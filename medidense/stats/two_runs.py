"""Is one run better than another on the same samples: by rank, and by decision?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from medidense.stats.comparing import auroc_difference, auroc_estimate
from medidense.stats.delong import delong
from medidense.stats.deployment import out_of_fold_decisions
from medidense.stats.intervals import LEVEL, SubjectDraws
from medidense.values import Comparison, Estimate, McNemar, Predictions
from medidense.values.recipe import EvaluationRules

MANY_ROWS = (
    "Subjects have several samples: DeLong is left out, and McNemar's p is that of whole subjects, whose "
    "samples change sides together."
)


def compare_predictions(
    first: Predictions,
    second: Predictions,
    rules: tuple[EvaluationRules, EvaluationRules],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Differences of two runs, first minus second, on the same rows with the same truth.

    Each run is decided as its own rules say, as `evaluate_predictions` does: with a chosen operating point
    each fold at the threshold of the others. Raises ValueError where samples, subjects, classes or labels
    differ.
    """
    for field in ("samples", "subjects", "classes", "positive", "kind"):
        if getattr(first, field) != getattr(second, field):
            raise ValueError(f"the two runs differ in {field}")
    if (first.label != second.label).any():
        raise ValueError("the two runs differ in label")
    drawn = SubjectDraws.of(first.subjects, draws, seed)
    tables = zip((first, second), rules, strict=True)
    decided = [] if first.multi_label else [out_of_fold_decisions(*table) for table in tables]
    points = [point for _, point in decided] or [rule.operating_point for rule in rules]
    gap, p = _delong(first, second) if _independent(first, drawn) else (Estimate(None), None)
    return Comparison(
        samples=len(first.samples),
        subjects=drawn.subjects,
        auroc_first=auroc_estimate(first, first.scores, drawn),
        auroc_second=auroc_estimate(second, second.scores, drawn),
        difference=auroc_difference(first, first.scores, second.scores, drawn),
        delong=gap,
        delong_p=p,
        mcnemar=_mcnemars(first, drawn.subject, [classes for classes, _ in decided]) if decided else {},
        operating_points=(points[0], points[1]),
        interval=f"95 % percentile bootstrap over {drawn.subjects} subjects, {draws} draws, paired; "
        "Newcombe for an AUROC of 0 or 1, and then from both for the difference",
        notes=() if drawn.one_row_each or first.multi_label else (MANY_ROWS,),
    )


def _independent(table: Predictions, drawn: SubjectDraws) -> bool:
    """Whether DeLong holds: two classes, both there, a subject a row."""
    both = len(table.classes) == 2 and not table.multi_label and len(np.unique(table.label)) == 2
    return both and drawn.one_row_each


def _delong(first: Predictions, second: Predictions) -> tuple[Estimate, float | None]:
    """The same with DeLong's normal interval, and the p of no difference (two-sided).

    Neither where one of two different scores has an area of 0 or 1, which has no variance.
    """
    column = first.positive_index
    scores = np.stack([first.scores[:, column], second.scores[:, column]])
    areas, covariance = delong(first.label == column, scores)
    gap = float(areas[0] - areas[1])
    error = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0)))
    moved = (scores[0] != scores[1]).any()
    if not np.isfinite(error) or (moved and not {0.0, 1.0}.isdisjoint(areas.tolist())):
        return Estimate(gap), None
    if error == 0:
        return Estimate(gap, gap, gap), 1.0 if gap == 0 else 0.0
    half = float(norm.ppf((1 + LEVEL) / 2)) * error
    return Estimate(gap, gap - half, gap + half), float(2 * norm.sf(abs(gap) / error))


def _mcnemars(
    first: Predictions, subject: NDArray[np.int64], decided: Sequence[NDArray[np.int64]]
) -> dict[str, McNemar]:
    """McNemar's test of both runs' decisions (N,), over all rows and over each side of two classes."""
    right = [classes == first.label for classes in decided]
    everywhere = np.ones(len(first.label), dtype=bool)
    found = {"accuracy": mcnemar(right[0], right[1], everywhere, subject)}
    if len(first.classes) == 2:
        positive = first.label == first.positive_index
        found["sensitivity"] = mcnemar(right[0], right[1], positive, subject)
        found["specificity"] = mcnemar(right[0], right[1], ~positive, subject)
    return found


def mcnemar(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    rows: NDArray[np.bool_],
    subject: NDArray[np.int64],
) -> McNemar:
    """Exact McNemar test of two columns of right decisions (N,), in `rows`, by the rows' `subject` (N,).

    Where two runs are alike, they could as well be swapped in any subject, all of its rows at once: p is the
    share of all such swaps with a difference at least as large. With a row a subject that is the exact test
    of McNemar 1947, Psychometrika 12:153-157; for many subjects it is near the chi-squared test for clusters
    of Obuchowski 1998, Stat Med 17:1495-1507, whose variance it has (Yang, Sun, Hardin 2010, Biom J
    52:638-652).

    >>> yes, no = np.array([True] * 6), np.array([False] * 6)
    >>> mcnemar(yes, no, yes, np.arange(6))
    McNemar(rows=6, only_first=6, only_second=0, p=0.03125, subjects=6)
    >>> mcnemar(yes, no, yes, np.array([0, 0, 0, 1, 1, 1])).p
    0.5
    """
    one, other = first & ~second & rows, second & ~first & rows
    gaps = np.bincount(subject, one) - np.bincount(subject, other)
    return McNemar(
        rows=int(rows.sum()),
        only_first=int(one.sum()),
        only_second=int(other.sum()),
        p=_swapped(np.rint(gaps[gaps != 0]).astype(np.int64)),
        subjects=len(np.unique(subject[rows])),
    )


def _swapped(gaps: NDArray[np.int64]) -> float:
    """Share of all signs of `gaps` (K,) whose sum is as far from 0 as theirs, counted, not drawn."""
    furthest = int(np.abs(gaps).sum())
    chance = np.zeros(2 * furthest + 1)
    chance[furthest] = 1.0
    for gap in np.abs(gaps):  # a circle long enough that nothing comes round
        chance = (np.roll(chance, gap) + np.roll(chance, -gap)) / 2
    sums = np.abs(np.arange(-furthest, furthest + 1))
    return min(float(chance[sums >= abs(int(gaps.sum()))].sum()), 1.0)
