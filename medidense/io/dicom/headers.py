"""What is one DICOM file: an image, broken, or no image at all? Its header, without the pixels."""

import io
import struct
import warnings
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID

from medidense.io.dicom.attributes import Identity, Pixels, Plane
from medidense.io.dicom.container import FOREIGN, MARK_END, data_set
from medidense.io.dicom.elements import TELLS_COPIES_APART, frame_positions, word
from medidense.io.dicom.syntaxes import BIG_ENDIAN, DECODERS, IMPLICIT, NATIVE
from medidense.io.guard import LIMITS, Limits, check_size
from medidense.values import Refusal, Refused

PARSE_ERRORS = (
    BytesLengthException,
    InvalidDicomError,
    EOFError,
    OSError,
    struct.error,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    NotImplementedError,
    MemoryError,
)
"""What pydicom raises on broken bytes: found by feeding it cut and patched files."""

NO_IMAGE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation object",
    "1.2.840.10008.5.1.4.1.1.66.5": "a surface segmentation object",
    "1.2.840.10008.5.1.4.1.1.66.7": "a label map segmentation object",
    "1.2.840.10008.5.1.4.1.1.481.2": "a dose object (RTDOSE)",
    "1.2.840.10008.5.1.4.1.1.30": "a parametric map",
}
"""SOP classes with pixels that are no image (PS3.6, table A-1)."""

PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
"""Float, double float and integer pixel data."""


@dataclass(frozen=True, slots=True)
class Header:
    """One image file, without its pixels."""

    path: Path
    syntax: str
    identity: Identity
    plane: Plane
    pixels: Pixels
    frame_positions: tuple[tuple[float, ...], ...] = ()
    """ImagePositionPatient of each frame of a multi-frame file, as far as stated."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A DICOM file that cannot be used; `series_uid` is empty where it could not be read."""

    path: Path
    series_uid: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class NoImage:
    """A file that is no DICOM image: passed over beside images, refused where it stands alone."""

    path: Path
    refusal: Refusal


Scanned = Header | Broken | NoImage


def scan_file(path: Path, limits: Limits = LIMITS) -> Scanned:
    """Read the header of one file. Never raises for what the file holds: the answer says it.

    A file that cannot be opened is Broken NO_ACCESS.
    """
    try:
        with data_set(path, limits) as stream:
            return _scan(path, stream, limits)
    except Refused as refused:
        if refused.refusal.code in FOREIGN:
            return NoImage(path, refused.refusal)
        return Broken(path, "", refused.refusal)


def tell_apart(path: Path) -> dict[str, str]:
    """Attribute -> value of what usually differs between images of one position; {} for a broken file."""
    try:
        with data_set(path) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = dcmread(stream, stop_before_pixels=True, defer_size=1 << 20)
            return {name: word(found, name) for name in TELLS_COPIES_APART if name in found}
    except (Refused, *PARSE_ERRORS):
        return {}


def _scan(path: Path, stream: BufferedIOBase, limits: Limits) -> Scanned:
    """The header of a stream that bears the DICM mark."""
    series_uid = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of odd values; those that matter are tested here
            found = dcmread(stream, stop_before_pixels=True, defer_size=1 << 20)
            at = stream.tell()
            size = stream.seek(0, io.SEEK_END)
            series_uid = word(found, "SeriesInstanceUID")
            syntax = _syntax(path, found, size)
            return _header(path, (stream, at, size), syntax, found, limits)
    except Refused as refused:
        return Broken(path, series_uid, refused.refusal)
    except RecursionError:
        said, step = "hundreds of levels", "export the file again without the nested sequences"
        return Broken(path, series_uid, Refusal("NESTING", str(path), said, "at most 16", step))
    except PARSE_ERRORS as error:
        said = f"an element that cannot be read ({type(error).__name__})"
        step = "copy or export the file again"
        return Broken(path, series_uid, Refusal("CORRUPT", str(path), said, "DICOM elements", step))


def _syntax(path: Path, found: Dataset, size: int) -> str:
    """The transfer syntax that the file states. Refused TRUNCATED where nothing is there, or NO_TS."""
    if size <= MARK_END or not (found or found.file_meta):
        raise Refused("TRUNCATED", path, "nothing behind the DICM mark", "a data set", "copy the file again")
    syntax = word(found.file_meta, "TransferSyntaxUID")
    if not syntax:
        step = "export the file again; the syntax is not guessed"
        raise Refused("NO_TS", path, "no TransferSyntaxUID (0002,0010)", "a transfer syntax UID", step)
    return syntax


