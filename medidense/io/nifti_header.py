"""Which statements of a NIfTI header are believed? Shape, type, scaling and one orientation.

nibabel parses the header; what counts is decided here, after nifti1.h on orientation, scaling and units.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from medidense.io.grids import corner_distance
from medidense.io.guard import LIMITS, Limits, check_size, opened
from medidense.values import Refused

Floats = NDArray[np.float64]

GZIP = b"\x1f\x8b"
PAIRS = (b"ni1\0", b"ni2\0")
COLOURS = (128, 2304)
"""Datatype codes RGB24 and RGBA32."""
NUMBERS = (2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280)
"""Datatype codes of the integers and of float32 and float64."""
NAMES = {1: "1 bit", 32: "complex64", 1536: "float128", 1792: "complex128", 2048: "complex256"}
MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Unit code (the lower three bits of xyzt_units) -> factor; 0 is unstated and read as millimetres."""
AGREE_MM = 1.0
"""sform and qform may differ by this much at a corner, when both are given."""
SQUARE = 1e-3
"""How far the cosines between axes may be from 0."""


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """What a header declares, once believed: `shape` (i, j, k), affine to RAS+ mm, stored type, scaling."""

    shape: tuple[int, int, int]
    affine: Floats
    stored: np.dtype[Any]
    slope: float
    intercept: float
    offset: int


def is_nifti(path: Path) -> bool:
    """Whether the content is NIfTI, plain or gzipped, whatever the name says. Refused NO_ACCESS."""
    try:
        head, _ = _head(path)
    except Refused as refused:
        if refused.refusal.code == "NO_ACCESS":
            raise
        return False
    return _version(head) != 0


def read_header(path: Path, limits: Limits = LIMITS) -> NiftiHeader:
    """Read and judge the header alone.

    Raises Refused EMPTY, NOT_NIFTI, TRUNCATED, DIMENSIONS, COLOUR, BAD_TYPE, UNITS, IDENTITY, NO_GEOMETRY,
    TILTED, CONFLICT, BOMB, TOO_LARGE or NO_ACCESS.
    """
    head, size = _head(path)
    version = _version(head)
    if not version:
        raise _no_nifti(path, head)
    header = _parse(path, head, version)
    shape = _shape(path, header)
    stored = _stored(path, header)
    check_size(shape, max(stored.itemsize, 2), path, limits)
    offset = _offset(path, header, version, limits)
    if size is not None and offset + int(np.prod(shape)) * stored.itemsize > size:
        expected = f"{offset + int(np.prod(shape)) * stored.itemsize} bytes"
        raise Refused("TRUNCATED", path, f"{size} bytes", expected, "copy the file again")
    slope, intercept = _scaling(path, header)
    return NiftiHeader(shape, _affine(path, header, shape), stored, slope, intercept, offset)


@contextmanager
def unpacked(path: Path) -> Iterator[BufferedIOBase]:
    """The file's content, unpacked where it is gzipped. Refused CORRUPT or TRUNCATED for bad gzip."""
    with opened(path) as stream:
        zipped = stream.read(2) == GZIP
        stream.seek(0)
        if not zipped:
            yield stream
            return
        try:
            with gzip.GzipFile(fileobj=stream) as packed:
                yield packed
        except EOFError as error:
            said, step = "a gzip stream that ends early", "copy the file again"
            raise Refused("TRUNCATED", path, said, "all of it", step) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            said, step = f"a broken gzip stream ({type(error).__name__})", "copy the file again"
            raise Refused("CORRUPT", path, said, "gzip", step) from error


def _head(path: Path) -> tuple[bytes, int | None]:
    """(the first 544 bytes, unpacked where gzipped; the file's size, None where gzipped)."""
    with unpacked(path) as stream:
        head = stream.read(544)
        return head, None if isinstance(stream, gzip.GzipFile) else stream.seek(0, io.SEEK_END)


def _version(head: bytes) -> int:
    """1 or 2 for the single-file kinds, 0 for anything else."""
    if head[344:348] == b"n+1\0":
        return 1
    return 2 if head[4:8] == b"n+2\0" else 0


def _no_nifti(path: Path, head: bytes) -> Refused:
    """Why this is not read as NIfTI."""
    if not head:
        return Refused("EMPTY", path, "0 bytes", "a NIfTI file", "copy the file again")
    if head[344:348] in PAIRS or head[4:8] in PAIRS:
        step = "convert the pair to one .nii file"
        return Refused("NOT_NIFTI", path, "the two-file kind (.hdr and .img)", "a single file", step)
    step = "give a NIfTI file or correct the name"
    return Refused("NOT_NIFTI", path, "no NIfTI magic in its header", "n+1 or n+2", step)


