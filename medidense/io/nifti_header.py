"""Which statements of a NIfTI header are believed? Shape, type, scaling and one orientation.

nibabel parses the header; what counts is decided here, after nifti1.h on dimensions, storage and scaling.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from medidense.io.guard import LIMITS, Limits, check_size
from medidense.io.nifti_affine import believed_affine
from medidense.io.nifti_files import (
    NiftiFiles,
    check_length,
    find_files,
    header_beside,
    magic_of,
    opening,
)
from medidense.values import ReadOptions, Refused

NO_OPTIONS = ReadOptions()
COLOURS = {128: 3, 2304: 4}
"""Datatype codes of RGB24 and RGBA32 -> bytes of one voxel."""
NUMBERS = (2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280)
"""Datatype codes of the integers and of float32 and float64."""
NAMES = {1: "1 bit", 32: "complex64", 1536: "float128", 1792: "complex128", 2048: "complex256"}


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """What a header declares, once believed: `shape` (i, j, k), affine to RAS+ mm, stored type, scaling.

    A voxel is `samples` numbers of type `stored` (3 and 4 for colour), from byte `offset` of `voxels` on;
    where the files are `paired` that is not the header's file.
    """

    path: Path
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    stored: np.dtype[Any]
    samples: int
    slope: float
    intercept: float
    voxels: Path
    paired: bool
    offset: int
    warnings: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all voxels."""
        return math.prod(self.shape) * self.samples * self.stored.itemsize


def is_nifti(path: Path) -> bool:
    """Whether the content is NIfTI, plain or gzipped, whatever the name says. Refused NO_ACCESS.

    The voxels of a pair are NIfTI by the header that lies beside them.
    """
    try:
        if magic_of(opening(path))[0]:
            return True
        header = header_beside(path)
        return header is not None and magic_of(opening(header))[1]
    except Refused as refused:
        if refused.refusal.code == "NO_ACCESS":
            raise
        return False


def read_header(path: Path, options: ReadOptions = NO_OPTIONS, limits: Limits = LIMITS) -> NiftiHeader:
    """Read and judge the header alone; `path` is a single file or either file of a pair.

    Raises Refused EMPTY, NOT_NIFTI, TRUNCATED, CORRUPT, DIMENSIONS, COLOUR, BAD_TYPE, BAD_RESCALE, UNITS,
    IDENTITY, NO_GEOMETRY, TILTED, CONFLICT, BOMB, TOO_LARGE or NO_ACCESS.
    """
    files = find_files(path)
    header = _parse(path, files)
    shape = _shape(path, header)
    stored, samples = _stored(path, header, options.colour)
    check_size(shape, max(stored.itemsize * samples, 2), path, limits)
    offset = _offset(path, header, files, limits)
    slope, intercept = _scaling(path, header) if samples == 1 else (1.0, 0.0)
    affine, warnings = believed_affine(path, header, shape, options)
    check_length(files.voxels, offset + math.prod(shape) * samples * stored.itemsize)
    return NiftiHeader(
        path=path,
        shape=shape,
        affine=affine,
        stored=stored,
        samples=samples,
        slope=slope,
        intercept=intercept,
        voxels=files.voxels,
        paired=files.paired,
        offset=offset,
        warnings=warnings,
    )


def _parse(path: Path, files: NiftiFiles) -> Any:
    """nibabel's header of either byte order."""
    kind = nibabel.Nifti1Header if files.version == 1 else nibabel.Nifti2Header
    length = kind.sizeof_hdr
    if len(files.head) < length:
        found = f"{len(files.head)} bytes"
        raise Refused("TRUNCATED", path, found, f"a header of {length}", "copy the file again")
    try:
        header = kind.from_fileobj(io.BytesIO(files.head[:length]), check=False)
    except (HeaderDataError, ValueError) as error:
        raise _bad_header(path, type(error).__name__) from error
    if int(header["sizeof_hdr"]) != length:
        raise _bad_header(path, f"a header size of {int(header['sizeof_hdr'])}")
    if header["pixdim"][0] == 0:
        header["pixdim"][0] = 1  # "METHOD 2" of nifti1.h: a qfac of 0 is taken as 1
    return header


def _shape(path: Path, header: Any) -> tuple[int, int, int]:
    """(i, j, k); trailing axes of length 1 are dropped, two dimensions are one slice."""
    dims = [int(n) for n in header["dim"]]
    if not 1 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1:
        raise _bad_header(path, f"dimensions {dims[: max(2, min(dims[0], 7) + 1)]}")
    sides = dims[1 : dims[0] + 1]
    while len(sides) > 3 and sides[-1] == 1:
        sides.pop()
    if not 2 <= len(sides) <= 3:
        step = "give one volume; split a series of volumes into files"
        raise Refused("DIMENSIONS", path, f"{len(sides)} dimensions {sides}", "2 or 3", step)
    return sides[0], sides[1], (sides + [1])[2]


def _stored(path: Path, header: Any, colour: bool) -> tuple[np.dtype[Any], int]:
    """(the type of the stored numbers, how many of them make a voxel)."""
    code = int(header["datatype"])
    if code in COLOURS and colour:
        return np.dtype(np.uint8), COLOURS[code]
    if code in COLOURS:
        step = "convert the file to grey values; --colour reads it as it is"
        raise Refused("COLOUR", path, "RGB voxels", "one channel", step)
    if code in NAMES:
        raise Refused("BAD_TYPE", path, NAMES[code], "integers, float32 or float64", "convert the file")
    if code not in NUMBERS:
        raise _bad_header(path, f"data type {code}")
    return np.dtype(header.get_data_dtype()), 1


def _offset(path: Path, header: Any, files: NiftiFiles, limits: Limits) -> int:
    """Where the voxels begin: behind the header of a single file, anywhere in the second file of a pair."""
    least = 0 if files.paired else int(header.sizeof_hdr)
    stated = float(header["vox_offset"])
    if not np.isfinite(stated) or stated < least or stated != int(stated):
        raise _bad_header(path, f"vox_offset {stated:g}")
    if stated - least > limits.element_bytes:
        said, expected = f"{int(stated) - least} bytes before the voxels", f"at most {limits.element_bytes}"
        raise Refused("TRUNCATED", path, said, expected, "check the file")
    return int(stated)


def _scaling(path: Path, header: Any) -> tuple[float, float]:
    """(slope, intercept); 1 and 0 where the slope is 0 or not finite, which means "no scaling"."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0:
        return 1.0, 0.0
    if not np.isfinite(intercept):
        step = "correct the header"
        raise Refused("BAD_RESCALE", f"{path} scl_inter", intercept, "a finite number", step)
    return slope, intercept


def _bad_header(path: Path, found: str) -> Refused:
    """A header that no NIfTI file has."""
    return Refused("NOT_NIFTI", path, found, "a valid NIfTI header", "give a NIfTI file or write it again")
