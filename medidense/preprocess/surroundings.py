"""What does a crop show beside its lesion, hidden so that the hole itself tells nothing of it?

The hole is a ball of one size about the centre of the crop, the same for all samples, filled with one value.
A hole of the lesion's own outline would tell its size and shape. What lies beyond the image repeats or
mirrors what lies in it, the lesion too; so the distance that counts is that of the voxel repeated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.preprocess.ball import drawn
from medidense.preprocess.crop import sampled
from medidense.preprocess.grid import SamplingGrid
from medidense.preprocess.intensity import scaled
from medidense.preprocess.placing import sampling_grid
from medidense.values.input import Input
from medidense.values.refusal import Refused
from medidense.values.region import Region
from medidense.values.volume import Volume

FILLED = 0.0
"""The network's value in the hole: the middle of a window, the mean of a z-score. A filling like
the surroundings hides what they tell: on the LIDC nodules 0.45 against 0.61 (docs/results.md)."""

TRACE = 0.01
"""Share of the lesion in a voxel from which on it counts as shown; the smoothing's tails reach further."""

Squares = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A crop and how far its lesion reaches.

    `values` float32 (*size) are modality values; `squares` holds for each axis of the crop the squared
    distance of what a voxel shows from the crop's centre along it, `reach` is the largest distance of a voxel
    with part of the lesion in it: in mm of the recipe's spacing, in voxels of the crop where it has none.
    `beyond` is the share of the crop that lies outside the image.
    """

    values: NDArray[np.float32]
    squares: Squares
    reach: float
    beyond: float


def surroundings(volume: Volume, region: Region | None, spec: Input) -> Surroundings:
    """The crop that `prepare` cuts, and how far the lesion reaches where the network looks.

    A lesion given as a point is the ball of its diameter, and reaches as far as a mask of that ball would.
    Raises Refused as `prepare` does, and NO_REGION where there is no lesion.
    """
    if region is None:
        step = "give the lesion as a mask or as a point with a diameter"
        raise Refused("NO_REGION", f"{volume.source.kind} image", "no lesion", "a mask or a point", step)
    grid = sampling_grid(volume, region, spec)
    values, share = sampled(volume, grid, spec, drawn(volume, region))
    axes = [axis for axis in range(3) if axis != grid.normal]
    units = spec.spacing_mm or (1.0,) * len(axes)
    squares = tuple(_squares(grid, axis, unit, spec.fill) for axis, unit in zip(axes, units, strict=True))
    inside = [_inside(grid, axis) for axis in range(3)]
    lesion = _looked_at(grid.size, spec)
    lesion &= np.zeros(grid.size, dtype=bool) if share is None else share > TRACE
    distance = _summed(squares)
    reach = float(np.sqrt(distance[lesion].max())) if lesion.any() else 0.0
    return Surroundings(values.astype(np.float32), squares, reach, 1.0 - float(np.prod(inside)))


def hidden(crop: Surroundings, radius: float, spec: Input) -> NDArray[np.float32]:
    """The network's input without the lesion: float32 (C, *size) as `prepare` gives it.

    Everything within `radius` of the centre is `FILLED`. While the rest is scaled its median stands there, so
    that the lesion has no part in percentiles either. A mask channel says that there is no lesion.
    """
    hole = _summed(crop.squares) <= radius * radius
    values = crop.values.astype(np.float64)
    values[hole] = np.median(values[~hole]) if not hole.all() else 0.0
    array = np.empty((spec.channels, *values.shape), dtype=np.float32)
    first = spec.intensity.channels
    array[:first] = scaled(values, spec.intensity)
    if spec.second_window is not None:
        array[first] = scaled(values, spec.second_window)
    array[:, hole] = FILLED
    if spec.mask_channel:
        array[-1] = -1.0
    return array


def widest_hole(spec: Input, share: float) -> float:
    """The radius of a ball in the middle of the crop that hides this share of what the network looks at."""
    units = spec.spacing_mm or (1.0,) * spec.dims
    offsets = [(np.arange(n) - (n - 1) / 2) * unit for n, unit in zip(spec.size, units, strict=True)]
    along = tuple(np.asarray(offset**2, dtype=np.float64) for offset in offsets)
    distance = np.sqrt(_summed(along)[_looked_at(spec.size, spec)])
    return float(np.quantile(distance, share))


def _squares(grid: SamplingGrid, axis: int, unit: float, fill: str) -> NDArray[np.float64]:
    """Squared distances along one axis from the crop's centre, of the voxels that are shown."""
    positions, last = grid.positions(axis), grid.shape[axis] - 1
    if fill == "edge" or last == 0:
        shown = np.clip(positions, 0, last)
    else:
        shown = last - np.abs(np.mod(positions, 2 * last) - last)
    centre = grid.start[axis] + (grid.counts[axis] - 1) / 2 * grid.step[axis]
    return np.asarray(((shown - centre) / grid.step[axis] * unit) ** 2, dtype=np.float64)


def _inside(grid: SamplingGrid, axis: int) -> float:
    """Share of the samples along an axis that lie in the image."""
    positions = grid.positions(axis)
    return float(((positions > -0.5) & (positions < grid.shape[axis] - 0.5)).mean())


def _looked_at(size: tuple[int, ...], spec: Input) -> NDArray[np.bool_]:
    """The voxels of the crop that enter the network: all of them, or the three planes through the middle."""
    seen = np.full(size, spec.view != "planes")
    for axis in range(len(size)) if spec.view == "planes" else ():
        np.moveaxis(seen, axis, 0)[size[axis] // 2] = True
    return seen


def _summed(squares: Squares) -> NDArray[np.float64]:
    """Squared distances (*size) from those along each axis."""
    total = np.zeros(())
    for along in squares:
        total = np.add.outer(total, along)
    return total
