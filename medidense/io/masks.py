"""Which voxels of an image does a mask, a DICOM segmentation or a structure set mark? Runs in a worker."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom import STRUCTURE_SET, lesion_class, read_contours, read_segment
from medidense.io.grids import Grid, corner_distance, other_grid
from medidense.io.reading import Ask, read_here
from medidense.io.tree import files_below
from medidense.values import Refused, Volume

MASK = Ask(members=True)
"""A mask may lie in a folder or an archive that holds nothing else."""


def mask_here(path: Path, volume: Volume, segment: str) -> NDArray[np.bool_]:
    """The voxels that are lesion, a bool array of the volume's shape; the voxels of `volume` are not asked.

    Raises as `medidense.io.read_region` does.
    """
    file = _only_file(path)
    kind = lesion_class(file)
    if kind:
        if volume.source.kind == "picture" and not volume.spacing_known:
            said, step = "a DICOM object in mm on a picture", "draw the mask as a picture of the same size"
            raise Refused("NO_GEOMETRY", path, said, "a known spacing", step)
        draw = read_contours if kind == STRUCTURE_SET else read_segment
        return draw(file, Grid.of(volume), segment)
    given = read_here(path, MASK)
    if given.channels != 1:
        step = "save the mask as grey; which colour is the lesion is not guessed"
        raise Refused("COLOUR", path, f"{given.channels} channels", "one channel", step)
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
