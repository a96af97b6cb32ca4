"""How far do rules get that no network was trained for: size, brightness, both, or sixty descriptors?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from medidense.values import Predictions, SampleFacts

VOLUME = "volume alone"
INTENSITY = "mean intensity alone"
BOTH = "logistic regression on log volume and mean intensity"
DESCRIPTORS = "logistic regression on descriptors"
WITH_DESCRIPTORS = "network and descriptors"

DESCRIPTORS_C = 0.03
"""Inverse weight of the L2 penalty for the 60 descriptors: fixed, not chosen on any result of a run."""


@dataclass(frozen=True, eq=False)
class BaselineScores:
    """A rule's out-of-fold scores (N, C) for the rows of a Predictions; with two classes any scale ranks."""

    name: str
    scores: NDArray[np.float64]
    uses_network: bool = False


def baseline_scores(
    predictions: Predictions, facts: Sequence[SampleFacts]
) -> tuple[tuple[BaselineScores, ...], tuple[str, ...]]:
    """The trivial rules on the rows and folds of `predictions`, and a note for each that cannot be had.

    With two classes a single figure is its own score, in whichever direction does better on all rows: that
    favours the baseline by one bit, never the network. With more classes, and for both figures together, it
    is logistic regression (standardised, L2 with C = 1) fitted on the other folds' rows: out of fold. The
    same with C = 0.03 on the descriptors, where every row has them; beside it the mean of its ranks and the
    network's, so that what the network knows beyond them is seen.
    """
    table, notes = _columns(predictions, facts)
    described = _described(predictions, facts, notes)
    found: list[BaselineScores] = []
    if VOLUME in table:
        table[BOTH] = np.log(np.maximum(table[VOLUME], np.finfo(np.float64).tiny))
    both = table.pop(BOTH, None)
    for name, column in table.items():
        _keep(found, notes, name, figure_scores(predictions, column))
    if both is not None and INTENSITY in table:
        _keep(found, notes, BOTH, _regression(predictions, np.stack([both, table[INTENSITY]], axis=1)))
    if described is None:
        return tuple(found), tuple(notes)
    _keep(found, notes, DESCRIPTORS, _regression(predictions, described, DESCRIPTORS_C))
    if found and found[-1].name == DESCRIPTORS:
        joined = mean_ranks(predictions.scores, found[-1].scores)
        found.append(BaselineScores(WITH_DESCRIPTORS, joined, uses_network=True))
    return tuple(found), tuple(notes)


def figure_scores(predictions: Predictions, column: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """What a single figure (N,) scores by itself, as `baseline_scores` says; None where it cannot be had."""
    rule = _single if len(predictions.classes) == 2 else _regression
    return rule(predictions, column[:, None])


def mean_ranks(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two scores of the same rows (N, C) as one: the mean of their ranks in each class, nothing fitted.

    >>> mean_ranks(np.array([[0.2], [0.1], [0.9]]), np.array([[5.0], [7.0], [9.0]])).ravel().tolist()
    [1.5, 1.5, 3.0]
    """
    return np.asarray((rankdata(one, axis=0) + rankdata(other, axis=0)) / 2, dtype=np.float64)


def _described(
    predictions: Predictions, facts: Sequence[SampleFacts], notes: list[str]
) -> NDArray[np.float64] | None:
    """The descriptors (N, F) where every row has them, else None.

    A note says how many rows lack them; none where all do: a run without lesions has none to miss.
    """
    by_name = {fact.sample: fact.descriptors for fact in facts}
    rows = [by_name.get(sample, {}) for sample in predictions.samples]
    names = max(rows, key=len).keys()
    missing = sum(row.keys() != names for row in rows)
    if missing:
        notes.append(_unknown(DESCRIPTORS, missing, len(rows)))
    if missing or not names:
        return None
    return np.array([[row[name] for name in names] for row in rows], dtype=np.float64)


def _unknown(name: str, missing: int, rows: int) -> str:
    return f"Baseline left out: {name} (not known for {missing} of {rows} samples)."


def _columns(
    predictions: Predictions, facts: Sequence[SampleFacts]
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """The figures known for every row, by baseline name, and a note for each that is not."""
    by_name = {fact.sample: fact for fact in facts}
    table: dict[str, NDArray[np.float64]] = {}
    notes: list[str] = []
    for name, field in ((VOLUME, "volume_mm3"), (INTENSITY, "mean_intensity")):
        cells = [getattr(by_name.get(sample), field, None) for sample in predictions.samples]
        missing = sum(cell is None for cell in cells)
        if missing:
            notes.append(_unknown(name, missing, len(cells)))
        else:
            table[name] = np.array(cells, dtype=np.float64)
    return table, notes


def _keep(
    found: list[BaselineScores], notes: list[str], name: str, scores: NDArray[np.float64] | None
) -> None:
    """Add the baseline, or the note why there is none."""
    if scores is None:
        notes.append(f"Baseline left out: {name} (no fold leaves every class to be fitted on).")
    else:
        found.append(BaselineScores(name, scores))


def _single(predictions: Predictions, column: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """One figure (N, 1) as the score of the positive class of two, in its better direction."""
    truth = predictions.label == predictions.positive_index
    if truth.all() or not truth.any():
        return None
    value = column[:, 0]
    value = value if roc_auc_score(truth, value) >= 0.5 else -value
    scores = np.stack([-value, value], axis=1)
    return scores if predictions.positive_index == 1 else scores[:, ::-1]


def _regression(
    predictions: Predictions, features: NDArray[np.float64], c: float = 1.0
) -> NDArray[np.float64] | None:
    """Out-of-fold probabilities (N, C) from features (N, F); None where a fold cannot be fitted."""
    scores = np.zeros(predictions.scores.shape)
    for fold in np.unique(predictions.fold):
        test = predictions.fold == fold
        if len(np.unique(predictions.label[~test])) < len(predictions.classes):
            return None
        train = features[~test], predictions.label[~test]
        scores[test] = regression_scores(*train, features[test], len(predictions.classes), c)
    return scores


def regression_scores(
    features: NDArray[np.floating],
    labels: NDArray[np.int64],
    test: NDArray[np.floating],
    classes: int,
    c: float = 1.0,
) -> NDArray[np.float64]:
    """Probabilities (N, classes) of `test` (N, F) by logistic regression fitted on `features` (M, F).

    `labels` (M,) count classes from 0. Standardised, L2 with C = `c`. A class that they lack gets 0; with one
    class there is nothing to fit. Of several labels at once (M, classes), -1 where one is not known, each is
    asked by itself over the rows that know it; one that no row knows gets one half.
    """
    if labels.ndim == 2:
        return np.stack([_chance(features, column, test) for column in labels.T], axis=1)
    there = np.unique(labels)
    scores = np.zeros((len(test), classes))
    if len(there) == 1:
        scores[:, there] = 1.0
        return scores
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
    model.fit(features, labels)
    scores[:, there] = model.predict_proba(test)
    return scores


def _chance(
    features: NDArray[np.floating], label: NDArray[np.int64], test: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The same for one of several labels, (M,) of 1, 0 and -1: the probability (N,) that it is shown."""
    known = label >= 0
    if not known.any():
        return np.full(len(test), 0.5)
    return regression_scores(features[known], label[known], test, 2)[:, 1]
