"""How long does a training step take: this package's layout and optimiser against MONAI's defaults?

All sides train DenseNet-121 on noise, in turns, one batch a step, float32 on the CPU. "ours" is what
``medidense.train`` does with the network that ``medidense.nets`` builds (channels last, fused AdamW, clipped
gradients) without augmentation; "default" is the network as MONAI builds it, with plain AdamW, and "last" the
same channels last. Also: one sample through ``predict_scores``.
CPU seconds of the process stand beside the wall clock: on a machine that others use too, only they mean
something.

    python benchmarks/train_step.py --threads 2 --repeats 5
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from monai.networks.nets import DenseNet121
from torch.nn.functional import cross_entropy
from turns import Bar, Cost, in_turns, print_bars, ratio, timed

from medidense.nets import build
from medidense.predict import arrange, arranged, channels_last, limit_threads, predict_scores
from medidense.train.schedule import make_optimizer
from medidense.values.training import Training

SIDES = ("ours", "default", "last")
CASES = ((8, (32, 32, 32)), (16, (32, 32, 32)), (16, (224, 224)))

BARS = {2: {"default": 0.7}, 3: {"default": 0.14, "last": 0.8}}
"""What a step may take at most, of the side's; those of 3D are meant for the smaller batch."""


def trainer(batch: int, size: tuple[int, ...], side: str) -> Callable[[], None]:
    """A function that makes one training step."""
    ours = side == "ours"
    net: torch.nn.Module = DenseNet121(spatial_dims=len(size), in_channels=1, out_channels=2)
    if ours:
        net = build("densenet121", dims=len(size), channels=1, classes=2, dropout=0.0, seed=0)
    images, labels = torch.randn(batch, 1, *size), torch.arange(batch) % 2
    if side != "default":
        arrange(net, last=True)
        images = arranged(images, channels_last(images.ndim))
    plain = torch.optim.AdamW(net.parameters(), lr=1e-3)
    optimizer = make_optimizer(net, Training()) if ours else plain

    def step() -> None:
        torch.autograd.backward(cross_entropy(net(images), labels))
        if ours:
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def described(costs: Mapping[str, Cost], samples: int) -> str:
    """Seconds per sample of each side."""
    return "; ".join(
        f"{name} {wall / samples:.4f} (CPU {cpu / samples:.4f})" for name, (wall, cpu) in costs.items()
    )


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {options.threads} threads")
    with limit_threads(options.threads):
        for batch, size in CASES:
            sides = {name: timed(trainer(batch, size, name)) for name in SIDES}
            costs = in_turns(sides, options.repeats)
            shape = "x".join(str(side) for side in (batch, 1, *size))
            print(f"step {shape}: seconds per sample {described(costs, batch)}", flush=True)
            bars = BARS[len(size)]
            print_bars(
                [
                    Bar(f"CPU, of {side}", ratio(costs, "ours", side, "cpu"), bars.get(side))
                    for side in SIDES[1:]
                ]
            )
    for threads in sorted({1, options.threads}):
        net = build("densenet121", dims=3, channels=1, classes=2, dropout=0.0, seed=0)
        image = np.random.default_rng(0).normal(size=(1, 1, 32, 32, 32)).astype(np.float32)
        score = partial(predict_scores, [net], image, device="cpu", threads=threads)
        costs = in_turns({f"{threads} threads": timed(score)}, 10)
        print(f"predict_scores 32x32x32: seconds per sample {described(costs, 1)}", flush=True)


if __name__ == "__main__":
    main()
