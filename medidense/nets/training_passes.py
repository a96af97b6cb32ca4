"""Which passes over the maps does a dense block make when it trains on a GPU?

As few as there can be, one kernel each: what a convolution of one voxel reads is normalised and cut at 0
while it is read; what a batch normalisation needs to know of a map is summed while the map is written. Maps
are matrices (voxels, channels) with neighbouring channels and any distance between voxels, so the first
channels of a block's buffer are one too. Sums are in float32 and in a fixed order.
"""

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from medidense.nets import training_kernels as kernels

try:
    import triton
except ImportError:  # torch brings it along where it supports a GPU
    triton = None

TALL, WIDE = 128, 64
"""Rows and columns of a kernel's tile."""


@dataclass(frozen=True)
class Shape:
    """A product kernel's tile of rows and columns, the depth that it takes at a time, warps and stages."""

    tall: int
    wide: int
    deep: int
    warps: int
    stages: int


PRODUCT, GRADIENT, SPREAD = Shape(128, 128, 32, 4, 4), Shape(32, 128, 64, 4, 4), Shape(64, 64, 64, 4, 2)
"""The fastest of those tried on an H100 for DenseNet-121's maps."""

FEWEST_ROWS, PROGRAMS = 1024, 264
"""A part of a weight's gradient is made of so many rows at least; there are about so many parts at most."""


class Norm(Protocol):
    """What is needed of a batch normalisation: torch's own."""

    weight: torch.Tensor
    bias: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor
    momentum: float
    eps: float


def fold(moments: torch.Tensor, norm: Norm, rows: int) -> torch.Tensor:
    """What `norm` does to a map of so many `rows` with these moments, float32 (4, channels), an `affine`:
    factor, summand, mean and 1 / deviation. Its running statistics are brought up to date."""
    channels = moments.shape[1]
    affine = moments.new_empty(4, channels)
    _start(kernels.fold, (_tiles(channels, 128),))(
        moments, norm.weight, norm.bias, norm.running_mean, norm.running_var, affine,
        channels, moments.stride(0), norm.momentum, rows / max(1, rows - 1), norm.eps, wide=128,
    )  # fmt: skip
    return affine


def append(source: torch.Tensor, target: torch.Tensor | None, moments: torch.Tensor) -> None:
    """Copy `source` (rows, channels) to `target`, if there is one.

    Mean and variance of its channels go to `moments` (2, channels).
    """
    rows, channels = source.shape
    wide = _width(channels)
    partial = moments.new_empty(_tiles(rows), 2, channels)
    place = source if target is None else target
    _start(kernels.append, (_tiles(rows), _tiles(channels, wide)))(
        source, place, partial, rows, channels, source.stride(0), place.stride(0),
        copy=target is not None, tall=TALL, wide=wide,
    )  # fmt: skip
    _gather(partial, moments, rows)


