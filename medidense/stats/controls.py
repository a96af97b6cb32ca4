"""Does anything tell the classes where nothing should: labels dealt out anew, lesions hidden?

An area here is the mean of the folds' own. Pooled scores of several folds fall below one half where nothing
is to be learnt: a test part with many positives leaves few to train on, and so gets lower scores (Airola et
al. 2011, Computational Statistics & Data Analysis 55:1828-1844).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from medidense.stats.bounds import macro_area_limits
from medidense.stats.intervals import SubjectDraws, percentile_interval, subject_bootstrap
from medidense.stats.ranking import auroc, ranked_columns, weighted_macro_auroc
from medidense.values import Estimate

SHUFFLES = 100
"""Label shuffles on features: enough for the middle 95 % of them."""

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Truth:
    """What the rows of a cohort show: `label` (N,) of class indices, or (N, L) of 1, 0 and -1 (not known).

    `subjects` (N,) are the rows' subjects, `classes` how many scores a row gets, `positive` the column whose
    area is taken where there are two classes.
    """

    label: NDArray[np.int64]
    subjects: Sequence[str]
    classes: int
    positive: int

    def dealt(self, seed: int) -> "Truth":
        """The labels in another order of subjects: how often each occurs stays."""
        return replace(self, label=self.label[shuffled_rows(self.subjects, seed)])

    def targets(self, rows: Rows) -> Floats:
        """For a linear rule: (len(rows), classes) of 1 and 0; a label not known is at its mean."""
        label = self.label[rows]
        if label.ndim == 1:
            return np.asarray(label[:, None] == np.arange(self.classes), dtype=np.float64)
        known = label >= 0
        mean = (label == 1).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(known, label, mean).astype(np.float64)

    def area(self, rows: Rows, scores: Floats) -> float | None:
        """AUROC of the scores (len(rows), classes) of these rows; None where it is not defined."""
        return auroc(self.label[rows], scores, self.positive)


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """Rows of a fold's parts, and what its network makes of each: (M, F) and (T, F)."""

    train: Rows
    test: Rows
    train_features: Floats
    test_features: Floats

    def among(self, known: NDArray[np.bool_]) -> "FoldFeatures":
        """The rows of the fold that are `known` (N,)."""
        train, test = known[self.train], known[self.test]
        return FoldFeatures(
            self.train[train], self.test[test], self.train_features[train], self.test_features[test]
        )


@dataclass(frozen=True, eq=False)
class FoldScores:
    """Rows of a test part, and their scores (T, classes)."""

    test: Rows
    scores: Floats


def shuffled_rows(subjects: Sequence[str], seed: int) -> Rows:
    """From which row each row gets its label, so that those of a subject stay together as far as can be.

    The subjects are put into a random order, their rows laid end to end, and what lies there is dealt out to
    the rows as they stood: so all labels move, also where no two subjects have equally many rows.
    """
    _, subject = np.unique(np.array(subjects, dtype=np.str_), return_inverse=True)
    random = np.random.default_rng(seed)
    places = random.permutation(subject.max() + 1)[subject]
    source = np.lexsort((random.permutation(len(subject)), places))
    rows = np.empty(len(subject), dtype=np.int64)
    rows[np.argsort(subject, kind="stable")] = source
    return rows


def linear_scores(fold: FoldFeatures, targets: Floats) -> Floats:
    """Scores (T, K) of the test part by ridge regression of `targets` (M, K) on the training features.

    Features are standardised, the penalty is the number of rows, so that the correlations of the features are
    shrunk half way. All K targets share one solution of the same equations: that makes shuffles cheap.
    """
    scale = StandardScaler().fit(fold.train_features)
    rule = Ridge(alpha=len(fold.train)).fit(scale.transform(fold.train_features), targets)
    scores = rule.predict(scale.transform(fold.test_features))
    return np.asarray(scores, dtype=np.float64).reshape(len(fold.test), targets.shape[1])


def shuffled_areas(truth: Truth, folds: Sequence[FoldFeatures], shuffles: int, seed: int) -> Floats:
    """The mean area over the folds for each shuffle of the labels; those without any are left out."""
    dealt = [truth.dealt(seed + number) for number in range(shuffles)]
    areas: list[list[float]] = [[] for _ in dealt]
    for fold in folds:
        scores = linear_scores(fold, np.concatenate([one.targets(fold.train) for one in dealt], axis=1))
        for number, (one, part) in enumerate(zip(dealt, np.split(scores, shuffles, axis=1), strict=True)):
            found = one.area(fold.test, part)
            areas[number] += [] if found is None else [found]
    return np.array([np.mean(each) for each in areas if each], dtype=np.float64)


def shuffle_estimate(areas: Floats) -> Estimate:
    """The mean of the shuffles' areas, and the limits of their middle 95 %."""
    if not len(areas):
        return Estimate(None)
    return Estimate(float(areas.mean()), *percentile_interval(areas))


def true_scores(truth: Truth, folds: Sequence[FoldFeatures]) -> tuple[FoldScores, ...]:
    """What the linear rule makes of the test parts, fitted on the labels as they are."""
    return tuple(FoldScores(fold.test, linear_scores(fold, truth.targets(fold.train))) for fold in folds)


def fold_area(truth: Truth, folds: Sequence[FoldScores]) -> float | None:
    """The mean of the folds' own areas, those without one left out; None where no fold has one."""
    found = [area for fold in folds if (area := truth.area(fold.test, fold.scores)) is not None]
    return float(np.mean(found)) if found else None


def fold_estimate(truth: Truth, folds: Sequence[FoldScores], draws: int, seed: int) -> Estimate:
    """The same with a 95 % interval over subjects; a draw leaves out the folds that lack a class in it.

    Of exactly 0 or 1 it is that of `macro_area_limits`, the folds being its parts.
    """
    value = fold_area(truth, folds)
    if value is None:
        return Estimate(None)
    defined = [fold for fold in folds if truth.area(fold.test, fold.scores) is not None]
    rows = np.concatenate([fold.test for fold in defined])
    if value in (0, 1):
        subjects = np.array(truth.subjects, dtype=np.str_)
        parts = [(truth.label[fold.test], subjects[fold.test]) for fold in defined]
        columns = ranked_columns(truth.label[rows], truth.classes, truth.positive)
        return Estimate(value, *macro_area_limits(value, parts, columns))
    ends = np.cumsum([len(fold.test) for fold in defined])[:-1]

    def mean(weights: Floats) -> Floats:
        parts = np.split(weights, ends, axis=1)
        areas = [
            weighted_macro_auroc(truth.label[fold.test], fold.scores, truth.positive, part)
            for fold, part in zip(defined, parts, strict=True)
        ]
        table = np.stack(areas)
        known = ~np.isnan(table)
        total, count = np.where(known, table, 0).sum(axis=0), known.sum(axis=0)
        return np.divide(total, count, out=np.full(len(weights), np.nan), where=count > 0)

    of_rows = SubjectDraws.of([truth.subjects[row] for row in rows], draws, seed)
    return Estimate(value, *subject_bootstrap(mean, of_rows))
