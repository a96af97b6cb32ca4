"""Training and scoring on a GPU: MONAI's tutorial loop, torch.compile of MONAI's network, and this package.

DenseNet-121, noise as images, 2D 224^2 and 3D 64^3, a small and a large batch. Samples a second of

- (a) ``tutorial``: the loop of MONAI's DenseNet training tutorials (2d_classification/mednist_tutorial,
  3d_classification/densenet_training_array): a ``Dataset`` that transforms arrays in memory on the CPU, a
  ``DataLoader`` with at most 10 workers and page-locked memory, float32 with cuDNN's defaults (TF32 in
  convolutions), the network's default layout, Adam, ``loss.item()`` after each step. In 2D the tutorial's
  scaling, rotation, flip and zoom; in 3D its scaling and quarter turns. Starting the workers is not counted.
  ``tutorial's network``: the same without the loader, one batch that lies on the GPU.
- (b) ``torch.compile``: MONAI's network compiled, for inference; in bf16 under autocast, and float32 (TF32).
- (c) ``ours``: ``medidense.train.fit``, augmentation, averaging and all, with bf16 as it chooses on a GPU;
  without and with ``training.compile``, and without ``training.deterministic``. Scoring: what
  ``predict_scores`` does with a batch.

Inference is measured with images that lie on the GPU ("network") and from arrays in the processor's memory
to probabilities there ("arrays"). Compiling is not counted. The share is that of the bound of ``roofline.py``
for the side's precision. Sides that compile do so at once, each in a process of its own; everything is timed
alone, twice, and both figures are in the JSON.

    python benchmarks/gpu.py --json gpu.json         # on a machine with a GPU, about 5 minutes
    python benchmarks/gpu.py --tiny --json tiny.json # shows on a CPU that it runs; compiles nothing
"""

import argparse
import gc
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import monai
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
from roofline import BYTES, bound, described, measure_ceilings
from turns import Bar, print_bars

from medidense.nets import build
from medidense.predict import Recorded, arrange, arranged, channels_last, predict_scores
from medidense.predict.batched import one_pass
from medidense.train import Device, Regime, TrainingData, fit
from medidense.values import EpochRecord
from medidense.values.recipe import Training

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


def ours_training(case: Case, *, compiling: bool = False, deterministic: bool = True) -> Side:
    """(c): whole epochs of the loop, those after the first; settling and compiling are in the first."""
    batches = 16 if case.device == "cuda" else 1
    count = batches * case.batch
    settings = Training(
        epochs=9999,
        batch_size=case.batch,
        schedule="cosine",
        compile=compiling and case.device == "cuda",
        deterministic=deterministic,
    )
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


def compiled(case: Case, *, precision: str, arrays: bool = False) -> Side:
    """(b)"""
    net = case.network().eval()
    fast = torch.compile(net, dynamic=False) if case.device == "cuda" else net
    images = torch.from_numpy(case.images(case.batch))
    there = images.to(case.device)

    def score() -> object:
        with torch.inference_mode(), torch.autocast(case.device, torch.bfloat16, enabled=precision == "bf16"):
            if arrays:
                return torch.softmax(fast(images.to(case.device)).float(), 1).cpu()
            return fast(there)

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


@dataclass(frozen=True)
class Measured:
    """Samples a second of one side, each time, and the best share of the bound."""

    case: str
    what: str
    side: str
    precision: str
    samples: list[float]
    share: float


def sides_of(case: Case, *, large: bool) -> dict[tuple[str, str, str], Callable[[Case], Side]]:
    """By what is measured, name and precision. The slow to compile are left out for the small batch."""
    sides: dict[tuple[str, str, str], Callable[[Case], Side]] = {
        ("training", "(a) tutorial", "tf32"): tutorial,
        ("training", "(a) tutorial's network", "tf32"): tutorials_network,
        ("training", "(c) ours", "bf16"): ours_training,
        ("training", "(c) ours, not deterministic", "bf16"): partial(ours_training, deterministic=False),
        ("network", "(b) torch.compile", "bf16"): partial(compiled, precision="bf16"),
        ("network", "(c) ours", "bf16"): partial(ours_scoring, precision="bf16"),
        ("network", "(c) ours, fp32", "fp32"): partial(ours_scoring, precision="fp32"),
        ("arrays", "(c) ours", "bf16"): partial(ours_scoring, precision="bf16", arrays=True),
    }
    if large:
        sides |= {
            ("training", "(c) ours, compiled", "bf16"): partial(
                ours_training, compiling=True, deterministic=False
            ),
            ("network", "(b) torch.compile, TF32", "tf32"): partial(compiled, precision="tf32"),
            ("arrays", "(b) torch.compile", "bf16"): partial(compiled, precision="bf16", arrays=True),
        }
    return sides


def _process(make: Callable[[Case], Side], case: Case, pipe: Any) -> None:
    """A side in a process of its own: set up at once, measure when asked."""
    try:
        side = make(case)
        next(side)
        torch.cuda.empty_cache()
        pipe.send(0.0)
        while pipe.recv():
            pipe.send(next(side))
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}"[:300])


