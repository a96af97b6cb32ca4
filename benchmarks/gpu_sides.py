"""The sides that `gpu.py` times: each yields samples a second whenever it is asked."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import torch
from monai.data import DataLoader
from monai.networks.nets import DenseNet121
from monai.transforms import (
    Compose,
    RandFlip,
    RandRotate,
    RandRotate90,
    RandZoom,
    ScaleIntensity,
)
from numpy.typing import NDArray

from medidense.nets import build
from medidense.predict import Recorded, arrange, arranged, channels_last, predict_scores
from medidense.predict.batched import one_pass
from medidense.train import Device, Regime, TrainingData, fit
from medidense.values import EpochRecord
from medidense.values.training import Training

Side = Iterator[float]
"""Yields 0 when it is set up (compiled, warm), then samples a second each time it is asked."""


@dataclass(frozen=True)
class Case:
    """What is measured, and on which device."""

    size: tuple[int, ...]
    batch: int
    steps: int
    device: str

    @property
    def title(self) -> str:
        """Its shape in words."""
        return f"{self.batch}x1x{'x'.join(map(str, self.size))}"

    def wait(self) -> None:
        """Until the device has done all that it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def images(self, count: int) -> NDArray[np.float32]:
        """Noise (count, 1, *size)."""
        return np.random.default_rng(0).normal(size=(count, 1, *self.size)).astype(np.float32)

    def network(self) -> torch.nn.Module:
        """MONAI's, as its tutorials make it."""
        net: torch.nn.Module = DenseNet121(spatial_dims=len(self.size), in_channels=1, out_channels=2)
        return net.to(self.device)


class Arrays(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """The tutorial's data set, on arrays in memory; few images many times over, to save memory.

    They have their channel axis: MONAI 1.6.1 zooms an array wrongly whose axis ``EnsureChannelFirst`` added.
    """

    def __init__(self, case: Case, length: int) -> None:
        flat = [
            RandRotate(range_x=np.pi / 12, prob=0.5, keep_size=True),
            RandFlip(spatial_axis=0, prob=0.5),
            RandZoom(min_zoom=0.9, max_zoom=1.1, prob=0.5),
        ]
        self._change = Compose([ScaleIntensity(), *(flat if len(case.size) == 2 else [RandRotate90()])])
        self._images, self._length = case.images(32), length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self._change(self._images[index % len(self._images)]), index % 2


def tutorial(case: Case) -> Side:
    """(a)"""
    net = case.network().train()
    optimizer = torch.optim.Adam(net.parameters(), 1e-5)
    measure = torch.nn.CrossEntropyLoss()
    workers, warm = min(10, os.cpu_count() or 1) if case.steps > 2 else 0, case.steps // 2
    yield 0.0
    while True:
        data = Arrays(case, case.batch * (warm + case.steps))
        loader = DataLoader(
            data, batch_size=case.batch, shuffle=True, num_workers=workers, pin_memory=case.device == "cuda"
        )
        begun, total = 0.0, 0.0
        for number, (images, labels) in enumerate(loader):
            if number == warm:
                case.wait()
                begun = perf_counter()
            images, labels = images.to(case.device), labels.to(case.device)
            optimizer.zero_grad()
            loss = measure(net(images), labels)
            torch.autograd.backward(loss)
            optimizer.step()
            total += loss.item()
        case.wait()
        yield case.batch * case.steps / (perf_counter() - begun)


def timed(case: Case, action: Callable[[], object], samples: int) -> Side:
    """Warm up, then time `action`, which treats so many samples."""
    for _ in range(5 if case.device == "cuda" else 1):
        action()
    case.wait()
    yield 0.0
    while True:
        begun = perf_counter()
        for _ in range(case.steps):
            action()
        case.wait()
        yield samples * case.steps / (perf_counter() - begun)


def tutorials_network(case: Case) -> Side:
    """(a) without its loader."""
    net = case.network().train()
    optimizer = torch.optim.Adam(net.parameters(), 1e-5)
    images = torch.from_numpy(case.images(case.batch)).to(case.device)
    labels = torch.arange(case.batch, device=case.device) % 2

    def step() -> None:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(images), labels)
        torch.autograd.backward(loss)
        optimizer.step()
        loss.item()

    return timed(case, step, case.batch)


