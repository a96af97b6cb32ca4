"""Are the classes told apart where nothing should tell them: labels dealt out anew, lesions hidden?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medidense.rundir import RunDir, read_controls, write_controls
from medidense.stats import (
    SHUFFLES,
    FoldFeatures,
    FoldScores,
    HiddenRows,
    Truth,
    background_result,
    figure_scores,
    fold_area,
    fold_estimate,
    not_run,
    shuffle_estimate,
    shuffle_result,
    shuffled_areas,
    shuffled_rows,
    true_scores,
)
from medidense.values import BACKGROUND, LABEL_SHUFFLE, Cohort, ControlResult, Estimate, Fold, Predictions
from medidense.values.fold import PARTS
from medidense.verbs.cohort_arrays import Arrays, load_arrays
from medidense.verbs.fold_features import fold_features
from medidense.verbs.hidden_arrays import HIDDEN, HiddenLesions, hide_lesions
from medidense.verbs.made_controls import NAMES
from medidense.verbs.progress import Progress
from medidense.verbs.retraining import dealt, retrained_scores
from medidense.verbs.splitting import splits_for

RETRAINED = {"off": (), "features": (False,), "full": (False, True)}
"""For each word of ``--controls`` whether networks are trained for its controls."""

ENOUGH = 0.5
"""Share of the tested samples whose lesion the hole must cover."""

NETWORK, HEAD = "the network reaches", "a head on its features of whole crops"
VOLUME, BEYOND = "lesion volume alone", "the share of the crop beyond the image alone"


def make_controls(run: RunDir, table: Cohort, mode: str, progress: Progress) -> None:
    """Write controls.json beside the pooled scores: what `mode` asks for and is not there yet.

    `mode` is ``off``, ``features`` or ``full``. Controls are of the folds of the first repeat. The features
    of each fold lie in its folder until all are there. Raises what reading and training raise.
    """
    kept = {(one.name, one.retrained): one for one in read_controls(run.controls_path, run.predictions_path)}
    wanted = [(name, retrained) for retrained in RETRAINED[mode] for name in NAMES]
    if all(key in kept for key in wanted):
        return
    work = _Work(run, load_arrays(run, table, progress), table, progress)
    for name, retrained in wanted:
        if (name, retrained) not in kept:
            kept[name, retrained] = work.made(name, retrained)
            write_controls(list(kept.values()), run.controls_path, run.predictions_path)
    for fold in work.folds:
        run.fold(fold.index).remove_features()


@dataclass(frozen=True, eq=False)
class _Work:
    """One run on trial: `arrays` are its samples as its networks saw them."""

    run: RunDir
    arrays: Arrays
    table: Cohort
    progress: Progress

    def made(self, name: str, retrained: bool) -> ControlResult:
        """One control."""
        if name == LABEL_SHUFFLE:
            return self._labels_dealt() if retrained else self._labels_shuffled()
        if self.run.recipe().input.region != "lesion":
            why = "The network sees whole images: no hole of one size hides every lesion in them."
            return not_run(BACKGROUND, why, retrained)
        if self._lesions is None:
            why = "No lesion mask and no diameter of a point: nothing says what to hide."
            return not_run(BACKGROUND, why, retrained)
        return self._background(self._lesions, retrained)

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The folds of the first repeat, without rows that have no label."""
        names = {sample.name for sample in self.arrays.samples if sample.labelled}
        folds = [fold for fold in splits_for(self.run, self.table).folds if fold.repeat == 0]
        return tuple(part for fold in folds if (part := _only(fold, names)) is not None)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The rows of `_truth`: samples with a label that some fold learns from or tests."""
        parts = ((*fold.train, *fold.validation, *fold.test) for fold in self.folds)
        return tuple(sorted({name for part in parts for name in part}))

    @cached_property
    def _truth(self) -> Truth:
        rows = self.arrays.rows(self._names)
        subjects = tuple(self.arrays.samples[row].subject_id for row in rows)
        positive = self.run.classes.index(self.run.positive)
        return Truth(self.arrays.labels[rows], subjects, len(self.run.classes), positive)

    @cached_property
    def _lesions(self) -> HiddenLesions | None:
        samples = [self.arrays.samples[row] for row in self.arrays.rows(self._names)]
        return hide_lesions(self.arrays, samples, self.run.recipe().input, self.progress)

    @cached_property
    def _whole(self) -> tuple[FoldFeatures, ...]:
        return self._features(self.arrays, self.folds, "whole")

    def _labels_shuffled(self) -> ControlResult:
        """A linear head on the networks' features."""
        areas = shuffled_areas(self._truth, self._whole, SHUFFLES, self.run.seed)
        predictions = self.run.predictions()
        network, tested = self._area(predictions), len(predictions.samples)
        return shuffle_result(shuffle_estimate(areas), network, tested=tested, shuffles=SHUFFLES)

    def _labels_dealt(self) -> ControlResult:
        """Networks trained on labels that were shuffled once."""
        rows, source = np.array(self.arrays.rows(self._names)), np.arange(len(self.arrays.samples))
        source[rows] = rows[shuffled_rows(self._truth.subjects, self.run.seed)]
        scores = retrained_scores(
            self.run, self.folds, dealt(self.arrays, source), LABEL_SHUFFLE, self.progress
        )
        auroc = self._estimate(self._truth.dealt(self.run.seed), map(self._scored, scores))
        predictions = self.run.predictions()
        network, tested = self._area(predictions), len(predictions.samples)
        return shuffle_result(auroc, network, tested=tested, shuffles=1, retrained=True)

    def _background(self, lesions: HiddenLesions, retrained: bool) -> ControlResult:
        """Crops without their lesions, of the samples whose lesion the hole covers."""
        predictions, covered = self.run.predictions(), lesions.covered
        part = predictions.take(set(covered))
        folds = tuple(kept for fold in self.folds if (kept := _only(fold, covered)) is not None)
        tested, samples = len(predictions.samples), len(part.samples)
        if samples < ENOUGH * tested or not folds:
            rest = f"a hole that leaves {1 - HIDDEN:.0%} of it hides {samples} of {tested}"
            why = f"Too many lesions have neither mask nor diameter, or fill the crop: {rest}."
            return not_run(BACKGROUND, why, retrained)
        hidden = replace(self.arrays, cache=lesions, covariates=None)
        features = self._features(hidden, folds, "hidden")
        chance = shuffle_estimate(shuffled_areas(self._truth, features, SHUFFLES, self.run.seed))
        scores: Iterable[FoldScores] = true_scores(self._truth, features)
        if retrained:
            found = retrained_scores(self.run, folds, hidden, BACKGROUND, self.progress)
            scores = map(self._scored, found)
        known = np.isin(self._names, list(covered))
        whole = true_scores(self._truth, [fold.among(known) for fold in self._whole])
        beside = {
            NETWORK: self._area(part),
            HEAD: fold_area(self._truth, whole),
            VOLUME: self._alone(part, {fact.sample: fact.volume_mm3 for fact in self.run.facts()}),
            BEYOND: self._alone(part, {name: crop.beyond for name, crop in lesions.crops.items()}),
        }
        auroc = self._estimate(self._truth, scores)
        balls = sum(name in lesions.balls for name in part.samples)
        return background_result(auroc, chance, beside, HiddenRows(samples, tested, balls), retrained)

    def _features(self, arrays: Arrays, folds: Sequence[Fold], part: str) -> tuple[FoldFeatures, ...]:
        """What the fold's own networks make of their samples, as `arrays` shows them."""
        found = []
        for number, fold in enumerate(folds):
            names = (*fold.train, *fold.test)
            features = fold_features(self.run, fold, arrays, names, part)
            train, test = np.split(features, [len(fold.train)])
            found.append(FoldFeatures(self._rows(fold.train), self._rows(fold.test), train, test))
            self.progress(f"controls: features, {part}", number + 1, len(folds))
        return tuple(found)

    def _rows(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Rows of `_truth`, whose names are sorted."""
        return np.searchsorted(self._names, names).astype(np.int64)

    def _scored(self, table: Predictions) -> FoldScores:
        return FoldScores(self._rows(table.samples), table.scores)

    def _by_fold(self, table: Predictions, scores: NDArray[np.float64]) -> list[FoldScores]:
        """The scores of the rows of `table`, fold by fold."""
        rows = self._rows(table.samples)
        parts = [table.fold == fold for fold in np.unique(table.fold)]
        return [FoldScores(rows[inside], scores[inside]) for inside in parts]

    def _area(self, table: Predictions) -> float | None:
        """What the run's networks reach on the rows of `table`."""
        return fold_area(self._truth, self._by_fold(table, table.scores))

    def _alone(self, table: Predictions, figures: Mapping[str, float | None]) -> float | None:
        """What a figure reaches by itself; None where it is not known of every row or is the same for all."""
        column = np.array([figures.get(name) for name in table.samples], dtype=np.float64)
        if table.multi_label or np.isnan(column).any() or not np.ptp(column):
            return None
        scores = figure_scores(table, column)
        return None if scores is None else fold_area(self._truth, self._by_fold(table, scores))

    def _estimate(self, truth: Truth, scores: Iterable[FoldScores]) -> Estimate:
        return fold_estimate(truth, tuple(scores), self.run.recipe().evaluation.bootstrap, self.run.seed)


def _only(fold: Fold, names: Collection[str]) -> Fold | None:
    """The fold with these samples alone; None where nothing is left to train on or to test."""
    train, validation, test = (tuple(name for name in getattr(fold, part) if name in names) for part in PARTS)
    return replace(fold, train=train, validation=validation, test=test) if train and test else None
