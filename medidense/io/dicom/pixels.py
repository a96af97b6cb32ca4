"""What are the modality values of a series? Stored samples, decoded where compressed, then rescaled."""

import importlib
import importlib.metadata
import struct
import warnings
from io import BufferedIOBase
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from medidense.io.dicom.attributes import Pixels
from medidense.io.dicom.container import data_set
from medidense.io.dicom.geometry import Stack
from medidense.io.dicom.headers import Header
from medidense.io.dicom.syntaxes import BIG_ENDIAN, DECODERS, LOSSY, NATIVE, PACKAGES, RLE
from medidense.io.guard import LIMITS, Limits, check_size, codestream_size
from medidense.values import Refused

Array = NDArray[Any]

DECODING_ERRORS = (
    RuntimeError,
    ValueError,
    NotImplementedError,
    AttributeError,
    KeyError,
    TypeError,
    IndexError,
    EOFError,
    OSError,
    struct.error,
    MemoryError,
)
"""What the decoders raise on broken streams; imagecodecs' own errors are RuntimeErrors."""


def read_pixels(stack: Stack, limits: Limits = LIMITS) -> Array:
    """Modality values (i, j, k) of a stack: int16, int32 or float32.

    Integers where every slope is 1 and every intercept whole: int16 where all values fit, else int32; float32
    otherwise (and where even int32 is too small), computed in float64. One slice is one block of memory.
    Raises Refused TRUNCATED, CORRUPT, UNKNOWN_SYNTAX, NOT_FINITE, NO_ACCESS, BOMB or TOO_LARGE.
    """
    for kind in value_types([header.pixels for header in stack.headers]):
        check_size(stack.shape, kind.itemsize, stack.headers[0].path, limits)
        values = np.empty(stack.shape[::-1], dtype=kind)
        if all(_fill(slab, header, limits) for slab, header in zip(values, stack.headers, strict=True)):
            break
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        said, step = "values beyond float32 after the rescale", "export the series again"
        raise Refused("NOT_FINITE", stack.headers[0].path, said, "finite values", step)
    return values.transpose(2, 1, 0)


def value_types(stored: list[Pixels]) -> tuple[np.dtype[Any], ...]:
    """The types to try for the modality values of these slices, smallest first; the last one always does."""
    floats = np.dtype(np.float32)
    if not all(pixels.slope == 1 and pixels.intercept == int(pixels.intercept) for pixels in stored):
        return (floats,)
    ranges = [_range(pixels) for pixels in stored]
    sure = (min(first for first, _ in ranges), max(last for _, last in ranges))
    types: list[np.dtype[Any]] = []
    for kind in (np.dtype(np.int16), np.dtype(np.int32)):
        types.append(kind)
        if _holds(kind, *sure):
            return tuple(types)
    return (*types, floats)


def _holds(kind: np.dtype[Any], low: int, high: int) -> bool:
    """Whether an integer type holds both numbers."""
    bounds = np.iinfo(kind)
    return int(bounds.min) <= low and high <= int(bounds.max)


def decoder_of(stack: Stack) -> str:
    """The decoders that a stack needs, with their versions; ``native`` for plain samples."""
    names = sorted({DECODERS.get(header.syntax, "native") for header in stack.headers})
    return ", ".join(name if name == "native" else f"{name} {_version(name)}" for name in names)


def is_lossy(stack: Stack) -> bool:
    """Whether a slice was compressed with loss, as far as its header tells."""
    return any(header.pixels.lossy or header.syntax in LOSSY for header in stack.headers)


def _range(pixels: Pixels) -> tuple[int, int]:
    """Smallest and largest modality value that the stored bits can say (slope 1)."""
    span, shift = 1 << pixels.bits_stored, int(pixels.intercept)
    low = -(span >> 1) if pixels.signed else 0
    return low + shift, low + span - 1 + shift


def _fill(slab: Array, header: Header, limits: Limits) -> bool:
    """Put the modality values of one file into `slab` (rows, columns); False where its type is too small."""
    pixels = header.pixels
    with data_set(header.path, limits) as stream:
        if header.syntax in NATIVE and header.syntax != BIG_ENDIAN:
            raw = _stored_in_place(slab, header, stream)
        else:
            raw = _decoded(header, stream)
    if raw.shape != pixels.shape:
        raise _corrupt(header, f"a picture of {' x '.join(map(str, raw.shape))}")
    if header.syntax in NATIVE or header.syntax == RLE:
        raw = _without_junk(raw, pixels)
    if slab.dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused by the caller
            slab[...] = raw.astype(np.float64) * pixels.slope + pixels.intercept
        return True
    shift = int(pixels.intercept)
    sure = _holds(slab.dtype, *_range(pixels))
    if not sure and not _holds(slab.dtype, int(raw.min()) + shift, int(raw.max()) + shift):
        return False
    if not np.may_share_memory(raw, slab):
        slab[...] = raw.astype(slab.dtype, copy=False)  # wraps, as does the sum below: the end fits
    if shift:
        slab += np.array(shift & 0xFFFFFFFF, dtype=np.uint32).astype(slab.dtype)
    return True


