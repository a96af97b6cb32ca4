"""How does a training step run without the processor waiting for the GPU, or the GPU for the processor?

A step of a DenseNet is some 2,000 small kernels. Started one by one they take longer to start than to run, so
on CUDA the forward and the backward pass are recorded once as a CUDA graph and replayed (NVIDIA, CUDA C++
programming guide, "CUDA Graphs"). And the loss of each step stays on the GPU, to be read for many at once.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch

from medidense.errors import DivergedError
from medidense.train.device import Device
from medidense.values import StepRecord

Gradients = Callable[..., tuple[torch.Tensor, ...]]
"""From the tensors of a batch to some tensors without history; it leaves gradients in the parameters."""

SETTLING = {"cpu": 1, "cuda": 4}
"""Steps of each batch size that are slower than later ones: on CUDA three as they come, then a recording."""

READ_EVERY = {"cpu": 1, "cuda": 16}
"""Steps between two readings of the losses. On a CPU nothing is gained by waiting."""


def quickened(compute: Gradients, net: torch.nn.Module, device: Device) -> Gradients:
    """`compute` in the fastest form that `device` knows; it changes the gradients of `net`'s parameters.

    On CUDA its results hold until the next call, and `compute` must neither wait for the GPU nor depend on
    anything but its arguments, `net` and torch's random state.
    """
    return Recorded(compute, net) if device.name == "cuda" else compute


class Recorded:
    """A function that is recorded as a CUDA graph for each shape of its arguments, and replayed.

    The first calls of a shape run as they are (libraries choose their kernels then); they are steps like any
    other. Gradients must be None before a call.
    """

    def __init__(self, compute: Gradients, net: torch.nn.Module) -> None:
        self._compute, self._parameters = compute, list(net.parameters())
        self._stream, self._pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()
        self._calls: Counter[object] = Counter()
        self._tapes: dict[object, _Tape] = {}

    def __call__(self, *batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The results of the function for `batch`; its gradients are left in the parameters."""
        key = tuple((tensor.shape, tensor.stride(), tensor.dtype) for tensor in batch)
        self._calls[key] += 1
        if self._calls[key] < SETTLING["cuda"]:
            return self._as_it_is(batch)
        if key not in self._tapes:
            self._tapes[key] = self._record(batch)
        tape = self._tapes[key]
        for kept, given in zip(tape.batch, batch, strict=True):
            kept.copy_(given)
        tape.graph.replay()
        for parameter, gradient in zip(self._parameters, tape.gradients, strict=True):
            parameter.grad = gradient
        return tape.results

    def _as_it_is(self, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """On the stream that is recorded later: autograd ties gradients to the stream they are made on."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            results = self._compute(*batch)
        torch.cuda.current_stream().wait_stream(self._stream)
        return results

    def _record(self, batch: tuple[torch.Tensor, ...]) -> "_Tape":
        kept = tuple(tensor.clone() for tensor in batch)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            results = self._compute(*kept)
        return _Tape(graph, kept, results, [parameter.grad for parameter in self._parameters])


@dataclass(frozen=True, eq=False)
class _Tape:
    """A recorded graph and the tensors it reads and writes; recording runs nothing."""

    graph: torch.cuda.CUDAGraph
    batch: tuple[torch.Tensor, ...]
    results: tuple[torch.Tensor, ...]
    gradients: list[torch.Tensor | None]


class Readings:
    """The losses and gradient norms of steps, kept where they were made and read some steps at a time."""

    def __init__(self, device: Device) -> None:
        self._every = READ_EVERY[device.name]
        self._waiting: list[tuple[int, int, float, int]] = []
        self._values: list[torch.Tensor] = []
        self.total = 0.0
        """The sum over the samples of what was read since it was last set to 0."""

    def note(
        self, record: tuple[int, int, float], samples: int, loss: torch.Tensor, norm: torch.Tensor
    ) -> None:
        """Keep a step: epoch, number and learning rate, and two scalars that a later step may overwrite."""
        self._waiting.append((*record, samples))
        self._values.append(torch.stack([loss, norm]))

    def read(self, *, all_of_them: bool = False) -> list[StepRecord]:
        """The steps that are due, or all that wait. Raises DivergedError where one is not finite."""
        if not self._waiting or (len(self._waiting) < self._every and not all_of_them):
            return []
        values: list[list[float]] = torch.stack(self._values).tolist()
        records = []
        for (epoch, step, rate, samples), (loss, norm) in zip(self._waiting, values, strict=True):
            if not math.isfinite(loss + norm):
                raise _diverged(epoch, step, loss, norm)
            self.total += loss * samples
            records.append(StepRecord(epoch, step, loss, rate))
        self._waiting, self._values = [], []
        return records


def _diverged(epoch: int, step: int, loss: float, norm: float) -> DivergedError:
    where = f"training epoch {epoch} step {step}"
    found = f"loss {loss:.4g}, gradient norm {norm:.4g}"
    next_step = "lower training.learning_rate, or check the images for extreme values"
    return DivergedError(where, "loss and gradients must be finite", found, next_step)
