"""What values lie between the voxels, and beyond the last one: one sparse weight matrix for each axis.

Smoothing, linear interpolation and the fill outside the image are all linear and separable, so each axis has
one matrix (samples x source voxels) and a crop is three products. SciPy adds the products of a row one after
the other in float64: no blocking, no threads, the same bits every time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

SLAB = 16
"""Slices converted to float64 at a time, so that a whole CT never is."""

FWHM_TO_SIGMA = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))


@dataclass(frozen=True)
class AxisWeights:
    """A matrix (samples, stop - start) over the source voxels `start` to `stop` of one axis."""

    matrix: Any
    start: int
    stop: int


def smoothing_sigma(step: float) -> float:
    """Standard deviation, in source voxels, of the smoothing before sampling every `step` voxels.

    Both voxels are taken as Gaussian point spreads whose full width at half maximum is their spacing; the
    smoothing makes the narrow one as wide as the wide one (Cardoso et al., Scale factor point spread function
    matching: beyond aliasing in image resampling, MICCAI 2015).

    >>> smoothing_sigma(1.0)
    0.0
    >>> round(smoothing_sigma(2.0), 3)
    0.736
    """
    return math.sqrt(step * step - 1.0) * FWHM_TO_SIGMA if step > 1.0 else 0.0


def folded(index: NDArray[np.int64], length: int, fill: str) -> NDArray[np.int64]:
    """Indices outside 0..length-1 brought inside, from any distance.

    ``reflect`` mirrors about the centre of the outer voxel, so that no value is repeated next to itself
    and no flat stretch shows where the image ended; ``edge`` repeats the outer voxel.

    >>> folded(np.arange(-3, 7), 3, "reflect")
    array([1, 2, 1, 0, 1, 2, 1, 0, 1, 2])
    >>> folded(np.arange(-3, 7), 3, "edge")
    array([0, 0, 0, 0, 1, 2, 2, 2, 2, 2])
    """
    if fill == "edge" or length == 1:
        return np.clip(index, 0, length - 1)
    period = 2 * (length - 1)
    inside = np.mod(index, period)
    return np.where(inside < length, inside, period - inside)


def axis_weights(positions: NDArray[np.float64], length: int, sigma: float, fill: str) -> AxisWeights:
    """Weights that take the voxels of an axis to values at `positions` (continuous indices).

    Linear interpolation of the axis smoothed with a Gaussian of `sigma` voxels, cut at 3 sigma.
    """
    radius = math.ceil(3.0 * sigma)
    bell = np.array([math.exp(-0.5 * (n / sigma) ** 2) if n else 1.0 for n in range(-radius, radius + 1)])
    bell = np.concatenate([[0.0], bell / bell.sum(), [0.0]])
    below = np.floor(positions)
    part = (positions - below)[:, None]
    weights = (1.0 - part) * bell[None, 1:] + part * bell[None, :-1]
    index = below.astype(np.int64)[:, None] + np.arange(-radius, radius + 2)[None, :]
    used = weights != 0.0
    source = folded(index, length, fill)
    start, stop = int(source[used].min()), int(source[used].max()) + 1
    sample = np.broadcast_to(np.arange(len(positions))[:, None], index.shape)
    matrix = csr_array(
        (weights[used], (sample[used], source[used] - start)), shape=(len(positions), stop - start)
    )
    return AxisWeights(matrix, start, stop)


def resampled(box: NDArray[Any], weights: Sequence[AxisWeights]) -> NDArray[np.float64]:
    """The samples (float64) of a box of source voxels cut from `start` to `stop` of each axis."""
    slabs = []
    for first in range(0, box.shape[2], SLAB):
        slab = np.ascontiguousarray(box[:, :, first : first + SLAB], dtype=np.float64)
        slabs.append(_along(weights[1].matrix, _along(weights[0].matrix, slab, 0), 1))
    return _along(weights[2].matrix, np.concatenate(slabs, axis=2), 2)


def interpolate(
    values: NDArray[np.float32], positions: Sequence[NDArray[np.float64]], out: NDArray[np.float32]
) -> None:
    """Write into `out` the values at all combinations of `positions`, linear, none outside `values`."""
    rows = [axis_weights(at, n, 0.0, "edge") for at, n in zip(positions, values.shape, strict=True)]
    part = values[tuple(slice(row.start, row.stop) for row in rows)].astype(np.float64)
    for first in range(0, out.shape[2], SLAB):
        slab = _along(rows[2].matrix[first : first + SLAB], part, 2)
        slab = _along(rows[1].matrix, _along(rows[0].matrix, slab, 0), 1)
        out[:, :, first : first + SLAB] = slab


def _along(matrix: Any, array: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Apply a sparse matrix along one axis of a 3D array."""
    front = np.moveaxis(array, axis, 0)
    flat = matrix @ np.ascontiguousarray(front).reshape(front.shape[0], -1)
    return np.ascontiguousarray(np.moveaxis(flat.reshape(-1, *front.shape[1:]), 0, axis))