def _apart(make: Callable[[Case], Side], case: Case) -> Side:
    """The side in a process that begins to compile now."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_process, args=(make, case, there), daemon=True)
    process.start()

    def answers() -> Side:
        try:
            while True:
                answer = here.recv()
                if isinstance(answer, str):
                    raise RuntimeError(answer)
                yield answer
                here.send(True)
        finally:
            if process.is_alive():
                here.send(False)
            process.join(20)

    return answers()


def measure(cases: list[Case], turns: int) -> Iterator[tuple[Case, tuple[str, str, str], list[float]]]:
    """Every side of every case; those that compile first, for they take the time."""
    every = [
        (case, key, make)
        for case in cases
        for key, make in sides_of(case, large=case.batch == _largest(cases, case)).items()
    ]
    first = [item for item in every if "compile" in item[1][1]]
    apart = cases[0].device == "cuda"
    started = [(case, key, _apart(make, case) if apart else make(case)) for case, key, make in first]
    set_up: list[tuple[Case, tuple[str, str, str], Side]] = []
    for case, key, side in started:
        try:
            next(side)
            set_up.append((case, key, side))
        except (RuntimeError, EOFError) as error:
            print(f"  {case.title} {key}: {error}", flush=True)
    for case, key, side in set_up:
        yield from _timed_alone(case, key, lambda _case, side=side: side, turns)
    for case, key, make in every:
        if (case, key, make) not in first:
            yield from _timed_alone(case, key, _set_up(make), turns)
            gc.collect()
            if apart:
                torch.cuda.empty_cache()


def _set_up(make: Callable[[Case], Side]) -> Callable[[Case], Side]:
    def ready(case: Case) -> Side:
        side = make(case)
        next(side)
        return side

    return ready


def _timed_alone(
    case: Case, key: tuple[str, str, str], ready: Callable[[Case], Side], turns: int
) -> Iterator[tuple[Case, tuple[str, str, str], list[float]]]:
    """The figures of a side that is set up, or a line that says why there are none."""
    try:
        side = ready(case)
        figures = [next(side) for _ in range(turns)]
        side.close()  # type: ignore[attr-defined]
    except (RuntimeError, EOFError) as error:
        print(f"  {case.title} {key}: {type(error).__name__} {error}", flush=True)
    else:
        yield case, key, figures


def _largest(cases: list[Case], case: Case) -> int:
    return max(each.batch for each in cases if each.size == case.size)


def bars(found: list[Measured], *, tiny: bool) -> list[Bar]:
    """The ratios that the package must reach; tiny sizes have none to reach."""
    four, more = (None, None) if tiny else (4, 1.3)
    speed = {(each.case, each.what, each.side): max(each.samples) for each in found}
    lines = []
    for case in dict.fromkeys(each.case for each in found):
        for side in ("(c) ours", "(c) ours, not deterministic", "(c) ours, compiled"):
            ours, theirs = (speed.get((case, "training", each)) for each in (side, "(a) tutorial"))
            if ours and theirs:
                lines.append(Bar(f"{case} training: {side} / (a)", ours / theirs, four, at_least=True))
        for what in ("network", "arrays"):
            ours, theirs = (speed.get((case, what, each)) for each in ("(c) ours", "(b) torch.compile"))
            if ours and theirs:
                lines.append(Bar(f"{case} inference, {what}: (c) / (b)", ours / theirs, more, at_least=True))
    return lines


def cases_for(device: str, *, tiny: bool) -> list[Case]:
    """A small and a large batch in 2D and in 3D."""
    if tiny:
        return [Case((32, 32), 2, 2, device), Case((32, 32, 32), 2, 1, device)]
    flat, volume = (224, 224), (64, 64, 64)
    return [
        Case(flat, 16, 96, device),
        Case(flat, 128, 48, device),
        Case(volume, 8, 96, device),
        Case(volume, 32, 48, device),
    ]


def main() -> None:
    """Print a table, the bars, and where --json says write all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tiny", action="store_true", help="tiny sizes, also without a GPU; nothing is compiled"
    )
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if options.tiny:
        torch.set_num_threads(1)
    if device == "cpu" and not options.tiny:
        parser.error("torch sees no GPU; --tiny shows on a CPU that the script runs")
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, which no bar is meant for"
    print(f"{name}, torch {torch.__version__}, MONAI {monai.__version__}", flush=True)
    begun = perf_counter()
    ceilings, found = measure_ceilings(device, tiny=options.tiny), []
    print(described(ceilings), flush=True)
    for case, (what, side, precision), samples in measure(
        cases_for(device, tiny=options.tiny), options.turns
    ):
        kind = precision if device == "cuda" else "fp32"
        limit = bound("densenet121", (1, *case.size), case.batch, ceilings, kind, training=what == "training")
        found.append(Measured(case.title, what, side, precision, samples, max(samples) / limit))
        figures = " ".join(f"{each:9,.1f}" for each in samples)
        print(
            f"  {case.title:<14} {what:<9} {side:<30} {precision}  samples/s {figures}"
            f"  {found[-1].share:6.1%} of the roofline",
            flush=True,
        )
    print_bars(bars(found, tiny=options.tiny))
    print(f"  {perf_counter() - begun:.0f} s in all")
    if options.json:
        facts = {"device": name, "torch": torch.__version__, "monai": monai.__version__, "bytes": BYTES}
        content = {**facts, "ceilings": asdict(ceilings), "sides": [asdict(each) for each in found]}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