def product(
    source: torch.Tensor, affine: torch.Tensor, weight: torch.Tensor, *, measured: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """``relu(source * factor + summand) @ weight.T``, (rows, width), and where `measured` its moments.

    `weight` is (width, channels), contiguous, of the type of `source`; so is the result.
    """
    rows, channels = source.shape
    width = weight.shape[0]
    shape, wide = PRODUCT, _width(width, PRODUCT.wide)
    target, moments = source.new_empty(rows, width), affine.new_empty(2, width)
    partial = affine.new_empty(_tiles(rows, shape.tall) if measured else 1, 2, width)
    _start(kernels.product, (_tiles(rows, shape.tall), _tiles(width, wide)))(
        source, affine, weight, target, partial, rows, channels, source.stride(0), width,
        measure=measured, tall=shape.tall, deep=shape.deep, wide=wide,
        num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip
    if measured:
        _gather(partial, moments, rows, shape.tall)
    return target, moments


def activate(source: torch.Tensor, affine: torch.Tensor) -> torch.Tensor:
    """``relu(source * factor + summand)`` of a contiguous map."""
    rows, channels = source.shape
    wide, target = _width(channels), torch.empty_like(source)
    _start(kernels.activate, (_tiles(rows), _tiles(channels, wide)))(
        source, affine, target, rows, channels, tall=TALL, wide=wide
    )
    return target


def settle(grad: torch.Tensor, source: torch.Tensor, owed: torch.Tensor) -> torch.Tensor:
    """The gradient ``grad - owed[0] - owed[1] * source``, contiguous."""
    rows, channels = grad.shape
    wide, target = _width(channels), grad.new_empty(rows, channels)
    _start(kernels.settle, (_tiles(rows), _tiles(channels, wide)))(
        grad, source, owed, target, rows, channels, grad.stride(0), source.stride(0), owed.stride(0),
        tall=TALL, wide=wide,
    )  # fmt: skip
    return target


def norm_backward(
    grad: torch.Tensor, source: torch.Tensor, affine: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """From the gradient behind normalisation and ReLU to that before them, both contiguous like `source`.

    The second is (2, channels): the gradients of the normalisation's bias and weight.
    """
    rows, channels = source.shape
    wide = _width(channels)
    partial, owed = affine.new_empty(_tiles(rows), 2, channels), affine.new_empty(2, channels)
    grid = (_tiles(rows), _tiles(channels, wide))
    _start(kernels.sums, grid)(grad, source, affine, partial, rows, channels, tall=TALL, wide=wide)
    sums = _owe(partial, affine, owed, rows, fresh=True)
    target = torch.empty_like(source)
    _start(kernels.norm_backward, grid)(
        grad, source, affine, owed, target, rows, channels, tall=TALL, wide=wide
    )
    return target, sums


def weight_gradient(source: torch.Tensor, affine: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """``grad.T @ relu(source * factor + summand)``, float32 (width, channels); `grad` is contiguous."""
    (rows, channels), width = source.shape, grad.shape[1]
    shape, deep, wide = GRADIENT, GRADIENT.deep, _width(width, GRADIENT.wide)
    channel_tiles, width_tiles = _tiles(channels, deep), _tiles(width, wide)
    parts = max(1, min(_tiles(rows, FEWEST_ROWS), PROGRAMS // (channel_tiles * width_tiles)))
    span = _tiles(_tiles(rows, parts), shape.tall) * shape.tall
    parts = _tiles(rows, span)
    partial = affine.new_empty(parts, width, channels)
    _start(kernels.weight_gradient, (parts * channel_tiles * width_tiles,))(
        source, affine, grad, partial, rows, channels, source.stride(0), width, span,
        channel_tiles, width_tiles, tall=shape.tall, deep=deep, wide=wide,
        num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip
    return partial.sum(0)


def spread(
    grad: torch.Tensor,
    weight: torch.Tensor,
    source: torch.Tensor,
    affine: torch.Tensor,
    target: torch.Tensor,
    owed: torch.Tensor,
    *,
    fresh: bool,
) -> torch.Tensor:
    """From the gradient behind `product` to that of its `source`, but for what the batch's moments owe.

    The factor times the gradient behind the normalisation is added to `target` (rows, channels), or put
    there where `fresh`. What is to be taken off at last (`settle`) is added to `owed` (2, channels): it is
    linear in the source, so what several layers owe one map adds up. Returned are the gradients of the
    normalisation's bias and weight, (2, channels).
    """
    (rows, channels), width = source.shape, grad.shape[1]
    shape, tiles, channel_tiles = SPREAD, _tiles(rows, SPREAD.tall), _tiles(channels, SPREAD.wide)
    partial = affine.new_empty(tiles, 2, channels)
    _start(kernels.spread, (tiles * channel_tiles,))(
        grad, weight, source, affine, target, partial, rows, channels, source.stride(0), target.stride(0),
        width, channel_tiles, fresh=fresh, tall=shape.tall, deep=shape.deep, wide=shape.wide,
        num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip
    return _owe(partial, affine, owed, rows, fresh=fresh)


def _gather(partial: torch.Tensor, moments: torch.Tensor, rows: int, tall: int = TALL) -> None:
    """From means and sums of squares of tiles to mean and variance of all rows (Chan et al., 1983)."""
    tiles, _, channels = partial.shape
    _start(kernels.moments, (_tiles(channels, 8),))(
        partial, moments, rows, tiles, channels, moments.stride(0), size=tall, many=256, wide=8
    )


def _owe(
    partial: torch.Tensor, affine: torch.Tensor, owed: torch.Tensor, rows: int, *, fresh: bool
) -> torch.Tensor:
    tiles, _, channels = partial.shape
    sums = affine.new_empty(2, channels)
    _start(kernels.owe, (_tiles(channels, 8),))(
        partial, affine, sums, owed, rows, tiles, channels, owed.stride(0), fresh=fresh, many=256, wide=8
    )
    return sums


def _tiles(count: int, size: int = TALL) -> int:
    return -(-count // size)


def _width(channels: int, most: int = WIDE) -> int:
    """Columns of a tile: a power of 2 between 16 and `most`."""
    return min(most, max(16, 1 << (channels - 1).bit_length()))


def _start(kernel: Any, grid: tuple[int, ...]) -> Any:
    return _compiled(kernel)[grid]


@functools.cache
def _compiled(kernel: Any) -> Any:
    return triton.jit(kernel)
