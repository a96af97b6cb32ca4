"""Which array enters the network: the one way from a volume to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.preprocess.grid import SamplingGrid
from medidense.preprocess.intensity import scaled
from medidense.preprocess.placing import sampling_grid
from medidense.preprocess.resample import axis_weights, resampled, smoothing_sigma
from medidense.values.input import Input
from medidense.values.refusal import Refused
from medidense.values.region import Region
from medidense.values.volume import Volume


@dataclass(frozen=True, eq=False)
class Prepared:
    """What enters the network, where it came from, and what its values were.

    `array` is float32 (C, *size), C-contiguous: the intensities, their second window, the mask, as far as the
    recipe has them. `p01`, `p50`, `p99` are percentiles of the crop in modality
    values (HU for CT), before any window.
    """

    array: NDArray[np.float32]
    grid: SamplingGrid
    p01: float
    p50: float
    p99: float


def prepare(volume: Volume, region: Region | None, spec: Input) -> Prepared:
    """The network's input as a recipe's input section asks for it; the same bits for the same image.

    Only the source voxels that the crop needs are converted. They are smoothed where the crop is coarser
    than the image, interpolated linearly in float64, and beyond the image filled as `spec.fill` says.
    `region` is ignored where `spec.region` is ``whole``.

    Raises Refused: COLOUR for three channels, NO_REGION without a lesion where one is needed, NO_MASK for a
    lesion given as a point where the network sees the mask, OUTSIDE when
    its centre is not in the image, DIMENSIONS for a slice where a volume is needed or the reverse,
    NO_GEOMETRY when the spacing is needed and unknown, CONSTANT when all source voxels of the crop are equal,
    NOT_FINITE for NaN or infinity in them.
    """
    grid = sampling_grid(volume, region, spec)
    mask = _mask(region, f"{volume.source.kind} image") if spec.mask_channel else None
    values, share = sampled(volume, grid, spec, mask)
    p01, p50, p99 = (float(x) for x in np.percentile(values, [1, 50, 99]))
    array = np.empty((spec.channels, *grid.size), dtype=np.float32)
    first = spec.intensity.channels
    array[:first] = scaled(values, spec.intensity)
    if spec.second_window is not None:
        array[first] = scaled(values, spec.second_window)
    if share is not None:
        array[-1] = 2 * share - 1
    return Prepared(array, grid, p01, p50, p99)


def sampled(
    volume: Volume, grid: SamplingGrid, spec: Input, mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Modality values on the grid, float64 (*size), and the share of `mask` in each, 0 to 1.

    Raises Refused CONSTANT and NOT_FINITE.
    """
    where = f"{volume.source.kind} image"
    weights = [
        axis_weights(grid.positions(axis), grid.shape[axis], smoothing_sigma(grid.step[axis]), spec.fill)
        for axis in range(3)
    ]
    inside = tuple(slice(part.start, part.stop) for part in weights)
    box = grid.turned(volume.array)[inside]
    if box.min() == box.max():
        found, step = f"{box.flat[0]} in every voxel of the crop", "check the image and where its lesion lies"
        raise Refused("CONSTANT", where, found, "at least two values", step)
    values = resampled(box, weights).reshape(grid.size)
    if not np.isfinite(values).all():
        raise Refused(
            "NOT_FINITE", where, "NaN or infinity", "finite values", "repair or leave out the image"
        )
    if mask is None:
        return values, None
    return values, resampled(grid.turned(mask)[inside], weights).reshape(grid.size)


def _mask(region: Region | None, where: str) -> NDArray[np.bool_]:
    """The lesion's mask. Raises Refused where it was given as a point."""
    if region is None or region.mask is None:
        step = "give the lesion as a mask, or train without: --set input.mask_channel=false"
        raise Refused("NO_MASK", where, "no mask of the lesion", "a mask, which this network sees", step)
    return region.mask
