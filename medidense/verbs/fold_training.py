"""One fold: train on its training part, score its test part, keep the weights."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from medidense import durable
from medidense.errors import UsageError
from medidense.nets import build_for, load_weights, save_weights
from medidense.predict import predict_scores
from medidense.rundir import (
    BASELINE,
    Journal,
    RunDir,
    StateFiles,
    read_epochs,
    write_encoding,
    write_epochs,
    write_predictions,
)
from medidense.train import Device, Regime, TrainingData, fit, standardized
from medidense.values import EpochRecord, Fold, Predictions, Recipe, ShrunkRecord
from medidense.values.wording import count
from medidense.verbs.cohort_arrays import Arrays
from medidense.verbs.device_sharing import train_on_ranks
from medidense.verbs.fold_covariates import covariates_of
from medidense.verbs.progress import Progress
from medidense.verbs.starting import settle, start_fold
from medidense.verbs.state_keeping import Keeper
from medidense.verbs.training_job import TrainingJob

SEEDS_APART = 1000
"""Fold k of seed s trains with seed ``1000 s + k``: no two folds of any two seeds share one."""

LOCK_S = 60.0
"""Seconds to wait for another process that writes to run.json."""


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
        fold=fold,
    )
    durable.sweep(place.path)
    start = training.recipe.start
    if start is not None and start.compare and not place.scratch_is_kept:
        scratch = training.from_scratch()
        net, _ = scratch.fitted(run, fold, arrays, place.scratch_states, progress)
        write_predictions(scratch.tested(run, net, fold, arrays), place.scratch_path)
    net, epochs = training.fitted(run, fold, arrays, place.states, progress)
    save_weights(net, place.weights)
    covariates = covariates_of(fold, arrays)
    if covariates.encoding is not None:
        write_encoding(covariates.encoding, place.path)
        alone = covariates.alone(len(run.classes))
        write_predictions(_predictions(run, fold, arrays, alone), place.path / BASELINE)
    write_epochs(epochs, place.epochs_path)
    write_predictions(training.tested(run, net, fold, arrays), place.predictions_path)
    place.finish()
    place.states.remove()
    place.scratch_states.remove()


@dataclass(frozen=True)
class FoldTraining:
    """How one network is trained: by which recipe, from which seed, where, and under which step's name.

    What training starts from must not have seen the test part of `fold`, the outer one of a nested split.
    `rank` is the number of this process where several train together.
    """

    recipe: Recipe
    seed: int
    device: Device
    step: str
    fold: Fold
    rank: int = 0

    def from_scratch(self) -> "FoldTraining":
        """The same training from random weights."""
        recipe = self.recipe.model_copy(update={"start": None})
        return replace(self, recipe=recipe, step=f"{self.step} from scratch")

    def fitted(
        self, run: RunDir, part: Fold, arrays: Arrays, files: StateFiles, progress: Progress
    ) -> tuple[torch.nn.Module, list[EpochRecord]]:
        """The network trained on the training part of `part`, and its epochs, those of `files` among them.

        `part` is the outer fold or one inside it. On several devices a process for each trains it.
        Raises DivergedError and WriteError, and what `start_fold` raises of the weights it starts from.
        """
        if self.device.devices == 1:
            return self.here(run, part, arrays, files, progress)
        home = run.fold(self.fold.index).path.absolute()
        with durable.writing(home), tempfile.TemporaryDirectory(prefix=durable.DRAFT, dir=home) as out:
            job = TrainingJob(
                run=str(run.path.absolute()),
                recipe=self.recipe.model_dump(mode="json"),
                seed=self.seed,
                device=asdict(self.device),
                step=self.step,
                fold=self.fold.index,
                inner=None if part is self.fold else part.index,
                state_files=files.place,
                out=out,
            )
            train_on_ranks(job, progress)
            width = covariates_of(part, arrays).width
            net = build_for(self.recipe, len(run.classes), seed=self.seed, covariates=width)
            load_weights(net, job.weights)
            return net, list(read_epochs(job.epochs))

    def here(
        self, run: RunDir, part: Fold, arrays: Arrays, files: StateFiles, progress: Progress
    ) -> tuple[torch.nn.Module, list[EpochRecord]]:
        """The same in this process, alone or as one of several ranks."""
        data, settings = _data(part, arrays, self.recipe), self.recipe.training
        width = covariates_of(part, arrays).width
        net = build_for(self.recipe, len(run.classes), seed=self.seed, covariates=width)
        tuning = start_fold(run, self.recipe, self.fold, net, seed=self.seed, progress=progress)
        regime = Regime(settings, self.seed, self.device, tuning)
        epochs: list[EpochRecord] = []
        journal = self._journal(run, files)
        states = Keeper(files, writes=self.rank == 0)
        progress(self.step, states.begun, settings.epochs, states.note)
        with states.at_work():
            for record in fit(net, data, regime, states):
                if isinstance(record, ShrunkRecord):
                    self._shrunk(run, record, len(epochs), progress)
                if not isinstance(record, EpochRecord):
                    continue
                epochs.append(record)
                if journal is not None:
                    journal.tell(record)
                if len(epochs) > states.begun:
                    progress(self.step, len(epochs), settings.epochs, f"loss {record.loss:.3f}")
        settle(net, tuning)
        return net, epochs

    def _journal(self, run: RunDir, files: StateFiles) -> Journal | None:
        """The fold's journal, where this is its one training that is kept, and this process tells of it."""
        place = run.fold(self.fold.index)
        return place.journal if self.rank == 0 and files.place == place.states.place else None

    def _shrunk(self, run: RunDir, record: ShrunkRecord, done: int, progress: Progress) -> None:
        """Say in one line and in run.json that memory ran out and batches pass in parts from here on."""
        note = f"memory ran out; batches in {record.parts} parts from step {record.step} on"
        progress(self.step, done, self.recipe.training.epochs, note)
        with durable.locked(run.path, wait_s=LOCK_S):
            about = run.about()
            parts = about.get("micro_batches", {}) | {self.step: record.parts}
            run.save_about(about | {"micro_batches": parts})

    def tested(self, run: RunDir, net: torch.nn.Module, fold: Fold, arrays: Arrays) -> Predictions:
        """The network's scores of the fold's test part."""
        test = arrays.rows(fold.test)
        scores = predict_scores(
            [net],
            covariates_of(fold, arrays).examples(test),
            device=self.device.name,
            threads=self.device.threads,
            flips=self.recipe.prediction.flips,
        )
        return _predictions(run, fold, arrays, scores)


