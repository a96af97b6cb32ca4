"""How far do rules get that no network was trained for: size, brightness, both, or sixty descriptors?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from medidense.stats.regression import filled, regression_scores
from medidense.values import Predictions, SampleFacts

VOLUME = "volume alone"
INTENSITY = "mean intensity alone"
BOTH = "logistic regression on log volume and mean intensity"
DESCRIPTORS = "logistic regression on descriptors"
WITH_DESCRIPTORS = "network and descriptors"

DESCRIPTORS_C = 0.03
"""Inverse weight of the L2 penalty for the 60 descriptors: fixed, not chosen on any result of a run."""

NOT_FITTED = "no fold leaves every class to be fitted on"

FEW_MISSING = 0.05
"""Share of rows without some descriptor up to which they are filled in (Schafer 1999, Stat Methods Med Res
8:3-15): more would make the rule weaker than it is, and the network look better."""


@dataclass(frozen=True, eq=False)
class BaselineScores:
    """A rule's out-of-fold scores (N, C) for the rows of a Predictions; with two classes any scale ranks."""

    name: str
    scores: NDArray[np.float64]
    uses_network: bool = False


def baseline_scores(
    predictions: Predictions, facts: Sequence[SampleFacts], whole: Predictions | None = None
) -> tuple[tuple[BaselineScores, ...], tuple[str, ...]]:
    """The trivial rules on the rows and folds of `predictions`, and a note for each that cannot be had.

    They are fitted on `whole`, the table of the run that `predictions` are rows of, as the network is; only
    then are the rows taken. With two classes a single figure is its own score, in whichever direction does
    better on all rows of the run: that favours the baseline by one bit, never the network. With more classes,
    and for both figures together, it is logistic regression (standardised, L2 with C = 1) fitted on the other
    folds' rows: out of fold. The same with C = 0.03 on the descriptors; beside it the mean of its ranks and
    the network's, so that what the network knows beyond them is seen.

    A rule that a row of `predictions` lacks a figure for is left out; rows elsewhere that lack it fit
    nothing. Descriptors that are missing in few rows (`FEW_MISSING`) are filled in, and a note says so.
    """
    whole = predictions if whole is None else whole
    asked = np.isin(np.array(whole.samples, dtype=np.str_), np.array(predictions.samples, dtype=np.str_))
    table = _Table(whole, asked, [], [])
    columns = _columns(table, facts)
    for name, column in columns.items():
        table.keep(name, figure_scores(whole, column))
    if len(columns) == 2:
        volume = np.log(np.maximum(columns[VOLUME], np.finfo(np.float64).tiny))
        table.keep(BOTH, _regression(whole, np.stack([volume, columns[INTENSITY]], axis=1)))
    described = _described(table, facts)
    if described is not None:
        table.keep(DESCRIPTORS, _regression(whole, described, DESCRIPTORS_C, gaps=True))
    found = [BaselineScores(rule.name, rule.scores[asked]) for rule in table.found]
    if found and found[-1].name == DESCRIPTORS:
        joined = mean_ranks(whole.scores, table.found[-1].scores)[asked]
        found.append(BaselineScores(WITH_DESCRIPTORS, joined, uses_network=True))
    return tuple(found), tuple(table.notes)


