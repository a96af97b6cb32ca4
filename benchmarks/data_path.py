"""Does the network ever wait for its data? The data path without a network, beside a real step.

"data" is what the loop of ``medidense.train`` does before the network: deal the samples, draw and apply the
augmentation on the device, lay out the batch. "network" is DenseNet-121's step on such a batch: forward,
backward, clipping, optimiser. CPU seconds of the process count, in turns; on a GPU the wall clock.

    python benchmarks/data_path.py --threads 2 --turns 3
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from turns import Bar, Side, in_turns, print_bars, print_costs, ratio, timed

from medidense.nets import build
from medidense.predict import arrange, arranged, channels_last, limit_threads
from medidense.train import augment, draw
from medidense.train.data import deal
from medidense.train.schedule import make_optimizer
from medidense.values.training import Augmentation, Training

CASES = ((16, (224, 224)), (8, (32, 32, 32)), (4, (64, 64, 64)))
TINY = ((2, (32, 32)),)
BATCHES = 4


def data_path(batch: int, size: tuple[int, ...], device: str) -> Callable[[], object]:
    """Some batches of the data path."""
    count = BATCHES * batch
    noise = np.random.default_rng(0).normal(size=(count, 1, *size)).astype(np.float32)
    images, labels = torch.from_numpy(noise).to(device), torch.arange(count, device=device) % 2
    order, changes = torch.Generator().manual_seed(0), torch.Generator().manual_seed(1)

    def epoch() -> None:
        for part in deal(count, BATCHES, order):
            index = part.to(device, non_blocking=True)
            change = draw(Augmentation(), len(part), len(size), changes)
            arranged(augment(images[index], change), channels_last(images.ndim))
            labels[index]
        if device == "cuda":
            torch.cuda.synchronize()

    return epoch


def network(batch: int, size: tuple[int, ...], device: str) -> Callable[[], object]:
    """One step of DenseNet-121, as the loop makes it."""
    net = build("densenet121", dims=len(size), channels=1, classes=2, dropout=0.0, seed=0).to(device).train()
    arrange(net, last=True)
    images = arranged(torch.randn(batch, 1, *size, device=device), channels_last(len(size) + 2))
    labels, optimizer = torch.arange(batch, device=device) % 2, make_optimizer(net, Training())

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = cross_entropy(net(images), labels)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    return step


def main() -> None:
    """Print the costs and the ratio of each case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{device}, torch {torch.__version__}, {options.threads} threads")
    with limit_threads(options.threads):
        for batch, size in TINY if options.tiny else CASES:
            sides: dict[str, Side] = {
                f"data, {BATCHES} batches": timed(data_path(batch, size, device)),
                "network, 1 batch": timed(network(batch, size, device)),
            }
            costs = in_turns(sides, options.turns)
            data, net = sides
            print(f"{batch}x1x{'x'.join(map(str, size))}")
            print_costs(costs)
            share = ratio(costs, net, data, "wall" if device == "cuda" else "cpu")
            times = None if share is None else share * BATCHES
            print_bars([Bar("samples/s of the data path, of the network's", times, 10, at_least=True)])


if __name__ == "__main__":
    main()
