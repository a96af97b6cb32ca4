"""What does `network.memory: recompute` save, and what does it cost?

Both sides train MONAI's DenseNet-121 on noise from the same weights, each in a process of its own for the
peak of resident memory that a step adds (Linux), then in turns in one process for the seconds. The largest
difference of outputs, gradients and running statistics stands beside them.

    python benchmarks/dense_memory.py --threads 2 --repeats 3
"""

import argparse
import copy
import os
import subprocess
import sys
from pathlib import Path

import torch
from turns import in_turns, timed

from medidense.nets import build, recompute
from medidense.predict import arrange, arranged, channels_last, limit_threads

CASES = ((8, (32, 32, 32)), (4, (64, 64, 64)), (16, (224, 224)))
SIDES = ("concatenate", "recompute")


def network(dims: int, side: str) -> torch.nn.Module:
    """DenseNet-121 in training mode, channels last."""
    net = build("densenet121", dims=dims, channels=1, classes=2, dropout=0.0, seed=0).train()
    arrange(net, last=True)
    if side == "recompute":
        recompute(net)
    return net


def step(net: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Forward and backward; the output."""
    net.zero_grad()
    output: torch.Tensor = net(images)
    torch.autograd.backward(output.square().mean())
    return output.detach()


def noise(batch: int, size: tuple[int, ...]) -> torch.Tensor:
    """The same images in every process."""
    images = torch.randn(batch, 1, *size, generator=torch.Generator().manual_seed(0))
    return arranged(images, channels_last(images.ndim))


def peak(case: int, side: str, threads: int) -> float:
    """MiB of resident memory that one step adds, measured in a child process."""
    command = [sys.executable, __file__, "--child", str(case), side, "--threads", str(threads)]
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}  # what is let go returns to the system at once
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)


def child(case: int, side: str) -> None:
    """Print the peak that one step adds to what was there before."""
    batch, size = CASES[case]
    net, images = network(len(size), side), noise(batch, size)
    step(
        net, noise(2, (32,) * len(size))
    )  # what is loaded on first use, and the gradients, are no part of it
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew from here
    before = highest()
    step(net, images)
    print(highest() - before)


def highest() -> float:
    """Peak of resident memory in MiB (VmHWM, proc(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def difference(nets: dict[str, torch.nn.Module], images: torch.Tensor) -> float:
    """Largest difference after one step from equal weights: outputs, gradients, buffers."""
    pairs = {}
    for side, net in nets.items():
        twin = copy.deepcopy(net)
        output = step(twin, images)
        gradients = [parameter.grad for parameter in twin.parameters() if parameter.grad is not None]
        pairs[side] = [output, *gradients, *twin.buffers()]
    return max((one - two).abs().max().item() for one, two in zip(*pairs.values(), strict=True))


def main() -> None:
    """Print the figures of each case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", type=int, default=len(CASES))
    parser.add_argument("--child", nargs=2, metavar=("CASE", "SIDE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    with limit_threads(options.threads):
        if options.child:
            child(int(options.child[0]), options.child[1])
            return
        print(f"torch {torch.__version__}, {options.threads} threads, DenseNet-121")
        for case, (batch, size) in enumerate(CASES[: options.cases]):
            report(case, noise(batch, size), options)


def report(case: int, images: torch.Tensor, options: argparse.Namespace) -> None:
    """A line for each side of one case."""
    nets = {side: network(images.ndim - 2, side) for side in SIDES}
    apart = difference(nets, images)
    peaks = {side: peak(case, side, options.threads) for side in SIDES}
    sides = {side: timed(lambda net=net: step(net, images)) for side, net in nets.items()}
    costs = in_turns(sides, options.repeats)
    print(f"{'x'.join(map(str, images.shape))}: largest difference {apart:.3g}")
    for side, cost in costs.items():
        print(
            f"  {side:<12} peak +{peaks[side]:7.0f} MiB   wall {cost.wall:7.3f} s   CPU {cost.cpu:7.3f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