def figure_scores(predictions: Predictions, column: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """What a single figure (N,) scores by itself, as `baseline_scores` says; None where it cannot be had."""
    rule = _single if len(predictions.classes) == 2 else _regression
    return rule(predictions, column[:, None])


def directions(predictions: Predictions, facts: Sequence[SampleFacts]) -> tuple[str, ...]:
    """Which way each figure that is its own score was turned, in words; nothing but for two classes."""
    truth = predictions.label == predictions.positive_index
    if len(predictions.classes) != 2 or predictions.multi_label or truth.all() or not truth.any():
        return ()
    everyone = np.ones(len(truth), dtype=bool)
    table = _columns(_Table(predictions, everyone, [], []), facts)
    return tuple(
        f"{name[0].upper()}{name[1:]}: {'more' if roc_auc_score(truth, column) >= 0.5 else 'less'} counts as "
        f"{predictions.positive}, the direction that does better on these very rows."
        for name, column in table.items()
    )


def mean_ranks(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two scores of the same rows (N, C) as one: the mean of their ranks in each class, nothing fitted.

    >>> mean_ranks(np.array([[0.2], [0.1], [0.9]]), np.array([[5.0], [7.0], [9.0]])).ravel().tolist()
    [1.5, 1.5, 3.0]
    """
    return np.asarray((rankdata(one, axis=0) + rankdata(other, axis=0)) / 2, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Table:
    """The run's rows, which of them are `asked` for (N,), and what has come of the rules so far."""

    whole: Predictions
    asked: NDArray[np.bool_]
    found: list[BaselineScores]
    notes: list[str]

    def keep(self, name: str, scores: NDArray[np.float64] | None) -> None:
        """Add the baseline, or the note why there is none."""
        if scores is None:
            self.notes.append(f"Baseline left out: {name} ({NOT_FITTED}).")
        else:
            self.found.append(BaselineScores(name, scores))

    def lacking(self, name: str, missing: NDArray[np.bool_]) -> bool:
        """True, with a note, where a row that is asked for lacks the figure, (N,)."""
        number = int(missing[self.asked].sum())
        if number:
            there = int(self.asked.sum())
            self.notes.append(f"Baseline left out: {name} (not known for {number} of {there} samples).")
        return number > 0


def _described(table: _Table, facts: Sequence[SampleFacts]) -> NDArray[np.float64] | None:
    """The descriptors (N, F), NaN for each that a row lacks; None where too many rows lack some.

    A note says how many rows lack them; none where all do: a run without lesions has none to miss.
    """
    by_name = {fact.sample: fact.descriptors for fact in facts}
    rows = [by_name.get(sample, {}) for sample in table.whole.samples]
    names = max(rows, key=len).keys()
    if not names:
        return None
    described = np.array([[row.get(name, np.nan) for name in names] for row in rows], dtype=np.float64)
    missing = np.isnan(described).any(axis=1)
    if missing.mean() > FEW_MISSING:
        table.notes.append(
            f"Baseline left out: {DESCRIPTORS} (not known for {int(missing.sum())} of {len(rows)} samples)."
        )
        return None
    if missing.any():
        table.notes.append(
            f"{DESCRIPTORS.capitalize()}: {int(missing.sum())} of {len(rows)} samples lack some, which count "
            "as the median of the rows that the rule was fitted on."
        )
    return described


def _columns(table: _Table, facts: Sequence[SampleFacts]) -> dict[str, NDArray[np.float64]]:
    """The figures (N,) known for every row that is asked for, by baseline name; NaN elsewhere."""
    by_name = {fact.sample: fact for fact in facts}
    found: dict[str, NDArray[np.float64]] = {}
    for name, field in ((VOLUME, "volume_mm3"), (INTENSITY, "mean_intensity")):
        cells = [getattr(by_name.get(sample), field, None) for sample in table.whole.samples]
        column = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
        if not table.lacking(name, np.isnan(column)):
            found[name] = column
    return found


def _single(whole: Predictions, column: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """One figure (N, 1) as the score of the positive class of two, in its better direction."""
    value, truth = column[:, 0], whole.label == whole.positive_index
    known = ~np.isnan(value)
    if truth[known].all() or not truth[known].any():
        return None
    value = value if roc_auc_score(truth[known], value[known]) >= 0.5 else -value
    scores = np.stack([-value, value], axis=1)
    return scores if whole.positive_index == 1 else scores[:, ::-1]


def _regression(
    whole: Predictions, features: NDArray[np.float64], c: float = 1.0, gaps: bool = False
) -> NDArray[np.float64] | None:
    """Out-of-fold probabilities (N, C) from features (N, F); None where a fold cannot be fitted.

    A row fits nothing where it lacks a feature; with `gaps` where it lacks all, and a gap is filled in.
    """
    scores = np.zeros(whole.scores.shape)
    missing = np.isnan(features)
    known = ~(missing.all(axis=1) if gaps else missing.any(axis=1))
    for fold in np.unique(whole.fold):
        test = whole.fold == fold
        train = ~test & known
        if len(np.unique(whole.label[train])) < len(whole.classes):
            return None
        fitted, asked = filled(features[train], features[test])
        scores[test] = regression_scores(fitted, whole.label[train], asked, len(whole.classes), c)
    return scores
