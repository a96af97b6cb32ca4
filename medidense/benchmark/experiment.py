"""What does a recipe reach on images with known answers? One seed: train on one part, test on the other.

The way is that of a cross-validation's fold: the same network, the same loop, the same scores. The test part
chooses nothing: no epoch, no setting; what scores are the weights after the last step.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medidense import durable
from medidense.benchmark.cifar10 import CLASSES, load, normalised
from medidense.errors import RecipeError, UsageError
from medidense.nets import StartWeights, build_for, network, read_tensors, start_from
from medidense.predict import predict_scores
from medidense.train import Device, Regime, TrainingData, Tuning, fit
from medidense.values import EpochRecord, Recipe, TrainingState
from medidense.values.network import Start

LEVELS = (0.90, 0.94, 0.95)
"""Test accuracies whose time is told."""

CHUNK = 500
"""Images that are made ready at once."""

Listen = Callable[[EpochRecord], None]


@dataclass(frozen=True, eq=False)
class Images:
    """Both parts of a data set: uint8 (N, H, W, C) images and int64 (N,) labels."""

    train: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    def first(self, train: int, test: int) -> "Images":
        """The first images of each part."""
        return Images(
            self.train[:train], self.train_labels[:train], self.test[:test], self.test_labels[:test]
        )


def load_images(data_dir: Path) -> Images:
    """CIFAR-10 from its files. Raises UsageError."""
    return Images(*load(data_dir, "train"), *load(data_dir, "test"))


@dataclass(frozen=True)
class SeedResult:
    """One training: `accuracy` on the test part, seconds of training (no test, no start) and of testing.

    `confusion` counts images, a row for each true class. `images_per_second` is the median over the epochs.
    `reached` are the seconds to each of `LEVELS`, where that was watched: None for one that was not reached.
    `curve` is the test accuracy after each epoch, where that was watched. `losses` are those of training.
    """

    seed: int
    accuracy: float
    train_seconds: float
    test_seconds: float
    images_per_second: float
    images_seen: int
    confusion: list[list[int]]
    losses: list[float]
    curve: list[float] = field(default_factory=list)
    reached: dict[str, float | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return asdict(self)


def ready(images: NDArray[np.uint8], recipe: Recipe) -> Iterator[NDArray[np.float32]]:
    """The images as the recipe's network sees them, float32 (C, H, W) each: normalised, then enlarged.

    Raises RecipeError for a recipe whose input is not made for colour pictures.
    """
    spec = recipe.input
    if spec.dims != 2 or spec.intensity.rule != "constants" or spec.channels != images.shape[-1]:
        found = f"{spec.dims}D, {spec.intensity.rule}, {spec.channels} channels"
        rule = f"this benchmark has colour pictures: dims 2, rule constants, {images.shape[-1]} of mean"
        raise RecipeError("input", rule, found, "begin with a recipe named cifar10-...")
    for begin in range(0, len(images), CHUNK):
        chunk = normalised(images[begin : begin + CHUNK], spec.intensity.mean, spec.intensity.deviation)
        yield from _enlarged(chunk, spec.size)


def train_seed(
    recipe: Recipe,
    images: Images,
    seed: int,
    device: Device,
    *,
    listen: Listen = lambda record: None,
    watch: bool = False,
) -> tuple[torch.nn.Module, SeedResult]:
    """Train from `seed` and test: the network and what it reached.

    With `watch` the averaged weights are tested after each epoch too, for the curve alone; the clock of
    training stands still meanwhile. Raises what `fit` and `start_from` raise.
    """
    net = build_for(recipe, len(CLASSES), seed=seed)
    tuning = _start(net, recipe)
    data = TrainingData(_stored(images.train, recipe), images.train_labels)
    watching = _Watching(recipe, images, device) if watch else None
    epochs: list[EpochRecord] = []
    records = fit(net, data, Regime(recipe.training, seed, device, tuning), states=watching)
    begun = time.perf_counter()
    for record in records:
        if isinstance(record, EpochRecord):
            epochs.append(record)
            listen(record)
    seconds = time.perf_counter() - begun - (watching.paused if watching else 0.0)
    begun = time.perf_counter()
    guessed = _guessed(net, recipe, images.test, device)
    speeds = [len(images.train) / max(epoch.seconds, 1e-9) for epoch in epochs]
    return net, SeedResult(
        seed=seed,
        accuracy=float(np.mean(guessed == images.test_labels)),
        train_seconds=seconds,
        test_seconds=time.perf_counter() - begun,
        images_per_second=float(np.median(speeds)),
        images_seen=len(images.train) * len(epochs),
        confusion=_confusion(images.test_labels, guessed),
        losses=[epoch.loss for epoch in epochs],
        curve=watching.curve if watching else [],
        reached=watching.reached() if watching else {},
    )


class _Watching:
    """Listens as the keeper of states: tests the averaged weights after each epoch and keeps nothing."""

    def __init__(self, recipe: Recipe, images: Images, device: Device) -> None:
        self._recipe, self._images, self._device = recipe, images, device
        self._begun = time.perf_counter()
        self.paused = 0.0
        self.curve: list[float] = []
        self._seconds: list[float] = []

    def last(self) -> TrainingState | None:
        """No state to go on from."""
        return None

    def keep(self, state: TrainingState) -> None:
        """Test the average that `state` holds."""
        begun = time.perf_counter()
        self._seconds.append(begun - self._begun - self.paused)
        net = build_for(self._recipe, len(CLASSES))
        average = {name.removeprefix("module."): array for name, array in state.part("average").items()}
        net.load_state_dict({name: torch.from_numpy(average[name]) for name in net.state_dict()})
        guessed = _guessed(net, self._recipe, self._images.test, self._device)
        self.curve.append(float(np.mean(guessed == self._images.test_labels)))
        self.paused += time.perf_counter() - begun

    def reached(self) -> dict[str, float | None]:
        """Seconds of training until the test accuracy was first at each level."""
        pairs = list(zip(self.curve, self._seconds, strict=True))
        return {
            f"{level:g}": next((seconds for accuracy, seconds in pairs if accuracy >= level), None)
            for level in LEVELS
        }


def _guessed(
    net: torch.nn.Module, recipe: Recipe, images: NDArray[np.uint8], device: Device
) -> NDArray[np.int64]:
    """The class with the highest score of each image."""
    scores = predict_scores(
        [net],
        ready(images, recipe),
        device=device.name,
        threads=device.threads,
        flips=recipe.prediction.flips,
    )
    guessed: NDArray[np.int64] = scores.argmax(axis=1)
    return guessed


def _stored(images: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.float16]:
    """The training part as it lies on the device: float16 (N, C, H, W), as the crops of a fold do."""
    stored = np.empty((len(images), recipe.input.channels, *recipe.input.size), np.float16)
    for place, image in zip(stored, ready(images, recipe), strict=True):
        place[:] = image
    return stored


def _enlarged(chunk: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    if chunk.shape[2:] == size:
        return chunk
    large = torch.nn.functional.interpolate(
        torch.from_numpy(chunk), size, mode="bilinear", align_corners=False, antialias=True
    )
    return np.asarray(large.numpy(), dtype=np.float32)


def _start(net: torch.nn.Module, recipe: Recipe) -> Tuning | None:
    """Put the recipe's weights into `net`, where it names some. Raises RecipeError and UsageError."""
    start = recipe.start
    if start is None:
        return None
    if start.trains == "lora" or start.compare:
        rule, found = "this benchmark takes neither trains: lora nor compare", start.trains
        raise RecipeError("start", rule, found, "choose another start.trains")
    record = network(recipe.network.name)
    start_from(net, record, StartWeights(read_tensors(_weights(start)), start.source))
    return Tuning(record, start, recipe.training.epochs)


def public_recipe(recipe: Recipe) -> Recipe:
    """The recipe as it may leave this machine: weights that it starts from by their sum, not by a path.

    Raises UsageError where there are no weights at the path.
    """
    start = recipe.start
    if start is None:
        return recipe
    path = _weights(start)
    if not path.is_file():
        step = "give them: --set start.weights=FILE"
        raise UsageError("start.weights", "a file of weights to start from", start.weights, step)
    told = start.model_copy(update={"weights": f"sha256:{durable.sha256_file(path)}"})
    return recipe.model_copy(update={"start": told})


def _weights(start: Start) -> Path:
    return Path(start.weights).expanduser()


def _confusion(truth: NDArray[np.int64], guessed: NDArray[np.int64]) -> list[list[int]]:
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (truth, guessed), 1)
    return counts.tolist()


def mean_and_spread(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and the standard deviation (n - 1) of two values or more.

    >>> mean_and_spread([0.5]), mean_and_spread([1.0, 3.0])
    ((0.5, None), (2.0, 1.4142135623730951))
    """
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return float(np.mean(values)), spread
