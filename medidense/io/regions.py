"""Where on its image's grid does a lesion lie? From a mask, a DICOM object, or a point and a diameter."""

from pathlib import Path

import numpy as np

from medidense.io.guarded import call
from medidense.io.told import told_grid
from medidense.io.volumes import entered
from medidense.values import Marker, Refused, Region, Volume


def read_region(
    volume: Volume,
    *,
    mask_path: Path | None = None,
    marker: Marker | None = None,
    segment: str | int = "",
) -> Region:
    """The lesion on the grid of `volume`; a mask wins over a marker.

    A mask is any image whose grid is the volume's, stored in whatever order of axes: every voxel above 0 is
    lesion. Two pictures need equal sizes only. Or it is a DICOM segmentation or structure set, as a file or
    a folder that holds nothing else, known by its SOP class: then `segment`, a number or a label, says which
    of several lesions in it is meant (`read_segment` and `read_contours` have the rules). The centre is that
    of the mask's bounding box. A marker becomes a ball; its centre must lie in the image, whose box ends half
    a voxel beyond the outer centres.

    Raises Refused GRID, NO_MASK (empty), OUTSIDE, NO_GEOMETRY (millimetres on an image where they mean
    nothing), CONFLICT (a segment that is missing, unknown, or asked of a mask without any), and whatever
    reading the mask raises. Raises ValueError when neither is given (a programming error).
    """
    if mask_path is not None:
        return _from_mask(volume, Path(mask_path), str(segment).strip())
    if marker is None:
        raise ValueError("read_region needs a mask or a marker")
    return _from_marker(volume, marker)


def _from_mask(volume: Volume, path: Path, segment: str) -> Region:
    """The region of everything that is lesion."""
    with entered(path) as (place, _):
        arguments = {"path": str(place), "grid": told_grid(volume), "segment": segment}
        (inside,) = call("mask", arguments, where=path).arrays
    if not inside.any():
        raise Refused("NO_MASK", path, "no voxel of it", "a lesion", "draw the lesion or leave the mask out")
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
