"""Which slice of a volume, seen from where, shows a lesion best?

A view is one slice turned the way radiologists look at it: the patient's right at the left of an axial or
coronal picture, anterior at the left of a sagittal one, anterior or head at the top.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.values import Region, Volume, canonical

PLANES = ("sagittal", "coronal", "axial")
LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))
"""For each of x, y, z: what stands at the start (left or top) and at the end of a turned axis."""
THICK = 1.5
"""A slice axis this much coarser than both others is the axis the scan was acquired along."""
MARGIN = 1.5
"""Half of the picture's side, in lesion sizes or crop sizes."""
SMALLEST_MM = 24.0

Index = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class View:
    """One slice as a picture: arrays are (rows, columns), row 0 at the top; lengths in mm.

    `spacing_mm` is (between rows, between columns); `centre_mm` is (x to the right, y downwards) of what the
    picture is about, counted from its upper left corner; `half_side_mm` is half of what is worth showing.
    Slices count from 1; `lesion_slice` is the one through the lesion's centre, None without a lesion.
    `letters` are left, right, top, bottom, empty for a picture without patient axes.
    """

    grey: NDArray[np.float64]
    evidence: NDArray[np.float32]
    lesion: NDArray[np.bool_] | None
    spacing_mm: tuple[float, float]
    centre_mm: tuple[float, float]
    half_side_mm: float
    plane: str
    slice_number: int
    slices: int
    lesion_slice: int | None
    letters: tuple[str, ...]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width."""
        return self.grey.shape[0] * self.spacing_mm[0], self.grey.shape[1] * self.spacing_mm[1]


def best_view(volume: Volume, saliency: NDArray[np.float32], region: Region | None) -> View:
    """The slice through the strongest evidence; without any, through the lesion's centre or the middle.

    `saliency` is float32 of the volume's shape. The slice lies across the axis the scan was acquired along
    where that is clearly the coarsest, else it is axial.
    """
    return _view(volume, saliency, region, _strongest(volume, saliency))


def lesion_view(volume: Volume, saliency: NDArray[np.float32], region: Region) -> View:
    """The slice through the lesion's centre, of the same size and place as `best_view` of the same values."""
    return _view(volume, saliency, region, None)


def _view(
    volume: Volume, saliency: NDArray[np.float32], region: Region | None, strongest: Index | None
) -> View:
    """The slice through that voxel of the turned volume; None: the lesion's centre, or the middle."""
    turned = canonical(volume)
    evidence = canonical(volume.with_array(saliency)).array.astype(np.float32, copy=False)
    focus = strongest or _middle(turned, region)
    axis = _slice_axis(turned)
    across, down = [other for other in range(3) if other != axis]
    spacing = turned.spacing_mm
    centre, half = _window(turned, evidence, region, focus, (across, down))
    return View(
        grey=_plane(turned.array, axis, focus[axis]).astype(np.float64),
        evidence=_plane(evidence, axis, focus[axis]),
        lesion=None if region is None else _lesion(volume, region, axis, focus[axis]),
        spacing_mm=(spacing[down], spacing[across]),
        centre_mm=centre,
        half_side_mm=half,
        plane=PLANES[axis] if volume.source.kind != "picture" else "picture",
        slice_number=focus[axis] + 1,
        slices=turned.shape[axis],
        lesion_slice=None if region is None else round(float(turned.index_of(region.centre_mm)[axis])) + 1,
        letters=() if volume.source.kind == "picture" else (*LETTERS[across], *LETTERS[down]),
    )


def _plane(array: NDArray[Any], axis: int, index: int) -> NDArray[Any]:
    """One slice of an RAS+ array as (rows, columns): both axes run from R, A or S."""
    return np.take(array, index, axis=axis)[::-1, ::-1].T


def _slice_axis(turned: Volume) -> int:
    """The axis with one voxel, else a clearly coarsest one, else z."""
    if 1 in turned.shape:
        return turned.shape.index(1)
    order = np.argsort(turned.spacing_mm)
    coarsest, next_one = int(order[2]), int(order[1])
    return coarsest if turned.spacing_mm[coarsest] > THICK * turned.spacing_mm[next_one] else 2


def _strongest(volume: Volume, saliency: NDArray[np.float32]) -> Index | None:
    """Index of the strongest evidence in the turned volume; None without any."""
    evidence = canonical(volume.with_array(saliency)).array
    if evidence.max() <= 0:
        return None
    i, j, k = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
    return int(i), int(j), int(k)


def _middle(turned: Volume, region: Region | None) -> Index:
    """Index of the lesion's centre, of the whole without one."""
    index = np.array(turned.shape) // 2
    if region is not None:
        index = np.rint(turned.index_of(region.centre_mm)).astype(np.int64)
    i, j, k = np.clip(index, 0, np.array(turned.shape) - 1)
    return int(i), int(j), int(k)


def _lesion(volume: Volume, region: Region, axis: int, index: int) -> NDArray[np.bool_]:
    """The lesion in one slice as (rows, columns): its mask, or the ball of its diameter."""
    if region.mask is not None:
        return _plane(canonical(volume.with_array(region.mask)).array, axis, index).astype(bool)
    turned = canonical(volume)
    squares = [
        ((np.arange(size) - middle) * gap) ** 2
        for size, middle, gap in zip(
            turned.shape, turned.index_of(region.centre_mm), turned.spacing_mm, strict=True
        )
    ]
    across, down = (squares[other] for other in range(3) if other != axis)
    distance = (across[:, None] + down[None, :] + squares[axis][index])[::-1, ::-1].T
    return np.asarray(distance <= (region.extent_mm[0] / 2) ** 2)


def _window(
    turned: Volume,
    evidence: NDArray[np.float32],
    region: Region | None,
    focus: Index,
    axes: tuple[int, int],
) -> tuple[tuple[float, float], float]:
    """Centre (x, y) and half side, in mm of the picture, of what is worth showing."""
    spacing, shape = turned.spacing_mm, turned.shape
    middle = np.array(focus, dtype=np.float64) if region is None else turned.index_of(region.centre_mm)
    whole = max(shape[axis] * spacing[axis] for axis in axes) / 2
    half = whole
    if region is not None:
        seen = np.argwhere(evidence > 0)
        reach = np.abs(seen - middle).max(axis=0) if len(seen) else np.zeros(3)
        half = max(SMALLEST_MM, MARGIN * max(region.extent_mm), *(reach[a] * spacing[a] * 1.1 for a in axes))
    if half >= whole:
        middle, half = (np.array(shape) - 1) / 2, whole
    x, y = ((shape[axis] - 0.5 - middle[axis]) * spacing[axis] for axis in axes)
    return (float(x), float(y)), float(half)