def _header(
    path: Path, place: tuple[BufferedIOBase, int, int], syntax: str, found: Dataset, limits: Limits
) -> Header | NoImage:
    """The header of a data set; `place` is its stream, where pydicom stopped in it, and its size."""
    stream, at, size = place
    sop_class = UID(word(found, "SOPClassUID") or word(found.file_meta, "MediaStorageSOPClassUID"))
    if sop_class in NO_IMAGE_CLASSES:
        step = "give the image series that it was made from"
        return NoImage(path, Refusal("WRONG_CLASS", str(path), NO_IMAGE_CLASSES[sop_class], "an image", step))
    element = _pixel_element(stream, syntax, at)
    if element is None:
        _check_end(path, found, sop_class, (at, size))
        said, step = sop_class.name or "no SOP class", "give the image series; this object holds none"
        return NoImage(path, Refusal("NO_PIXELS", str(path), said, "an image with pixel data", step))
    tag, offset, length = element
    if syntax not in NATIVE and syntax not in DECODERS:
        step = "convert the file to an uncompressed syntax"
        raise Refused(
            "UNKNOWN_SYNTAX", path, f"{syntax} ({UID(syntax).name})", "a syntax with a decoder", step
        )
    if tag != PIXEL_TAGS[-1]:
        step = "convert the file to integer pixel data"
        raise Refused("BAD_TYPE", path, "float pixel data", "PixelData (7FE0,0010)", step)
    pixels = Pixels.of(found, path, offset, length)
    return Header(
        path=path,
        syntax=syntax,
        identity=Identity.of(found),
        plane=Plane.of(found),
        pixels=_measured(pixels, syntax, size, path, limits),
        frame_positions=frame_positions(found) if pixels.frames > 1 else (),
    )


def _measured(pixels: Pixels, syntax: str, size: int, path: Path, limits: Limits) -> Pixels:
    """The description, once what it declares was compared with the limits and with the file's size.

    For plain samples `length` becomes the number of bytes that are there, for an encapsulated stream -1.
    """
    shape = (*pixels.shape, pixels.frames, pixels.samples)
    check_size(shape, max(pixels.bits_allocated // 8, 1), path, limits)
    if syntax not in NATIVE:
        return pixels.with_length(-1)
    left = size - pixels.offset
    there = left if pixels.length < 0 else min(pixels.length, left)
    if there < pixels.native_bytes:
        expected, step = f"{pixels.native_bytes} bytes of pixel data", "copy or export the file again"
        raise Refused("TRUNCATED", path, f"{there} bytes", expected, step)
    return pixels.with_length(there)


def _pixel_element(stream: BufferedIOBase, syntax: str, at: int) -> tuple[int, int, int] | None:
    """(tag, offset of the value, length or -1 where undefined) of the pixel data; None at the file's end."""
    stream.seek(at)
    opening = stream.read(12)
    order = ">" if syntax == BIG_ENDIAN else "<"
    if len(opening) < 8:
        return None
    group, element = struct.unpack(f"{order}2H", opening[:4])
    tag = group << 16 | element
    if tag not in PIXEL_TAGS:
        return None
    start = 4 if syntax == IMPLICIT or not opening[4:6].isalpha() else 8
    (length,) = struct.unpack(f"{order}I", opening[start : start + 4])
    return tag, at + start + 4, -1 if length == 0xFFFFFFFF else int(length)


def _check_end(path: Path, found: Dataset, sop_class: UID, ends: tuple[int, int]) -> None:
    """Refuse a data set that was cut off; pydicom hands it over without a word.

    It was where an image class has no pixels, or where the last element claims more than the file holds;
    `ends` is where pydicom stopped and the file's size.
    """
    step, tags = "copy the file again", list(found.keys())
    if not tags:
        raise Refused("TRUNCATED", path, "an empty data set", "DICOM elements", step)
    last = found.get_item(max(tags), keep_deferred=True)
    value, length = getattr(last, "value", None), int(getattr(last, "length", 0) or 0)
    short = isinstance(value, bytes) and length != 0xFFFFFFFF and len(value) < length
    if ends[0] > ends[1] or short:
        raise Refused("TRUNCATED", path, f"{ends[1]} bytes", "all of the last element", step)
    if sop_class.name.endswith("Image Storage"):
        said = f"a {sop_class.name} object that ends before its pixels"
        raise Refused("TRUNCATED", path, said, "pixel data", step)
