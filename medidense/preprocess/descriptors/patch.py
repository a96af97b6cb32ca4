"""What lies in and around a lesion, on a grid of equal steps in all directions?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from medidense.preprocess.resample import axis_weights, resampled, smoothing_sigma
from medidense.values.region import Region
from medidense.values.volume import Volume

STEP_MM = 1.0
"""Distance of the grid's points (pixels where the spacing is unknown)."""

LONGEST = 64
"""Steps that a lesion may be long; a longer one is measured in longer steps."""

AROUND = 8
"""Steps of surroundings on each side."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A lesion and its surroundings, (I, J, K) each, `step_mm` apart in all directions.

    `values` are modality values (float64), `part` (0..1) how much of a point is lesion, `known` (bool) what
    lies in the image: the rest repeats its border. A single slice has one point along its normal.
    """

    values: NDArray[np.float64]
    part: NDArray[np.float64]
    known: NDArray[np.bool_]
    step_mm: float

    @cached_property
    def lesion(self) -> NDArray[np.bool_]:
        """The points of which at least half is lesion; at least one."""
        return self.part >= 0.5 - 1e-6  # a tie stays one however the image is stored

    @cached_property
    def distance(self) -> NDArray[np.float64]:
        """Steps to the lesion's border, negative inside: half a step for the first points on either side."""
        return np.where(
            self.lesion,
            0.5 - distance_transform_edt(self.lesion),
            distance_transform_edt(~self.lesion) - 0.5,
        )

    @cached_property
    def gradient(self) -> NDArray[np.float64]:
        """(3, I, J, K) change of the values for each millimetre."""
        return slopes(self.values, self.step_mm)

    @cached_property
    def inside(self) -> NDArray[np.float64]:
        """The lesion's values, sorted."""
        return np.sort(self.values[self.lesion])


def slopes(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """(3, I, J, K) central differences divided by `step`; 0 along an axis of one point."""
    return np.stack(
        [
            np.gradient(values, step, axis=axis) if values.shape[axis] > 1 else np.zeros_like(values)
            for axis in range(3)
        ]
    )


def lesion_patch(volume: Volume, region: Region) -> Patch | None:
    """The lesion on its grid; None where nothing of it lies in the image, or a value there is not finite."""
    spacing = np.array(volume.spacing_mm if volume.spacing_known else (1.0, 1.0, 1.0))
    extent = np.array(region.extent_mm) / np.array(volume.spacing_mm) * spacing
    flat = np.array([volume.dims == 2 and axis == 2 for axis in range(3)])
    step = max(STEP_MM, float(extent[~flat].max()) / LONGEST)
    long = np.maximum(np.rint(extent / step), 1).astype(
        int
    )  # so that a grid like the image's meets its voxels
    counts = np.where(flat, 1, long + 2 * AROUND)
    centre = np.where(flat, 0.0, volume.index_of(region.centre_mm))
    offsets = [(np.arange(n) - (n - 1) / 2) * step for n in counts]
    positions = [middle + offset / gap for middle, offset, gap in zip(centre, offsets, spacing, strict=True)]
    values = _sampled(volume.array, positions, step / spacing)
    i, j, k = ((at >= -0.5) & (at <= n - 0.5) for at, n in zip(positions, volume.shape, strict=True))
    known = i[:, None, None] & j[:, None] & k
    if region.mask is None:
        part = _ball(offsets, float(extent[0]) / 2, step)
    else:
        part = _sampled(region.mask, positions, step / spacing)
    part = np.where(known, part, 0.0)
    if part.max() <= 0 or not np.isfinite(values).all():
        return None
    if part.max() < 0.5:  # smaller than a point of the grid: its brightest point stands for it
        part = part / part.max()
    return Patch(values, part, known, step)


def _sampled(
    array: NDArray[np.generic], positions: Sequence[NDArray[np.float64]], ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """An image, or a mask, at these positions: smoothed where the grid is coarser, linear between voxels."""
    weights = [
        axis_weights(at, n, smoothing_sigma(float(coarser)), "edge")
        for at, n, coarser in zip(positions, array.shape, ratio, strict=False)
    ]
    box = array[tuple(slice(axis.start, axis.stop) for axis in weights)]
    if box.ndim == 4:
        box = box.mean(axis=3, dtype=np.float64)
    return np.asarray(resampled(box, weights).reshape([len(at) for at in positions]), dtype=np.float64)


def _ball(offsets: Sequence[NDArray[np.float64]], radius: float, step: float) -> NDArray[np.float64]:
    """How much of each point is in a ball about the grid's centre."""
    squares = np.add.outer(np.add.outer(offsets[0] ** 2, offsets[1] ** 2), offsets[2] ** 2)
    return np.clip(0.5 + (radius - np.sqrt(squares)) / step, 0.0, 1.0)