def ours_training(case: Case) -> Side:
    """(c): whole epochs of the loop, those after the first; settling is in the first."""
    batches = 16 if case.device == "cuda" else 1
    count = batches * case.batch
    settings = Training(epochs=9999, batch_size=case.batch, schedule="cosine")
    data = TrainingData(case.images(count), np.arange(count, dtype=np.int64) % 2)
    device = (
        Device("cuda", "bf16", 1) if case.device == "cuda" else Device("cpu", "fp32", torch.get_num_threads())
    )
    net = build("densenet121", dims=len(case.size), channels=1, classes=2, dropout=0.0, seed=0)
    epochs = (r for r in fit(net, data, Regime(settings, 0, device)) if isinstance(r, EpochRecord))
    next(epochs)
    yield 0.0
    repeats = max(1, case.steps // batches)
    while True:
        begun = perf_counter()
        for _ in range(repeats):
            next(epochs)
        case.wait()
        yield repeats * count / (perf_counter() - begun)


def compiled(case: Case, *, precision: str) -> Side:
    """(b)"""
    net = case.network().eval()
    fast = torch.compile(net, dynamic=False) if case.device == "cuda" else net
    images = torch.from_numpy(case.images(case.batch)).to(case.device)

    def score() -> object:
        with torch.inference_mode(), torch.autocast(case.device, torch.bfloat16, enabled=precision == "bf16"):
            return fast(images)

    return timed(case, score, case.batch)


def ours_scoring(case: Case, *, precision: str, arrays: bool = False) -> Side:
    """(c): a recorded pass of ``predict_scores``, or the whole of it, its setting up included."""
    net = build("densenet121", dims=len(case.size), channels=1, classes=2, dropout=0.0, seed=0).eval()
    if arrays or case.device == "cpu":
        count = case.batch * (24 if case.device == "cuda" else 1)
        many = case.images(count)
        kind = precision if case.device == "cuda" else "fp32"
        score = partial(predict_scores, [net], many, device=case.device, threads=0, precision=kind)
        return timed(Case(case.size, case.batch, max(1, case.steps // 24), case.device), score, count)
    arrange(net.cuda(), last=True)
    images = arranged(torch.from_numpy(case.images(case.batch)).cuda(), channels_last(len(case.size) + 2))
    exact = torch.backends.cudnn.flags
    with torch.inference_mode():
        forward = Recorded(one_pass(net, precision))

    def network() -> None:
        with torch.inference_mode(), exact(enabled=True, deterministic=True, allow_tf32=False):
            forward(images)

    return timed(case, network, case.batch)


def sides_of(*, large: bool) -> dict[tuple[str, str, str], Callable[[Case], Side]]:
    """By what is measured, name and precision. One of the slow to compile is left out for the small batch."""
    sides: dict[tuple[str, str, str], Callable[[Case], Side]] = {
        ("training", "(a) tutorial", "tf32"): tutorial,
        ("training", "(a) tutorial's network", "tf32"): tutorials_network,
        ("training", "(c) ours", "bf16"): ours_training,
        ("network", "(b) torch.compile", "bf16"): partial(compiled, precision="bf16"),
        ("network", "(c) ours", "bf16"): partial(ours_scoring, precision="bf16"),
        ("network", "(c) ours, fp32", "fp32"): partial(ours_scoring, precision="fp32"),
        ("arrays", "(c) ours", "bf16"): partial(ours_scoring, precision="bf16", arrays=True),
    }
    if large:
        sides[("network", "(b) torch.compile, TF32", "tf32")] = partial(compiled, precision="tf32")
    return sides
