"""In which steps is one run directory logged, so that a killed logging goes on and nothing stands twice?"""

import contextlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from PIL import Image

from medidense.track import names
from medidense.track.contents import Contents
from medidense.track.logged_model import log_model
from medidense.track.memory import Memory
from medidense.track.quiet import STORE_ERRORS
from medidense.track.registry import link_figures, register

BATCH = 1000
"""Metrics that MLflow takes in one call."""

TAG_LENGTH = 8000

Act = Callable[[], object]


@dataclass(frozen=True, eq=False)
class Session:
    """One run directory (`contents`) going to one experiment of one store, as far as `memory` remembers.

    `command` stands where MLflow would write a script's path; `package` is logged as the model, if given.
    Every client call names its run: nothing depends on an active run.
    """

    client: Any
    experiment: str
    contents: Contents
    memory: Memory
    command: str
    package: Path | None

    def log(self) -> str:
        """Do every step that was not done yet; returns the ID of the parent run."""
        parent = self._run(names.CV, self.contents.title, {names.KIND: names.CV}, self.contents.times()[0])
        steps = self._parent_steps(parent)
        folds = [(f"fold-{index}", index) for index in range(self.contents.run.folds)]
        with self._status(names.CV, [*steps, *(name for name, _ in folds)], self.contents.times()[1]):
            for step, act in steps.items():
                self._once(step, act)
            for name, index in folds:
                self._fold(name, index, parent)
        return parent

    def _parent_steps(self, run_id: str) -> dict[str, Act]:
        """What is logged to the parent, by the name that tracking.json remembers."""
        steps: dict[str, Act] = {
            "params": partial(self._params, run_id, self.contents.params()),
            "dataset": partial(self._dataset, run_id),
            "results": partial(self._results, run_id),
            "files": partial(self._files, run_id),
        }
        for key, step, content in self.contents.overlays():
            steps[f"image {key} {step}"] = partial(self._image, run_id, key, step, content)
        if self.package is not None:
            steps["model"] = partial(log_model, self.client, run_id, self.package)
            steps["figures of the model"] = partial(link_figures, self.client, run_id, self.contents)
            steps["version"] = partial(register, self.client, run_id, self.contents)
        return steps

    def _run(self, name: str, title: str, tags: Mapping[str, str], begin: int) -> str:
        """The ID of the run that is remembered under `name`, made where there is none.

        A process that was killed after it had made the run, and before it could remember it, left it in the
        store: that one is gone on with.
        """
        if name not in self.memory.runs:
            known = {names.UID: self.memory.uid, **tags}
            rule = " and ".join(f"tags.`{key}` = '{value}'" for key, value in known.items())
            found = list(self.client.search_runs([self.experiment], rule, max_results=1))
            if not found:
                about = {names.USER: names.ANYBODY, names.SOURCE: self.command}
                own = known | about | {names.VERSION: version("medidense")}
                found = [self.client.create_run(self.experiment, start_time=begin, tags=own, run_name=title)]
            self.memory.runs[name] = found[0].info.run_id
            self.memory.save()
        return self.memory.runs[name]

    @contextlib.contextmanager
    def _status(self, name: str, steps: list[str], end: int) -> Iterator[None]:
        """FINISHED when the block ends, FAILED when it does not; left alone where all was done before."""
        run_id, ended = self.memory.runs[name], f"end of {name}"
        if {*steps, ended} <= set(self.memory.done):
            yield
            return
        self.client.update_run(run_id, status="RUNNING")
        status = "FAILED"
        try:
            yield
            status = "FINISHED"
        finally:
            done = contextlib.nullcontext() if status == "FINISHED" else contextlib.suppress(*STORE_ERRORS)
            with done:
                self.client.set_terminated(run_id, status, end_time=end)
        self.memory.finish(ended)

    def _once(self, step: str, act: Act) -> None:
        """Do a step unless it was done."""
        if step not in self.memory.done:
            act()
            self.memory.finish(step)

    def _params(self, run_id: str, params: Mapping[str, str]) -> None:
        self.client.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])

    def _metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        moment = self.contents.evaluated
        numbers = [Metric(key, value, moment, 0) for key, value in metrics.items()]
        self.client.log_batch(run_id, metrics=numbers)

    def _dataset(self, run_id: str) -> None:
        """The cohort by its digest: no path, no rows."""
        source = CodeDatasetSource(tags={names.SOURCE: "medidense"})
        name, digest = self.contents.asked["cohort_name"], self.contents.run.cohort_digest[:32]
        dataset = MetaDataset(source=source, name=name, digest=digest)._to_mlflow_entity()
        context = InputTag("mlflow.data.context", names.DATASET_CONTEXT)
        self.client.log_inputs(run_id, datasets=[DatasetInput(dataset, [context])])

    def _results(self, run_id: str) -> None:
        """The figures, the headline and the description."""
        self._metrics(run_id, self.contents.metrics())
        tags = {
            names.HEADLINE: self.contents.auroc.text(),
            names.NOTE: self.contents.description(),
            names.SANITY: self.contents.sanity(),
        }
        self.client.log_batch(run_id, tags=[RunTag(key, value[:TAG_LENGTH]) for key, value in tags.items()])

    def _files(self, run_id: str) -> None:
        """Recipe, split, tables, figures and overlays; the table of scores opens sortable."""
        with tempfile.TemporaryDirectory(prefix="medidense-") as staging:
            for name, content in self.contents.files().items():
                target = Path(staging) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            self.client.log_artifacts(run_id, staging)
        table = [{"path": names.PREDICTIONS_JSON, "type": "table"}]
        self.client.set_tag(run_id, names.TABLES_TAG, json.dumps(table))

    def _image(self, run_id: str, key: str, step: int, content: bytes) -> None:
        """One overlay for the image grid, unless a process that was killed then has left it whole."""
        begins = f"{names.IMAGE_FOLDER}/{key.replace('/', '~')}+step+{step}+"
        there = [item.path for item in self.client.list_artifacts(run_id, names.IMAGE_FOLDER)]
        if any(path.startswith(begins) and path.endswith(".webp") for path in there):
            return
        image = Image.open(io.BytesIO(content)).convert("RGB")
        moment = self.contents.times()[1]
        self.client.log_image(run_id, image, key=key, step=step, timestamp=moment, synchronous=True)

    def _fold(self, name: str, index: int, parent: str) -> None:
        """The child run of one fold: its curves and its own test figures."""
        begin, end = self.contents.fold_times(index)
        tags = {names.KIND: names.ONE_FOLD, names.FOLD: str(index), names.PARENT: parent}
        run_id = self._run(name, name, tags, begin)
        with self._status(name, [name], end):
            self._once(name, partial(self._fold_numbers, run_id, index))

    def _fold_numbers(self, run_id: str, index: int) -> None:
        self._params(run_id, {"fold": str(index)})
        numbers = [Metric(*number) for number in self.contents.curves(index)]
        for start in range(0, len(numbers), BATCH):
            self.client.log_batch(run_id, metrics=numbers[start : start + BATCH])
        self._metrics(run_id, self.contents.fold_metrics(index))
