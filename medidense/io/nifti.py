"""What does a single-file NIfTI-1 or NIfTI-2 hold, and how is a volume written as one?

The voxels are read in one piece of the declared size, never more.
"""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from medidense.durable import PRIVATE, replacing
from medidense.errors import OutputExistsError, UsageError
from medidense.io.guard import LIMITS, Limits
from medidense.io.nifti_header import NiftiHeader, read_header, unpacked
from medidense.values import Refused, Source, Volume


def read_nifti(path: Path, limits: Limits = LIMITS) -> Volume:
    """Read one volume: int16 or int32 where the slope is 1, the intercept whole and the values fit, else
    float32 computed in float64. The affine (to RAS+ mm) is the sform if it has a code, else the qform.

    Raises Refused as `read_header` does, and NOT_FINITE, CORRUPT or TRUNCATED for the voxels.
    """
    header = read_header(path, limits)
    count = int(np.prod(header.shape))
    raw, more = _voxels(path, header, count)
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused below
        values = _modality_values(raw, header).reshape(header.shape, order="F")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        said = f"{int((~np.isfinite(values)).sum())} of {count}"
        step = "replace them in the file, for instance by 0"
        raise Refused("NOT_FINITE", path, said, "finite values", step)
    warnings = ("TRAILING_BYTES: the file goes on behind its last voxel",) if more else ()
    return Volume(values, header.affine, Source("nifti"), warnings=warnings)


def write_nifti(volume: Volume, target: Path, *, overwrite: bool = False) -> None:
    """Write `volume` as .nii or .nii.gz, whole or not at all; its affine goes into sform and qform (code 1).

    Equal volumes give equal bytes. Raises OutputExistsError, UsageError for another suffix, and WriteError.
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
    """The array in a type that readers of NIfTI know; ValueError for integers that no such type holds."""
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


def _voxels(path: Path, header: NiftiHeader, count: int) -> tuple[NDArray[Any], bool]:
    """(stored voxels (count,), whether bytes follow them); never unpacks more than one byte too many."""
    raw = np.empty(count, dtype=header.stored)
    place, got = memoryview(raw.view(np.uint8)), 0  # type: ignore[arg-type]
    with unpacked(path) as stream:
        stream.seek(header.offset)
        while got < len(place) and (read := stream.readinto(place[got:])):
            got += read
        more = bool(stream.read(1))
    if got < len(place):
        step = "copy the file again"
        raise Refused("TRUNCATED", path, f"{got} bytes of voxels", f"{len(place)} bytes", step)
    return raw, more


def _modality_values(raw: NDArray[Any], header: NiftiHeader) -> NDArray[Any]:
    """Scaled voxels as int16, int32 or float32."""
    if raw.dtype.kind in "iu" and header.slope == 1 and header.intercept == int(header.intercept):
        shift = int(header.intercept)
        low, high = int(raw.min()) + shift, int(raw.max()) + shift
        fits_short = np.can_cast(raw.dtype, np.int16)
        for kind in (np.int16, np.int32) if fits_short else (np.int32,):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                values: NDArray[Any] = raw.astype(kind)
                values += np.int64(shift).astype(kind)
                return values
    if header.slope == 1 and header.intercept == 0:
        return raw.astype(np.float32)
    return (raw.astype(np.float64) * header.slope + header.intercept).astype(np.float32)