def inner_predictions(
    run: RunDir, fold: Fold, arrays: Arrays, training: FoldTraining, files: StateFiles, progress: Progress
) -> Predictions:
    """Scores of an inner fold's test part by a network trained on its training part; it is not kept."""
    net, _ = training.fitted(run, fold, arrays, files, progress)
    return training.tested(run, net, fold, arrays)


def _data(fold: Fold, arrays: Arrays, recipe: Recipe) -> TrainingData:
    """The fold's training part, and its validation part where there is one. Its test part stays out."""
    train, validation = arrays.rows(fold.train), arrays.rows(fold.validation)
    soft, auxiliary = arrays.targets.probabilities, arrays.targets.auxiliary
    rule = recipe.labels.auxiliary
    data = TrainingData(
        images=arrays.rounded(train),
        labels=arrays.labels[train],
        validation_images=arrays.rounded(validation) if validation else None,
        validation_labels=arrays.labels[validation] if validation else None,
        targets=None if soft is None else soft[train],
        auxiliary=None if auxiliary is None else standardized(auxiliary[train]),
        auxiliary_weight=0.0 if rule is None else rule.weight,
        volumes=_volumes(arrays, train) if recipe.training.size_paired else None,
        planes=recipe.input.view == "planes",
        fixed_channels=int(recipe.input.mask_channel),
    )
    return covariates_of(fold, arrays).beside(data, recipe)


def _volumes(arrays: Arrays, train: Sequence[int]) -> NDArray[np.float64]:
    """The lesions' volumes. Raises UsageError where one is not known."""
    volumes = arrays.volumes[train]
    if not np.isfinite(volumes).all():
        found = f"{count(int(np.isnan(volumes).sum()), 'sample')} without a volume"
        step = "give every row a lesion, or set training.size_paired to 0"
        raise UsageError("training.size_paired", "pairs lesions of like volume", found, step)
    return volumes


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
        kind=run.kind,
    )
