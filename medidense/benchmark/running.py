"""How do several seeds of a recipe become one result, and what of it is kept when the process ends early?

A folder holds the recipe, a file and the weights of each seed that is finished, and the whole. The same
command finds the seeds that are there and goes on with the others.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medidense import durable
from medidense.benchmark.cifar10 import CLASSES
from medidense.benchmark.costs import Costs, costs
from medidense.benchmark.experiment import Images, SeedResult, mean_and_spread, public_recipe, train_seed
from medidense.benchmark.stated import Stated
from medidense.errors import OutputExistsError
from medidense.nets import build_for, load_weights, save_weights
from medidense.rundir import code_digest, recipe_text, write_recipe
from medidense.train import Device
from medidense.values import EpochRecord, Recipe

LIBRARIES = ("medidense", "torch", "monai", "numpy")

Progress = Callable[..., None]
"""Called with step, done, total and note, as `medidense.verbs.progress.Progress`."""


@dataclass(frozen=True)
class Plan:
    """What is to be done: a recipe under its name, with what is stated for it, on a device, for some seeds.

    `watch` tests after each epoch too. `asked` are the settings that were changed.
    """

    name: str
    recipe: Recipe
    stated: Stated | None
    device: Device
    seeds: tuple[int, ...]
    watch: bool = False
    asked: Mapping[str, object] | None = None

    def changed(self) -> dict[str, str]:
        """The settings that were changed, without a path of this machine."""
        told = {key: str(value) for key, value in (self.asked or {}).items()}
        start = public_recipe(self.recipe).start
        if start is not None and "start.weights" in told:
            told["start.weights"] = start.weights
        if "start" in told:
            told["start"] = str(None if start is None else start.model_dump(mode="json"))
        return told

    def against(self, network: str) -> "Plan":
        """The same with another network, for which nothing is stated; small images keep a small stem."""
        small = max(self.recipe.input.size) <= 64
        settings = {"network.name": network, "network.stem": "small" if small else "auto"}
        recipe = self.recipe.with_settings(settings, "--against")
        name, changed = f"{self.name} with {network}", {**(self.asked or {}), **settings}
        return Plan(name, recipe, None, self.device, self.seeds, self.watch, changed)


@dataclass(frozen=True)
class Outcome:
    """The seeds of one recipe and what they come to; fractions from 0 to 1."""

    plan: Plan
    seeds: tuple[SeedResult, ...]
    costs: Costs
    machine: dict[str, str]
    folder: Path

    @property
    def accuracies(self) -> list[float]:
        """Test accuracy of each seed."""
        return [seed.accuracy for seed in self.seeds]

    @property
    def accuracy(self) -> float:
        """Their mean."""
        return mean_and_spread(self.accuracies)[0]

    @property
    def spread(self) -> float | None:
        """Their standard deviation (n - 1), None for one seed."""
        return mean_and_spread(self.accuracies)[1]

    @property
    def bound(self) -> float | None:
        """The least mean accuracy that is stated, None where none is, or settings were changed."""
        return None if self.plan.stated is None or self.plan.asked else self.plan.stated.bound

    @property
    def passed(self) -> bool | None:
        """Whether the bound holds; None where there is none."""
        return None if self.bound is None else self.accuracy >= self.bound

    @property
    def verdict(self) -> str:
        """One line for people."""
        count = len(self.seeds)
        what = f"mean test accuracy {self.accuracy:.2%} of {count} seed{'s' if count > 1 else ''}"
        if self.passed is None:
            why = "settings were changed" if self.plan.asked else f"for {self.plan.name}"
            return f"NO VERDICT: {what}; no bound is stated ({why})"
        sign = "at least" if self.passed else "below"
        short = self.plan.stated is not None and count < self.plan.stated.seeds
        tail = f"; it is stated for the mean of {self.plan.stated.seeds} seeds" if short else ""  # type: ignore[union-attr]
        return f"{'PASS' if self.passed else 'FAIL'}: {what}, {sign} the bound {self.bound:.2%}{tail}"

    def confusion(self) -> list[list[int]]:
        """Counts over all seeds, a row for each true class."""
        total: list[list[int]] = np.sum([seed.confusion for seed in self.seeds], axis=0).tolist()
        return total

    def network(self) -> torch.nn.Module:
        """The network of the first seed, on the CPU."""
        net = build_for(self.plan.recipe, len(CLASSES))
        load_weights(net, _weights(self.folder, self.seeds[0].seed))
        return net.eval()

    def to_json(self) -> dict[str, Any]:
        """``accuracy``, ``accuracies`` and everything beside them."""
        stated = self.plan.stated
        return {
            "recipe": self.plan.name,
            "accuracy": self.accuracy,
            "accuracies": self.accuracies,
            "spread": self.spread,
            "error": 1 - self.accuracy,
            "bound": self.bound,
            "passed": self.passed,
            "verdict": self.verdict,
            "published": None if stated is None else stated.published,
            "published_source": "" if stated is None else stated.source,
            "changed": self.plan.changed(),
            "network": self.plan.recipe.network.name,
            "costs": self.costs.to_json(),
            "seeds": [seed.to_json() for seed in self.seeds],
            "confusion": self.confusion(),
            "classes": list(CLASSES),
            "machine": self.machine,
        }


def run(plan: Plan, images: Images, folder: Path, progress: Progress = lambda *_, **__: None) -> Outcome:
    """Train and test every seed of `plan` that `folder` does not hold yet; write each, and the whole.

    A seed that other code or data or another device made is trained anew.
    Raises OutputExistsError where `folder` holds something else, LockedError where another process works in
    it, WriteError, and what ``train_seed`` raises.
    """
    with durable.locked(folder):
        of = _begin(folder, plan, images)
        found = [_seed(plan, images, folder, seed, (of, progress)) for seed in plan.seeds]
        outcome = Outcome(plan, tuple(found), costs(plan.recipe, len(CLASSES)), machine(plan.device), folder)
        text = json.dumps(outcome.to_json(), indent=1) + "\n"
        durable.write_text(folder / "benchmark.json", text, durable.OPEN)
    return outcome


def machine(device: Device) -> dict[str, str]:
    """Versions and hardware, for the record."""
    chip = torch.cuda.get_device_name() if device.name == "cuda" else _processor()
    return {
        "device": f"{device.name}, {chip}",
        "precision": device.precision,
        "threads": str(device.threads),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def _seed(
    plan: Plan, images: Images, folder: Path, seed: int, way: tuple[dict[str, Any], Progress]
) -> SeedResult:
    """The result of one seed, from its file or anew."""
    (of, progress), path = way, folder / f"seed-{seed}.json"
    step, epochs = f"{plan.name}, seed {seed}", plan.recipe.training.epochs
    if path.is_file():
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["of"] == of and _weights(folder, seed).is_file():
            progress(step, epochs, epochs, "finished before")
            return SeedResult(**held["result"])
    progress(step, 0, epochs)

    def listen(record: EpochRecord) -> None:
        progress(step, record.epoch, epochs, f"loss {record.loss:.3f}")

    net, result = train_seed(plan.recipe, images, seed, plan.device, listen=listen, watch=plan.watch)
    save_weights(net, _weights(folder, seed))
    text = json.dumps({"of": of, "result": result.to_json()}, indent=1) + "\n"
    durable.write_text(path, text, durable.OPEN)
    return result


def _begin(folder: Path, plan: Plan, images: Images) -> dict[str, Any]:
    """What the folder's seeds belong to; the recipe is written. Raises OutputExistsError for another's."""
    public = public_recipe(plan.recipe)
    recipe = recipe_text(public)
    of = {
        "recipe": durable.sha256_bytes(recipe.encode()),
        "images": [len(images.train), len(images.test)],
        "data": _digest(images.train, images.train_labels, images.test, images.test_labels),
        "device": asdict(plan.device),
        "watch": plan.watch,
        "code": code_digest(),
    }
    kept = folder / "recipe.yaml"
    if kept.is_file() and kept.read_text(encoding="utf-8") != recipe:
        step = "choose another --out, or remove it"
        raise OutputExistsError(str(folder), "holds a benchmark of another recipe", plan.name, step)
    durable.sweep(folder)
    write_recipe(public, kept)
    return of


def _digest(*arrays: NDArray[Any]) -> str:
    """Of images and labels."""
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()


def _weights(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.safetensors"


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:  # a checkout that is not installed
        return ""


def _processor() -> str:
    """The processor's name as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({len(names)} cores)" if names else platform.machine()
