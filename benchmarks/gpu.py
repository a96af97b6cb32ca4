"""Training and scoring on a GPU: MONAI's tutorial loop, torch.compile of MONAI's network, and this package.

DenseNet-121, noise as images, 2D 224^2 and 3D 64^3, a small and a large batch. Samples a second of

- (a) ``tutorial``: the loop of MONAI's DenseNet training tutorials (2d_classification/mednist_tutorial,
  3d_classification/densenet_training_array): a ``Dataset`` that transforms arrays in memory on the CPU, a
  ``DataLoader`` with at most 10 workers and page-locked memory, float32 with cuDNN's defaults (TF32 in
  convolutions), the network's default layout, Adam, ``loss.item()`` after each step. In 2D the tutorial's
  scaling, rotation, flip and zoom; in 3D its scaling and quarter turns. Starting the workers is not counted.
  ``tutorial's network``: the same without the loader, one batch that lies on the GPU.
- (b) ``torch.compile``: MONAI's network compiled, for inference; in bf16 under autocast, and float32 (TF32).
- (c) ``ours``: ``medidense.train.fit``, augmentation, averaging and all, with bf16 as it chooses on a GPU.
  Scoring: what ``predict_scores`` does with a batch.

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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import monai
import torch
from gpu_sides import Case, Side, sides_of
from roofline import BYTES, bound, described, measure_ceilings
from turns import Bar, print_bars


@dataclass(frozen=True)
class Measured:
    """Samples a second of one side, each time, and the best share of the bound."""

    case: str
    what: str
    side: str
    precision: str
    samples: list[float]
    share: float


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
        for key, make in sides_of(large=case.batch == _largest(cases, case)).items()
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
        for what, other, least in (
            ("training", "(a) tutorial", four),
            ("network", "(b) torch.compile", more),
        ):
            ours, theirs = (speed.get((case, what, side)) for side in ("(c) ours", other))
            if ours and theirs:
                lines.append(Bar(f"{case} {what}: (c) ours / {other}", ours / theirs, least, at_least=True))
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