def _parse(path: Path, head: bytes, version: int) -> Any:
    """nibabel's header of either byte order."""
    kind = nibabel.Nifti1Header if version == 1 else nibabel.Nifti2Header
    length = 348 if version == 1 else 540
    if len(head) < length:
        raise Refused("TRUNCATED", path, f"{len(head)} bytes", f"a header of {length}", "copy the file again")
    try:
        header = kind.from_fileobj(io.BytesIO(head[:length]), check=False)
    except (HeaderDataError, ValueError) as error:
        raise _bad_header(path, type(error).__name__) from error
    if int(header["sizeof_hdr"]) != length:
        raise _bad_header(path, f"a header size of {int(header['sizeof_hdr'])}")
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


def _stored(path: Path, header: Any) -> np.dtype[Any]:
    """The stored data type."""
    code = int(header["datatype"])
    if code in COLOURS:
        raise Refused("COLOUR", path, "RGB voxels", "one channel", "convert the file to grey values")
    if code in NAMES:
        raise Refused("BAD_TYPE", path, NAMES[code], "integers, float32 or float64", "convert the file")
    if code not in NUMBERS:
        raise _bad_header(path, f"data type {code}")
    return np.dtype(header.get_data_dtype())


def _offset(path: Path, header: Any, version: int, limits: Limits) -> int:
    """Where the voxels begin: at least behind header and extension flag."""
    least = 352 if version == 1 else 544
    stated = float(header["vox_offset"])
    if not np.isfinite(stated) or stated < 0 or stated != int(stated):
        raise _bad_header(path, f"vox_offset {stated}")
    if stated - least > limits.element_bytes:
        said, expected = f"{int(stated) - least} bytes before the voxels", f"at most {limits.element_bytes}"
        raise Refused("TRUNCATED", path, said, expected, "check the file")
    return max(int(stated), least)


def _scaling(path: Path, header: Any) -> tuple[float, float]:
    """(slope, intercept); 1 and 0 where the slope is 0 or not finite, which means "no scaling"."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0:
        return 1.0, 0.0
    if not np.isfinite(intercept):
        step = "correct the header"
        raise Refused("BAD_RESCALE", f"{path} scl_inter", intercept, "a finite number", step)
    return slope, intercept


def _affine(path: Path, header: Any, shape: tuple[int, int, int]) -> Floats:
    """The orientation that is believed, in RAS+ millimetres."""
    unit = int(header["xyzt_units"]) & 7
    if unit not in MILLIMETRES:
        step = "correct xyzt_units in the header"
        raise Refused("UNITS", path, f"unit code {unit}", "metre, millimetre or micrometre", step)
    scale = np.diag([MILLIMETRES[unit]] * 3 + [1.0])
    forms = [_form(path, header, name) for name in ("sform", "qform")]
    given = [
        (name, scale @ form) for name, form in zip(("sform", "qform"), forms, strict=True) if form is not None
    ]
    if not given:
        step = "set the sform or the qform; left and right are not guessed"
        raise Refused("IDENTITY", path, "sform_code 0 and qform_code 0", "one of them above 0", step)
    for name, form in given:
        _check_form(path, name, form)
    apart = max(corner_distance(given[0][1], form, shape) for _, form in given)
    if apart > AGREE_MM:
        step = "set both to the same orientation, or the wrong one's code to 0"
        said = f"sform and qform {apart:.3g} mm apart at a corner"
        raise Refused("CONFLICT", path, said, f"at most {AGREE_MM:g} mm", step)
    return given[0][1]


def _form(path: Path, header: Any, name: str) -> Floats | None:
    """The sform or qform as float64 (4, 4); None where its code is 0."""
    if int(header[f"{name}_code"]) <= 0:
        return None
    try:
        form = header.get_sform() if name == "sform" else header.get_qform()
    except (HeaderDataError, ValueError) as error:
        step = "correct the header"
        raise Refused("NO_GEOMETRY", f"{path} {name}", type(error).__name__, "a rotation", step) from error
    return np.asarray(form, dtype=np.float64)


def _check_form(path: Path, name: str, form: Floats) -> None:
    """Refused NO_GEOMETRY for numbers that span no space, TILTED for sheared axes."""
    axes, step = form[:3, :3], "correct the header"
    lengths = np.sqrt((axes**2).sum(axis=0))
    if not np.isfinite(form).all() or lengths.min() < 1e-9:
        raise Refused("NO_GEOMETRY", f"{path} {name}", "NaN or an axis without length", "an affine", step)
    cosines = (axes / lengths).T @ (axes / lengths) - np.eye(3)
    worst = float(np.abs(cosines).max())
    if worst > 1 - SQUARE:
        raise Refused("NO_GEOMETRY", f"{path} {name}", "two parallel axes", "three directions", step)
    if worst > SQUARE:
        step = "resample the volume to axes at right angles"
        raise Refused("TILTED", f"{path} {name}", f"cosine {worst:.3g} between axes", "0", step)


def _bad_header(path: Path, found: str) -> Refused:
    """A header that no NIfTI file has."""
    return Refused("NOT_NIFTI", path, found, "a valid NIfTI header", "give a NIfTI file or write it again")
