"""How fast could a network run on this machine, if nothing but arithmetic and memory held it up?

For each convolution and linear layer the time is the larger of two: its operations over the rate of a large
matrix product, and its bytes over the rate of a large copy (Williams, Waterman and Patterson, CACM 2009). A
layer reads its input and its weights and writes its output, each once; normalisation, activation, pooling and
concatenation count as free, as if they were always part of a convolution beside them. Training does the work
three times: forward, and backward for the gradients of input and weights (the first layer needs none of its
input). The sum over the layers is the bound; the share that a speed achieves is the speed over the bound.

    python benchmarks/roofline.py --network densenet121 --size 64 64 64 --batch 32
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import torch

from medidense.nets import NETWORKS, build

BYTES = {"fp32": 4, "tf32": 4, "bf16": 2}


@dataclass(frozen=True)
class Layer:
    """One layer, forward, for one sample: operations (2 a multiply-add), numbers in and out, weights."""

    operations: float
    moved: float
    weights: float


@dataclass(frozen=True)
class Ceilings:
    """What the machine can do: GB/s of a copy (reading and writing counted) and TFLOP/s by precision."""

    copy: float
    matrix: dict[str, float]


def layers_of(net: torch.nn.Module, shape: tuple[int, ...]) -> list[Layer]:
    """The convolutions and linear layers of `net` for one input (C, *size), on torch's meta device."""
    found: list[Layer] = []

    def note(layer: torch.nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        weight = layer.weight
        operations = 2 * output.numel() * weight[0].numel()
        found.append(Layer(operations, given[0].numel() + output.numel(), weight.numel()))

    kinds = (torch.nn.Conv2d, torch.nn.Conv3d, torch.nn.Linear)
    net = net.to("meta").eval()
    hooks = [layer.register_forward_hook(note) for layer in net.modules() if isinstance(layer, kinds)]
    with torch.no_grad():
        net(torch.empty(1, *shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return found


def seconds_for(
    layers: list[Layer], batch: int, ceilings: Ceilings, precision: str, *, training: bool
) -> float:
    """The least seconds a batch can take."""
    total = 0.0
    for number, layer in enumerate(layers):
        times = (3 if number else 2) if training else 1
        arithmetic = times * batch * layer.operations / (ceilings.matrix[precision] * 1e12)
        numbers = times * (batch * layer.moved + layer.weights)
        total += max(arithmetic, numbers * BYTES[precision] / (ceilings.copy * 1e9))
    return total


def bound(
    name: str, shape: tuple[int, ...], batch: int, ceilings: Ceilings, precision: str, *, training: bool
) -> float:
    """Samples a second that network `name` cannot exceed for inputs (C, *size)."""
    net = build(name, dims=len(shape) - 1, channels=shape[0], classes=2, dropout=0.0, seed=0)
    layers = layers_of(net, shape)
    return batch / seconds_for(layers, batch, ceilings, precision, training=training)


def _best(action: Callable[[], object], device: str, repeats: int) -> float:
    """Least seconds of `action`, the device's queue empty before and after each."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    action()
    costs = []
    for _ in range(repeats):
        wait()
        begun = perf_counter()
        action()
        wait()
        costs.append(perf_counter() - begun)
    return min(costs)


def measure_ceilings(device: str, *, tiny: bool = False) -> Ceilings:
    """A large copy and large matrix products of random numbers on `device`."""
    on_gpu = device == "cuda"
    numbers, side = (2**29, 8192) if on_gpu else (2**25, 2048)
    if tiny:
        numbers, side = 2**22, 512
    source = torch.randn(numbers, device=device)
    target = torch.empty_like(source)
    copy = 2 * 4 * numbers / _best(partial(target.copy_, source), device, 10) / 1e9
    del source, target
    matrix = {}
    before = torch.backends.cuda.matmul.allow_tf32
    for precision in BYTES if on_gpu else ("fp32", "bf16"):
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        one, other = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
        matrix[precision] = 2 * side**3 / _best(partial(torch.matmul, one, other), device, 10) / 1e12
    torch.backends.cuda.matmul.allow_tf32 = before
    matrix.setdefault("tf32", matrix["fp32"])
    return Ceilings(copy, matrix)


def described(ceilings: Ceilings) -> str:
    """One line."""
    rates = ", ".join(f"{name} {rate:.3g}" for name, rate in ceilings.matrix.items())
    return f"copy {ceilings.copy:.4g} GB/s; matrix products, TFLOP/s: {rates}"


def main() -> None:
    """Print the work of a network and its bounds here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), default="densenet121")
    parser.add_argument("--size", type=int, nargs="+", default=[224, 224])
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--tiny", action="store_true", help="small copies and products")
    options = parser.parse_args()
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    ceilings, shape = measure_ceilings(device, tiny=options.tiny), (options.channels, *options.size)
    net = build(
        options.network, dims=len(options.size), channels=options.channels, classes=2, dropout=0.0, seed=0
    )
    layers = layers_of(net, shape)
    operations, moved = (
        math.fsum(getattr(each, what) for each in layers) for what in ("operations", "moved")
    )
    print(f"{device}: {described(ceilings)}")
    print(
        f"{options.network}, {shape}: {operations / 1e9:.4g} GFLOP and {moved / 1e6:.4g} M numbers a sample"
    )
    for training in (False, True):
        for precision in ("fp32", "tf32", "bf16") if device == "cuda" else ("fp32",):
            least = seconds_for(layers, options.batch, ceilings, precision, training=training)
            word = "training" if training else "inference"
            print(
                f"  {word:<9} {precision}: at most {options.batch / least:,.0f} samples a second", flush=True
            )


if __name__ == "__main__":
    main()
