"""One fold: train on its training part, score its test part, keep the weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.cohort import problem_at_row
from medidense.errors import CohortError
from medidense.nets import build, save_weights
from medidense.predict import predict_scores
from medidense.preprocess import load_sample
from medidense.rundir import RunDir, write_epochs, write_facts, write_predictions
from medidense.train import Device, TrainingData, fit
from medidense.values import Cohort, EpochRecord, Fold, Predictions, Recipe, Refused
from medidense.verbs.progress import Progress

SEEDS_APART = 1000
"""Fold k of seed s trains with seed ``1000 s + k``: no two folds of any two seeds share one."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """The cohort as the network sees it, in the order of the sorted sample names.

    `images` is float32 (N, 1, *size), `labels` int64 (N,), `row` maps a sample's name to its index.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    row: dict[str, int]

    def rows(self, names: Sequence[str]) -> list[int]:
        """Indices of these samples."""
        return [self.row[name] for name in names]


def load_arrays(run: RunDir, table: Cohort, progress: Progress) -> Arrays:
    """Preprocess every sample and write samples.csv. Raises CohortError, a line for each refused sample."""
    spec, samples = run.recipe().input, sorted(table.samples, key=lambda sample: sample.name)
    images = np.empty((len(samples), 1, *spec.size), dtype=np.float32)
    facts, problems = [], []
    for number, sample in enumerate(samples):
        try:
            prepared, fact = load_sample(sample, spec)
            images[number] = prepared.array
            facts.append(fact)
        except Refused as refused:
            problems.append(problem_at_row(table.name, sample, refused.refusal))
        progress("preprocess", number + 1, len(samples))
    if problems:
        raise CohortError.several(problems)
    write_facts(facts, run.facts_path)
    labels = np.array([run.classes.index(str(sample.label)) for sample in samples], dtype=np.int64)
    return Arrays(images, labels, {sample.name: number for number, sample in enumerate(samples)})


def train_fold(
    run: RunDir,
    fold: Fold,
    arrays: Arrays,
    device: Device,
    progress: Progress,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Train one fold and write its folder; fold.json comes last, so a fold is there whole or not at all.

    `settings` change the run's recipe for this fold: what its inner folds have chosen.
    """
    place = run.fold(fold.index)
    training = FoldTraining(
        recipe=run.recipe().with_settings(settings, "chosen candidate") if settings else run.recipe(),
        seed=SEEDS_APART * run.seed + fold.index,
        device=device,
        step=f"train fold {fold.index + 1} of {run.folds}",
    )
    net, epochs = training.fitted(run, _data(fold, arrays), progress)
    save_weights(net, place.weights)
    write_epochs(epochs, place.epochs_path)
    write_predictions(training.tested(run, net, fold, arrays), place.predictions_path)
    place.finish()


@dataclass(frozen=True)
class FoldTraining:
    """How one network is trained: by which recipe, from which seed, where, and under which step's name."""

    recipe: Recipe
    seed: int
    device: Device
    step: str

    def fitted(
        self, run: RunDir, data: TrainingData, progress: Progress
    ) -> tuple[torch.nn.Module, list[EpochRecord]]:
        """The trained network of a training part, and its epochs."""
        net = build(
            self.recipe.network.name,
            dims=self.recipe.input.dims,
            channels=1,
            classes=len(run.classes),
            dropout=self.recipe.network.dropout,
            seed=self.seed,
        )
        epochs: list[EpochRecord] = []
        progress(self.step, 0, self.recipe.training.epochs)
        for record in fit(net, data, self.recipe.training, seed=self.seed, device=self.device):
            if isinstance(record, EpochRecord):
                epochs.append(record)
                progress(self.step, len(epochs), self.recipe.training.epochs, f"loss {record.loss:.3f}")
        return net, epochs

    def tested(self, run: RunDir, net: torch.nn.Module, fold: Fold, arrays: Arrays) -> Predictions:
        """The network's scores of the fold's test part."""
        test = arrays.rows(fold.test)
        scores = predict_scores(
            [net], arrays.images[test], device=self.device.name, threads=self.device.threads
        )
        return _predictions(run, fold, arrays.labels[test], scores)


def inner_predictions(
    run: RunDir, fold: Fold, arrays: Arrays, training: FoldTraining, progress: Progress
) -> Predictions:
    """Scores of an inner fold's test part by a network trained on its training part; it is not kept."""
    net, _ = training.fitted(run, _data(fold, arrays), progress)
    return training.tested(run, net, fold, arrays)


def _data(fold: Fold, arrays: Arrays) -> TrainingData:
    """The fold's training part, and its validation part where there is one. Its test part stays out."""
    train, validation = arrays.rows(fold.train), arrays.rows(fold.validation)
    return TrainingData(
        images=arrays.images[train],
        labels=arrays.labels[train],
        validation_images=arrays.images[validation] if validation else None,
        validation_labels=arrays.labels[validation] if validation else None,
    )


def _predictions(
    run: RunDir, fold: Fold, labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> Predictions:
    """The fold's scores as a value; `fold.test` is sorted, and so are the rows."""
    return Predictions(
        classes=run.classes,
        positive=run.positive,
        samples=fold.test,
        subjects=tuple(fold.subject_of[name] for name in fold.test),
        fold=np.full(len(fold.test), fold.index, dtype=np.int64),
        label=labels,
        scores=scores,
    )
