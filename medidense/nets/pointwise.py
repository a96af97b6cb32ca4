"""One CUDA kernel, in Triton: batch norm, ReLU and a convolution of one voxel in one pass over the map.

A dense layer begins with these three. Each by itself reads and writes the whole map, and the time of a
DenseNet goes into that: its convolutions of one voxel do some 100 operations a byte, less than a GPU can.
"""

from __future__ import annotations  # Triton need not be there until the kernel is used

import functools
from typing import Any

import torch

try:
    import triton
    import triton.language as tl
except ImportError:  # torch brings it along where it supports a GPU
    triton = tl = None

ROWS, DEPTH = 128, 32
"""A program makes `ROWS` voxels and takes `DEPTH` channels at a time; every DenseNet has multiples of 32."""


@functools.cache
def _compiled() -> Any:
    return triton.jit(_kernel)


def _kernel(  # type: ignore[no-untyped-def]
    source, scale, shift, weight, bias, target, rows, channels, step, width,
    activate: tl.constexpr, tall: tl.constexpr, deep: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    row = (tl.program_id(0) * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    total = tl.zeros((tall, wide), dtype=tl.float32)
    for start in range(0, channels, deep):
        channel = start + tl.arange(0, deep)
        there = channel < channels
        value = tl.load(source + row * step + channel[None, :], (row < rows) & there[None, :], other=0.0)
        factor = tl.load(scale + channel, there, other=0.0)[None, :]
        offset = tl.load(shift + channel, there, other=0.0)[None, :]
        active = tl.maximum(value.to(tl.float32) * factor + offset, 0.0).to(value.dtype)
        place = weight + channel[:, None] * width + column
        total += tl.dot(active, tl.load(place, there[:, None] & (column < width), other=0.0))
    if activate:
        total = tl.maximum(total + tl.load(bias + column, column < width, other=0.0), 0.0)
    tl.store(
        target + row * width + column,
        total.to(target.dtype.element_ty),
        (row < rows) & (column < width),
    )


def norm_relu_pointwise(
    source: torch.Tensor,
    scale: torch.Tensor,
    shift: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """``relu(source * scale + shift) @ weight``, and where there is a `bias` ``relu(... + bias)``.

    `source` is (voxels, channels) with neighbouring channels and any distance between voxels, `weight`
    (channels, width) of the same type, `scale`, `shift` (channels,) and `bias` (width,) float32. The result
    is (voxels, width) of the type of `source`; sums are in float32, products of float32 in tf32.
    """
    rows, channels = source.shape
    width = weight.shape[1]
    target = source.new_empty(rows, width)
    wide: int = min(128, max(16, triton.next_power_of_2(width)))
    _compiled()[(triton.cdiv(rows, ROWS), triton.cdiv(width, wide))](
        source, scale, shift, weight, scale if bias is None else bias, target,
        rows, channels, source.stride(0), width,
        activate=bias is not None, tall=ROWS, deep=DEPTH, wide=wide, num_warps=4, num_stages=4,
    )  # fmt: skip
    return target
