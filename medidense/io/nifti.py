"""What volume does a NIfTI file hold, and how is a volume written as one?"""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from medidense.durable import PRIVATE, replacing
from medidense.errors import OutputExistsError, UsageError
from medidense.io.arrays import Allocate, in_memory
from medidense.io.guard import LIMITS, Limits
from medidense.io.nifti_header import NO_OPTIONS, read_header
from medidense.io.nifti_voxels import read_voxels, whole
from medidense.values import ReadOptions, Refused, Source, Volume
from medidense.values.volume import Box, box_affine, check_box

RGB24 = np.dtype([("R", np.uint8), ("G", np.uint8), ("B", np.uint8)])


def read_nifti(
    path: Path,
    options: ReadOptions = NO_OPTIONS,
    allocate: Allocate = in_memory,
    limits: Limits = LIMITS,
    box: Box | None = None,
) -> Volume:
    """Read one volume from a single file or a pair (either file may be named), NIfTI-1 or -2, gzipped or not.

    The stored type and the scaling decide the type of the values. Slope 1 and a whole intercept: int16 for
    stored int8, uint8 and int16, int32 for stored uint16 and int32. Where a value of the file does not fit
    in that (an intercept beside int16; uint32, int64, uint64), the next of int16, int32, float32 is taken.
    All else, and stored floats, become float32, computed in float64. With `options.colour` RGB24 (and opaque
    RGBA32) is uint8 (i, j, k, 3); its scaling is to be ignored (nifti1.h, "DATA SCALING").
    The affine (to RAS+ mm) is the sform if it has a code, else the qform.

    `box` reads a part: the volume of these indices, its affine shifted. Of a plain file only the rows that
    the box needs are read; a gzipped one is unpacked up to its end, and what lies behind is not checked.
    `allocate` gives the array for the result, in Fortran order.

    Raises Refused as `read_header` does, and NOT_FINITE, CORRUPT, COLOUR or TRUNCATED for the voxels.
    Raises ValueError for a box that is empty or not inside (a programming error).
    """
    header = read_header(path, options, limits)
    part = whole(header.shape) if box is None else box
    check_box(part, header.shape)
    voxels = read_voxels(header, part, allocate, options.fill)
    warnings = list(header.warnings)
    if voxels.not_finite:
        said = f"{voxels.not_finite} of {voxels.array.size}"
        if options.fill is None:
            step = "replace them in the file, or pass --fill 0 (or another value)"
            raise Refused("NOT_FINITE", path, said, "finite values", step)
        warnings.append(f"REPAIRED_VALUE: {said} voxels were not finite: set to {options.fill:g}")
    if voxels.more:
        warnings.append("TRAILING_BYTES: the file goes on behind its last voxel")
    affine = header.affine if box is None else box_affine(header.affine, box)
    return Volume(voxels.array, affine, Source("nifti"), warnings=tuple(warnings))


def write_nifti(volume: Volume, target: Path, *, overwrite: bool = False) -> None:
    """Write `volume` as .nii or .nii.gz, whole or not at all; its affine goes into sform and qform (code 1).

    Colour is written as RGB24. Equal volumes give equal bytes. Raises OutputExistsError, UsageError for
    another suffix, and WriteError; ValueError for values that no NIfTI type holds (a programming error).
    """
    if not target.name.endswith((".nii", ".nii.gz")):
        step = "end the name in .nii or .nii.gz"
        raise UsageError(str(target), "a NIfTI file has its suffix", target.suffix or "none", step)
    if target.exists() and not overwrite:
        raise OutputExistsError(str(target), "the output exists", "", "choose another name or overwrite it")
    kind = nibabel.Nifti2Image if max(volume.shape) > np.iinfo(np.int16).max else nibabel.Nifti1Image
    image = kind(_storable(volume.array), volume.affine)
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1, strip_shears=True)
    image.header.set_xyzt_units("mm" if volume.spacing_known else "unknown")
    with replacing(target, PRIVATE) as draft, draft.open("wb") as stream:
        if target.name.endswith(".gz"):
            with gzip.GzipFile("", "wb", compresslevel=3, fileobj=stream, mtime=0) as packed:
                image.to_stream(packed)
        else:
            image.to_stream(stream)


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    """The array in a type that readers of NIfTI know; ValueError for values that no such type holds."""
    if array.ndim == 4:
        if array.dtype != np.uint8:
            raise ValueError("a NIfTI file holds colour of 8 bits only")
        return np.ascontiguousarray(array).view(RGB24)[..., 0]
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype in (np.int64, np.uint64):
        narrow = array.astype(np.int32)
        if (narrow != array).any():
            raise ValueError("a NIfTI file holds integers of 32 bits at most")
        return narrow
    return array.astype(np.float32) if array.dtype == np.float16 else array


def write_map(values: NDArray[np.float32], like: Volume, target: Path) -> None:
    """Write `values` (shape of `like`) as a float32 map on the stored grid of `like`; replaces what is there.

    Raises ValueError for another shape (a programming error), UsageError and WriteError as `write_nifti`.
    """
    if values.shape != like.shape:
        raise ValueError(f"a map of {values.shape} does not lie on a volume of {like.shape}")
    write_nifti(like.with_array(values.astype(np.float32)), target, overwrite=True)
