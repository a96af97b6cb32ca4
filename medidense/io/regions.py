"""Where on its image's grid does a lesion lie? From a mask, or from a point and a diameter."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.grids import corner_distance
from medidense.io.reading import read_volume
from medidense.values import Marker, Refused, Region, Volume

SHARE_OF_VOXEL, MOST_MM = 0.25, 0.5
"""A mask's corner voxels lie within a quarter of the smallest voxel side, and never more than 0.5 mm, of
their image's: enough for affines rounded by other tools, too little for a mask drawn on another grid."""


def read_region(volume: Volume, *, mask_path: Path | None = None, marker: Marker | None = None) -> Region:
    """The lesion on the grid of `volume`; a mask wins over a marker.

    A mask is any image file whose grid is the volume's, stored in whatever order of axes; every voxel above 0
    is lesion. Two pictures need equal sizes only. The centre is that of the mask's bounding box. A marker
    becomes a ball; its centre must lie in the image, whose box ends half a voxel beyond the outer centres.

    Raises Refused GRID, NO_MASK (empty), OUTSIDE, NO_GEOMETRY (a marker where millimetres mean nothing), and
    whatever reading the mask raises. Raises ValueError when neither is given (a programming error).
    """
    if mask_path is not None:
        return _from_mask(volume, mask_path)
    if marker is None:
        raise ValueError("read_region needs a mask or a marker")
    return _from_marker(volume, marker)


def _from_mask(volume: Volume, path: Path) -> Region:
    """The region of everything above 0."""
    given = read_volume(path)
    if given.channels != 1:
        step = "save the mask as grey; which colour is the lesion is not guessed"
        raise Refused("COLOUR", path, f"{given.channels} channels", "one channel", step)
    inside: NDArray[np.bool_] = np.ascontiguousarray(np.greater(on_grid(given, volume, path), 0))
    if not inside.any():
        raise Refused(
            "NO_MASK", path, "no voxel above 0", "a lesion", "draw the lesion or leave the mask out"
        )
    low, high = [], []
    for axis in range(3):
        found = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        low.append(int(found[0]))
        high.append(int(found[-1]))
    centre = (np.array(low, dtype=np.float64) + high) / 2
    i, j, k = (
        (last - first + 1) * gap for first, last, gap in zip(low, high, volume.spacing_mm, strict=True)
    )
    return Region(volume.point_of(centre), (i, j, k), inside)


def _from_marker(volume: Volume, marker: Marker) -> Region:
    """The region of a ball."""
    where = "lesion"
    if not volume.spacing_known:
        raise Refused("NO_GEOMETRY", where, "a point in mm on a picture", "a known spacing", "use a mask")
    index = volume.index_of(marker.centre_mm)
    if (index < -0.5).any() or (index > np.array(volume.shape) - 0.5).any():
        said = f"voxel {[round(float(part), 1) for part in index]} of {list(volume.shape)}"
        step = "check the point and whether it is in RAS or LPS"
        raise Refused("OUTSIDE", where, said, "a point in the image", step)
    side = float(marker.diameter_mm)
    return Region(marker.centre_mm, (side, side, side))


def on_grid(given: Volume, volume: Volume, where: object) -> NDArray[Any]:
    """The array of `given` turned to the stored axes of `volume`. Refused GRID where the grids differ."""
    if not given.spacing_known and (volume.source.kind == "picture" or not volume.spacing_known):
        if given.shape != volume.shape:
            raise _other_grid(where, given.shape, volume.shape)
        return given.array
    steps = np.rint(np.linalg.solve(volume.affine, given.affine)[:3, :3])
    if not (np.abs(steps).sum(axis=0) == 1).all() or not (np.abs(steps).sum(axis=1) == 1).all():
        raise _other_grid(where, "axes in other directions or of other spacing", "the image's")
    axes = np.abs(steps).argmax(axis=1)
    array, affine = given.array.transpose(axes), given.affine[:, [*axes, 3]].copy()
    for axis in range(3):
        if steps[axis, axes[axis]] < 0:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    if array.shape != volume.shape:
        raise _other_grid(where, array.shape, volume.shape)
    off, allowed = (
        corner_distance(affine, volume.affine, volume.shape),
        min(SHARE_OF_VOXEL * min(volume.spacing_mm), MOST_MM),
    )
    if off > allowed:
        raise _other_grid(where, f"corners {off:.3g} mm away", f"at most {allowed:.3g} mm")
    return array


def _other_grid(where: object, found: object, expected: object) -> Refused:
    """A mask that was drawn on something else."""
    step = "give the mask that was drawn on this image, or resample it"
    return Refused("GRID", where, found, expected, step)
