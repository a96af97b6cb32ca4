"""In which steps is one run directory logged, so that a killed logging goes on and nothing stands twice?"""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlflow.entities import Metric

from medidense.track import names
from medidense.track.cards import Card
from medidense.track.contents import Contents
from medidense.track.figures import floor_cell
from medidense.track.fold_contents import FoldContents, numbers
from medidense.track.kept_runs import KeptRuns
from medidense.track.logged_model import log_model
from medidense.track.memory import IMAGE, Memory
from medidense.track.registry import link_figures, register
from medidense.track.steps import log_dataset, log_figures, log_files, log_params, log_words

BATCH = 1000
"""Metrics that MLflow takes in one call."""

Act = Callable[[], object]

Packing = Callable[[], AbstractContextManager[Path]]
"""Makes a package, and takes it away again."""


@dataclass(frozen=True, eq=False)
class Session:
    """One run directory (`contents`) going to the `runs` of one store that it has there.

    `package` is logged as the model, if given; one that is still to be made is made where it is needed.
    Every client call names its run: nothing depends on an active run.
    """

    runs: KeptRuns
    contents: Contents
    package: Path | Packing | None = None

    @property
    def client(self) -> Any:
        """The store."""
        return self.runs.client

    @property
    def memory(self) -> Memory:
        """What was done so far."""
        return self.runs.memory

    def log(self) -> str:
        """Do every step of a finished run that was not done yet; returns the ID of the parent run."""
        parent = self.parent()
        steps, folds = self._parent_steps(parent), self.contents.folds
        with self.runs.status(names.CV, [*steps, *(fold.name for fold in folds)], self.contents.ended):
            for step, act in steps.items():
                self.runs.once(step, act)
            for fold in folds:
                self.fold(fold, parent)
        return parent

    def parent(self) -> str:
        """The ID of the parent run, made where there is none."""
        return self.runs.run(names.CV, self.title, self.contents.begun, {names.KIND: names.CV})

    @property
    def title(self) -> str:
        """The name of the parent run; four digits of the uid tell those of one title apart."""
        return f"{self.contents.title}-{self.memory.uid[:4]}"

    def child(self, fold: FoldContents, parent: str, begin: int) -> str:
        """The ID of the child run of one fold, made where there is none."""
        tags = {names.KIND: names.ONE_FOLD, names.FOLD: str(fold.index), names.PARENT: parent}
        return self.runs.run(fold.name, fold.name, begin, tags, {names.CV_OF: self.title})

    def fold(self, fold: FoldContents, parent: str) -> None:
        """The child run of a finished fold: its curves and its own test figures."""
        begin, end = fold.times()
        run_id = self.child(fold, parent, begin)
        with self.runs.status(fold.name, [fold.name], end):
            self.runs.once(fold.name, partial(self._fold_numbers, run_id, fold))

    def begin(self, parent: str) -> None:
        """What is known of a run before it is finished: what was asked, and of whom."""
        self.runs.once("params", lambda: log_params(self.client, parent, self.contents.params()))
        self.runs.once("dataset", partial(self._dataset, parent))

    def curves(self, run_id: str, fold: FoldContents) -> None:
        """The epochs of a fold that are not there yet."""
        epochs, known = fold.epochs(), self.memory.sent.get(fold.name, 0)
        new = [Metric(*number) for record, moment in epochs[known:] for number in numbers(record, moment)]
        for start in range(0, len(new), BATCH):
            self.client.log_batch(run_id, metrics=new[start : start + BATCH])
        if len(epochs) > known:
            self.memory.sent[fold.name] = len(epochs)
            self.memory.save()

    def _parent_steps(self, run_id: str) -> dict[str, Act]:
        """What is logged to the parent, by the name that tracking.json remembers."""
        steps: dict[str, Act] = {
            "params": partial(log_params, self.client, run_id, self.contents.params()),
            "dataset": partial(self._dataset, run_id),
            "results": partial(self._results, run_id),
            "files": partial(self._files, run_id),
        }
        for key, step, name, card in self.contents.overlays(self.memory.images()):
            steps[f"{IMAGE} {key} {step} {name}"] = partial(self._image, run_id, key, step, card)
        if self.package is not None:
            steps["model"] = partial(self._model, run_id, self.package)
            steps["figures of the model"] = partial(link_figures, self.client, run_id, self.contents)
            steps["version"] = partial(register, self.client, run_id, self.contents)
        return steps

    def _model(self, run_id: str, package: Path | Packing) -> None:
        with contextlib.nullcontext(package) if isinstance(package, Path) else package() as folder:
            log_model(self.client, run_id, folder, self.contents.recipe_params())

    def _dataset(self, run_id: str) -> None:
        name, digest = self.contents.asked["cohort_name"], self.contents.run.cohort_digest
        log_dataset(self.client, run_id, name, digest, names.DATASET_CONTEXT)

    def _results(self, run_id: str) -> None:
        """The figures, the headline and the description."""
        log_figures(self.client, run_id, self.contents.metrics(), self.contents.evaluated)
        tags = {
            names.HEADLINE: self.contents.auroc.text(),
            names.FLOOR: floor_cell(self.contents.evaluation),
            names.NOTE: self.contents.description(),
            names.SANITY: self.contents.sanity(),
        }
        log_words(self.client, run_id, tags)

    def _files(self, run_id: str) -> None:
        """Recipe, split, tables, figures and overlays; the table of scores opens sortable."""
        log_files(self.client, run_id, self.contents.files(), names.PREDICTIONS_JSON)

    def _image(self, run_id: str, key: str, step: int, card: Card) -> None:
        """One overlay for the image grid, unless a process that was killed then has left it whole."""
        begins = f"{names.IMAGE_FOLDER}/{key.replace('/', '~')}+step+{step}+"
        there = [item.path for item in self.client.list_artifacts(run_id, names.IMAGE_FOLDER)]
        if any(path.startswith(begins) and path.endswith(".webp") for path in there):
            return
        moment = self.contents.ended
        self.client.log_image(run_id, card.image(), key=key, step=step, timestamp=moment, synchronous=True)

    def _fold_numbers(self, run_id: str, fold: FoldContents) -> None:
        log_params(self.client, run_id, {"fold": str(fold.index)})
        if len(fold.happened().epochs) != len(fold.epochs()):
            self.memory.sent.pop(fold.name, None)  # the journal lacked some: all once more
        self.curves(run_id, fold)
        log_figures(self.client, run_id, fold.figures(), fold.times()[1])