def _stored_in_place(slab: Array, header: Header, stream: BufferedIOBase) -> Array:
    """Plain little-endian samples (rows, columns), straight into the slab's memory where sizes match."""
    pixels = header.pixels
    kind = np.dtype(f"<{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")
    fits = slab.dtype.kind == "i" and slab.dtype.itemsize == kind.itemsize
    raw = slab.view(kind) if fits else np.empty(pixels.shape, dtype=kind)
    stream.seek(pixels.offset)
    got = stream.readinto(raw.reshape(-1).view(np.uint8).data)
    if got != raw.nbytes:
        step = "copy the file again"
        raise Refused("TRUNCATED", header.path, f"{got} bytes", f"{raw.nbytes} bytes of pixel data", step)
    return raw


def _without_junk(raw: Array, pixels: Pixels) -> Array:
    """Sign and value from the stored bits alone; bits outside them may hold anything (PS3.5, 8.1.1).

    Works in place: shifts the sign bit to the top and back.
    """
    unused = pixels.bits_allocated - pixels.bits_stored
    if not unused:
        return raw
    raw <<= pixels.bits_allocated - 1 - pixels.high_bit
    raw >>= unused
    return raw


def _decoded(header: Header, stream: BufferedIOBase) -> Array:
    """Samples (rows, columns) of one encapsulated or big-endian frame, as stored."""
    name = DECODERS.get(header.syntax, "")
    stream.seek(header.pixels.offset)
    content = stream.read(header.pixels.length)
    try:
        if name == "imagecodecs":
            return _decoded_by_imagecodecs(header, content)
        _check_frame(header, content)
        return _decoded_by_pydicom(header, content, name)
    except DECODING_ERRORS as error:
        raise _corrupt(
            header, f"a stream that {name or 'numpy'} cannot decode ({type(error).__name__})"
        ) from error


def _decoded_by_pydicom(header: Header, content: bytes, plugin: str) -> Array:
    """One frame through pydicom's decoder of the syntax, with the named plugin."""
    pixels = header.pixels
    decoder = get_decoder(UID(header.syntax))
    if not decoder.is_available:
        raise _no_decoder(header, plugin)
    options: dict[str, Any] = {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "samples_per_pixel": 1,
        "photometric_interpretation": pixels.photometric,
        "pixel_representation": int(pixels.signed),
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        "pixel_vr": "OW",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of padding and of sign, which pydicom has dealt with by then
        array, _ = decoder.as_array(content, raw=True, decoding_plugin=plugin, **options)
    return np.array(array)


def _decoded_by_imagecodecs(header: Header, content: bytes) -> Array:
    """One frame of 12-bit or retired JPEG."""
    try:
        imagecodecs = importlib.import_module("imagecodecs")
    except ImportError as error:
        raise _no_decoder(header, "imagecodecs") from error
    frame = _check_frame(header, content)
    return np.array(imagecodecs.jpeg_decode(frame))


def _check_frame(header: Header, content: bytes) -> bytes:
    """The only frame of an encapsulated stream. Refused CORRUPT where its size is not the header's."""
    if header.syntax in NATIVE:
        return content
    frame = get_frame(content, 0, number_of_frames=1)
    declared = codestream_size(frame)
    if declared is not None and declared != header.pixels.shape:
        raise _corrupt(header, f"a codestream of {declared[0]} x {declared[1]}")
    return frame


def _corrupt(header: Header, found: str) -> Refused:
    """Pixel data that are not what the header says."""
    rows, columns = header.pixels.shape
    step = "copy or export the file again"
    return Refused("CORRUPT", header.path, found, f"a picture of {rows} x {columns}", step)


def _no_decoder(header: Header, name: str) -> Refused:
    """The decoder of a known syntax is not installed."""
    said = f"{header.syntax} ({UID(header.syntax).name})"
    step = f"pip install {PACKAGES.get(name, name)}"
    return Refused("UNKNOWN_SYNTAX", header.path, said, "an installed decoder", step)


def _version(name: str) -> str:
    """Version of the package that holds a decoder; "" where it is not installed."""
    try:
        return importlib.metadata.version(PACKAGES[name])
    except importlib.metadata.PackageNotFoundError:
        return ""
