"""How does a function of tensors run on a GPU without the processor starting each of its kernels?

A pass of a DenseNet is hundreds of small kernels, which take longer to start one by one than to run. So they
are recorded once as a CUDA graph and replayed (NVIDIA, CUDA C++ programming guide, "CUDA Graphs").
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

Compute = Callable[..., tuple[torch.Tensor, ...]]
"""From tensors to tensors without history; it may leave gradients in parameters."""

SETTLING = 4
"""Calls of each shape that are slower than later ones: three as they are, then a recording."""


class Recorded:
    """A function that is recorded as a CUDA graph for each shape of its arguments, and replayed.

    Its results hold until the next call. The function must neither wait for the GPU nor depend on anything
    but its arguments, what they are computed with and torch's random state. The first calls of a shape run as
    they are (libraries choose their kernels then), and count like any other. Where the function leaves
    gradients in `parameters`, these must be None before a call.
    """

    def __init__(self, compute: Compute, parameters: Iterable[torch.nn.Parameter] = ()) -> None:
        self._compute, self._parameters = compute, list(parameters)
        self._stream, self._pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()
        self._calls: Counter[object] = Counter()
        self._tapes: dict[object, _Tape] = {}

    def __call__(self, *batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The results of the function for `batch`; its gradients are left in the parameters."""
        key = tuple((tensor.shape, tensor.stride(), tensor.dtype) for tensor in batch)
        self._calls[key] += 1
        if self._calls[key] < SETTLING:
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
