"""How do many arrays pass through networks on a GPU, in batches that leave each score alone?

All batches of one input size have the same number of rows, the last filled up with zeros. So the same kernels
run whatever is asked for, and they compute each row from itself alone.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.nets.fused import FusedDenseNet, fusable
from medidense.predict.layout import arranged, channels_last
from medidense.predict.recording import Recorded

Precision = Literal["fp32", "bf16"]

VOXELS, ROWS = 2**23, 128
"""A batch has at most so many voxels (32 crops of 64^3) and rows; the maps then take some 5 GB in float32."""


def batch_rows(shape: Sequence[int]) -> int:
    """Rows of every batch of arrays of this shape (C, *size)."""
    return max(1, min(ROWS, VOXELS // math.prod(shape)))


def batched_logits(
    nets: Sequence[torch.nn.Module], arrays: Iterable[NDArray[np.float32]], precision: Precision
) -> Iterator[NDArray[np.float64]]:
    """For each of `arrays` (C, *size), in their order, the logits of each network, (nets, classes).

    The networks lie on the GPU, channels last and in evaluation mode. ``fp32`` is what they compute
    themselves, ``bf16`` 16-bit numbers between the layers and, for a DenseNet, fused kernels.
    """
    passes = [Recorded(one_pass(net, precision)) for net in nets]
    for shape, alike in groupby(arrays, key=np.shape):
        lift = _Lift(batch_rows(shape), shape)
        waiting: list[tuple[int, torch.Tensor]] = []
        while chunk := list(islice(alike, lift.rows)):
            images = lift(chunk)
            waiting.append((len(chunk), torch.stack([forward(images)[0].double() for forward in passes], 1)))
        for count, logits in waiting:
            yield from logits[:count].cpu().numpy()


def one_pass(net: torch.nn.Module, precision: Precision) -> Callable[[torch.Tensor], tuple[torch.Tensor]]:
    """From a batch of images on the GPU to float32 logits, as a tuple."""
    if precision == "fp32":
        return lambda images: (net(images),)
    if fusable(net):
        fused = FusedDenseNet(net, torch.bfloat16)
        return lambda images: (fused(images),)

    def narrow(images: torch.Tensor) -> tuple[torch.Tensor]:
        with torch.autocast("cuda", torch.bfloat16):
            return (net(images).float(),)

    return narrow


class _Lift:
    """Carries batches of one shape to the GPU by two page-locked buffers, filled in turns."""

    def __init__(self, rows: int, shape: tuple[int, ...]) -> None:
        self.rows = rows
        self._buffers = [torch.zeros(rows, *shape, pin_memory=True) for _ in range(2)]
        self._flown = [torch.cuda.Event() for _ in range(2)]
        self._turn = 0

    def __call__(self, chunk: list[NDArray[np.float32]]) -> torch.Tensor:
        self._turn = 1 - self._turn
        buffer, flown = self._buffers[self._turn], self._flown[self._turn]
        flown.synchronize()
        for row, array in zip(buffer, chunk, strict=False):
            row.copy_(torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)))
        buffer[len(chunk) :] = 0
        images = buffer.to("cuda", non_blocking=True)
        flown.record()
        return arranged(images, channels_last(images.ndim))
