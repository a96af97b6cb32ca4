"""Where on its image's grid does a lesion lie? From a mask, a DICOM object, or a point and a diameter."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom import STRUCTURE_SET, lesion_class, read_contours, read_segment
from medidense.io.grids import Grid, corner_distance, other_grid
from medidense.io.reading import read_volume
from medidense.io.tree import files_below
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
    inside = _inside(volume, path, segment)
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


def _inside(volume: Volume, path: Path, segment: str) -> NDArray[np.bool_]:
    """The voxels that are lesion, a bool array of the volume's shape."""
    file = _only_file(path)
    kind = lesion_class(file)
    if kind:
        if volume.source.kind == "picture" and not volume.spacing_known:
            said, step = "a DICOM object in mm on a picture", "draw the mask as a picture of the same size"
            raise Refused("NO_GEOMETRY", path, said, "a known spacing", step)
        draw = read_contours if kind == STRUCTURE_SET else read_segment
        return draw(file, Grid.of(volume), segment)
    given = read_volume(path)
    if segment:
        step = "leave `segment` empty, or give a DICOM segmentation or structure set"
        raise Refused("CONFLICT", path, "an image without segments", f"a segment {segment!r}", step)
    return np.ascontiguousarray(np.greater(on_grid(given, volume, path), 0))


def _only_file(path: Path) -> Path:
    """The file of a folder that holds one and no more; else the path itself."""
    if not path.is_dir():
        return path
    files = list(itertools.islice(files_below(path), 2))
    return files[0] if len(files) == 1 else path


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
            raise other_grid(where, given.shape, volume.shape)
        return given.array
    steps = np.rint(np.linalg.solve(volume.affine, given.affine)[:3, :3])
    if not (np.abs(steps).sum(axis=0) == 1).all() or not (np.abs(steps).sum(axis=1) == 1).all():
        raise other_grid(where, "axes in other directions or of other spacing", "the image's")
    axes = np.abs(steps).argmax(axis=1)
    array, affine = given.array.transpose(axes), given.affine[:, [*axes, 3]].copy()
    for axis in range(3):
        if steps[axis, axes[axis]] < 0:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    if array.shape != volume.shape:
        raise other_grid(where, array.shape, volume.shape)
    off, allowed = corner_distance(affine, volume.affine, volume.shape), Grid.of(volume).allowed_mm
    if off > allowed:
        raise other_grid(where, f"corners {off:.3g} mm away", f"at most {allowed:.3g} mm")
    return array
