"""One fold: train on its training part, score its test part, keep the weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.cohort import problem_at_row
from medidense.errors import CohortError
from medidense.nets import build, recompute, save_weights
from medidense.predict import predict_scores
from medidense.preprocess import load_sample
from medidense.rundir import RunDir, write_epochs, write_facts, write_predictions
from medidense.train import Device, TrainingData, fit
from medidense.values import Cohort, EpochRecord, Fold, Predictions, Refused
from medidense.verbs.progress import Progress
from medidense.verbs.starting import settle, start_fold

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


def train_fold(run: RunDir, fold: Fold, arrays: Arrays, device: Device, progress: Progress) -> None:
    """Train one fold and write its folder; fold.json comes last, so a fold is there whole or not at all."""
    recipe, place = run.recipe(), run.fold(fold.index)
    if recipe.start is not None and recipe.start.compare:
        _, scores, _ = _trained(run, fold, arrays, (device, progress), scratch=True)
        write_predictions(_predictions(run, fold, arrays, scores), place.scratch_path)
    net, scores, epochs = _trained(run, fold, arrays, (device, progress))
    save_weights(net, place.weights)
    write_epochs(epochs, place.epochs_path)
    write_predictions(_predictions(run, fold, arrays, scores), place.predictions_path)
    place.finish()


def _trained(
    run: RunDir, fold: Fold, arrays: Arrays, where: tuple[Device, Progress], *, scratch: bool = False
) -> tuple[torch.nn.Module, NDArray[np.float64], list[EpochRecord]]:
    """The network, its scores of the test part (N, C), its epochs; with `scratch` from random weights."""
    recipe, (device, progress) = run.recipe(), where
    seed = SEEDS_APART * run.seed + fold.index
    net = build(
        recipe.network.name,
        dims=recipe.input.dims,
        channels=1,
        classes=len(run.classes),
        dropout=recipe.network.dropout,
        seed=seed,
    )
    if recipe.network.memory == "recompute":
        recompute(net)
    tuning = None if scratch else start_fold(run, fold, net, seed=seed, progress=progress)
    step, epochs = f"train fold {fold.index + 1} of {run.folds}" + " from scratch" * scratch, []
    progress(step, 0, recipe.training.epochs)
    data = _data(fold, arrays)
    for record in fit(net, data, recipe.training, seed=seed, device=device, tuning=tuning):
        if isinstance(record, EpochRecord):
            epochs.append(record)
            progress(step, len(epochs), recipe.training.epochs, f"loss {record.loss:.3f}")
    settle(net, tuning)
    test = arrays.images[arrays.rows(fold.test)]
    return net, predict_scores([net], test, device=device.name, threads=device.threads), epochs


def _data(fold: Fold, arrays: Arrays) -> TrainingData:
    """The fold's training part, and its validation part where there is one. Its test part stays out."""
    train, validation = arrays.rows(fold.train), arrays.rows(fold.validation)
    return TrainingData(
        images=arrays.images[train],
        labels=arrays.labels[train],
        validation_images=arrays.images[validation] if validation else None,
        validation_labels=arrays.labels[validation] if validation else None,
    )


def _predictions(run: RunDir, fold: Fold, arrays: Arrays, scores: NDArray[np.float64]) -> Predictions:
    """The fold's scores as a value; `fold.test` is sorted, and so are the rows."""
    return Predictions(
        classes=run.classes,
        positive=run.positive,
        samples=fold.test,
        subjects=tuple(fold.subject_of[name] for name in fold.test),
        fold=np.full(len(fold.test), fold.index, dtype=np.int64),
        label=arrays.labels[arrays.rows(fold.test)],
        scores=scores,
    )
