"""What is one DICOM file: images, broken, or no image at all? Its header, without the pixels."""

import contextlib
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID

from medidense.io.dicom.attributes import Identity, Mark, Pixels, Plane, moving_marks, steady_marks
from medidense.io.dicom.container import FOREIGN, MARK_END, data_set, guessed_syntax, has_mark, is_plain
from medidense.io.dicom.elements import Elements, Found, numbers, word
from medidense.io.dicom.frames import FrameFacts, frames_of
from medidense.io.dicom.items import PLAIN
from medidense.io.dicom.seen import Seen
from medidense.io.dicom.syntaxes import DECODERS, NATIVE
from medidense.io.dicom.walk import PIECE, Beyond, BeyondError, Walked, Window, coding_of, walk, walk_meta
from medidense.io.guard import LIMITS, Limits, beginning, check_size
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

PIXEL_DATA = 0x7FE00010
"""The tag of integer pixel data."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One image, without its pixels: a single-frame file, or frame `number` (from 0) of a multi-frame one.

    `trailing` says that the file's pixel data go on behind what it declares.
    """

    path: Path
    syntax: str
    identity: Identity
    plane: Plane
    pixels: Pixels
    marks: tuple[Mark, ...]
    number: int = 0
    trailing: bool = False


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


Scanned = tuple[Frame, ...] | Broken | NoImage


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the header of `path` is to be read."""

    path: Path
    limits: Limits
    guess_syntax: bool
    seen: Seen


def scan_file(
    path: Path, limits: Limits = LIMITS, *, guess_syntax: bool = False, seen: Seen | None = None
) -> Scanned:
    """Read the header of one file. Never raises for what the file holds: the answer says it.

    An image file gives a `Frame` for each of its frames. A file that cannot be opened is Broken NO_ACCESS.
    `seen` makes reading files of one series faster; whoever reads several hands the same one to all.
    """
    asked = _Asked(path, limits, guess_syntax, seen or Seen())
    try:
        size, begun = beginning(path, PIECE)
        if is_plain(begun):
            with contextlib.suppress(BeyondError):
                return _scan(Window(Beyond(), size, begun), asked)
        with data_set(path, limits, bare=guess_syntax) as stream:
            return _scan(Window.of(stream), asked)
    except Refused as refused:
        if refused.refusal.code in FOREIGN:
            return NoImage(path, refused.refusal)
        return Broken(path, "", refused.refusal)


def _scan(window: Window, asked: _Asked) -> Scanned:
    """The header of a stream that bears the DICM mark, or need not. Raises BeyondError."""
    series_uid, path = "", asked.path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of odd values; those that matter are tested here
            meta, start = _meta(window, asked)
            opening = window.bytes_at(start, 6)
            syntax = _syntax(path, meta, opening, asked.guess_syntax)
            coding, seen = coding_of(syntax, opening), asked.seen
            walked = walk(window, start, coding, path, asked.limits, seen.layouts)
            identity = seen.identity(walked.found)
            series_uid = identity.series_uid
            return _images(walked, identity, (meta, syntax, window.size), asked)
    except Refused as refused:
        return Broken(path, series_uid, refused.refusal)
    except PARSE_ERRORS as error:
        said = f"an element that cannot be read ({type(error).__name__})"
        step = "copy or export the file again"
        return Broken(path, series_uid, Refusal("CORRUPT", str(path), said, "DICOM elements", step))


def _meta(window: Window, asked: _Asked) -> tuple[Found, int]:
    """(file meta information, where the data set begins)."""
    path = asked.path
    begin = MARK_END if has_mark(window.bytes_at(0, MARK_END)) else 0
    if window.size <= begin:
        raise Refused("TRUNCATED", path, "nothing behind the DICM mark", "a data set", "copy the file again")
    if window.bytes_at(begin, 2) != b"\x02\0":
        return Elements({}, {}, PLAIN), begin
    return walk_meta(window, begin, path, asked.limits, asked.seen.layouts)


def _syntax(path: Path, meta: Found, opening: bytes, guess: bool) -> str:
    """The transfer syntax that the file states, or shows where guessing is allowed. Refused NO_TS."""
    syntax = word(meta, "TransferSyntaxUID")
    guessed = guessed_syntax(opening) if guess and not syntax else ""
    if not syntax and not guessed:
        step = "export the file again, or let the syntax be guessed (--guess-syntax)"
        raise Refused("NO_TS", path, "no TransferSyntaxUID (0002,0010)", "a transfer syntax UID", step)
    return syntax or guessed


def _images(
    walked: Walked, identity: Identity, about: tuple[Found, str, int], asked: _Asked
) -> tuple[Frame, ...] | NoImage:
    """The frames of a data set; `about` is its file meta information, its syntax and the stream's size."""
    known = asked.seen.alike(walked.found)
    found, path, (meta, syntax, size) = walked.found, asked.path, about
    sop_class = known.of("class", lambda: word(found, "SOPClassUID")) or word(meta, "MediaStorageSOPClassUID")
    if sop_class in NO_IMAGE_CLASSES:
        step = "give the image series that it was made from"
        return NoImage(path, Refusal("WRONG_CLASS", str(path), NO_IMAGE_CLASSES[sop_class], "an image", step))
    if walked.pixels is None:
        return _without_pixels(path, walked, sop_class)
    tag, offset, length, kind = walked.pixels
    if syntax not in NATIVE and syntax not in DECODERS:
        step = "convert the file to an uncompressed syntax"
        found_here = f"{syntax} ({UID(syntax).name})"
        raise Refused("UNKNOWN_SYNTAX", path, found_here, "a syntax with a decoder", step)
    if tag != PIXEL_DATA:
        step = "convert the file to integer pixel data"
        raise Refused("BAD_TYPE", path, "float pixel data", "PixelData (7FE0,0010)", step)
    pixels, trailing = known.of(
        (offset, length, kind, syntax, size),
        lambda: _measured(Pixels.of(found, path, (offset, length, kind)), syntax, size, path, asked.limits),
    )
    identity = identity.named(word(found, "SOPInstanceUID"))
    marks = (*known.of("marks", lambda: steady_marks(found)), *moving_marks(found))
    facts = frames_of(found, pixels.frames)
    if facts is None:
        plane = known.of("plane", lambda: Plane.of(found)).moved(numbers(found, "ImagePositionPatient", 3))
        facts = (FrameFacts(plane, None, marks),) * pixels.frames
    frames = []
    for number, fact in enumerate(facts):
        mine = _placed(pixels, number, syntax)
        if fact.rescale is not None:
            mine = mine.rescaled(fact.rescale, path)
        frames.append(Frame(path, syntax, identity, fact.plane, mine, fact.marks, number, trailing))
    return tuple(frames)


def _placed(pixels: Pixels, number: int, syntax: str) -> Pixels:
    """The pixel data of frame `number`; all frames of an encapsulated stream share one place."""
    if pixels.frames == 1 or syntax not in NATIVE:
        return pixels
    start = number * pixels.frame_bytes
    return pixels.at(pixels.offset + start, pixels.frame_bytes, start)


def _measured(pixels: Pixels, syntax: str, size: int, path: Path, limits: Limits) -> tuple[Pixels, bool]:
    """(the description, whether bytes follow), once what it declares was compared with limits and file.

    For plain samples `length` becomes the number of bytes that are there, for an encapsulated stream -1.
    """
    shape = (*pixels.shape, pixels.frames, pixels.samples)
    check_size(shape, max(pixels.bits_allocated // 8, 1), path, limits)
    if syntax not in NATIVE:
        return pixels.at(pixels.offset, -1), False
    left, needed = size - pixels.offset, pixels.frame_bytes * pixels.frames
    there = left if pixels.length < 0 else min(pixels.length, left)
    if there < needed:
        step = "copy or export the file again"
        raise Refused("TRUNCATED", path, f"{there} bytes", f"{needed} bytes of pixel data", step)
    # a value has even length: one byte more is padding where the samples end oddly (PS3.5, 8.1.1)
    return pixels.at(pixels.offset, there), there - needed > needed % 2


def _without_pixels(path: Path, walked: Walked, sop_class: str) -> NoImage:
    """Refuse an image that was cut off before its pixels; everything else without pixels is no image."""
    step, name = "copy the file again", UID(sop_class).name
    if not walked.count:
        raise Refused("TRUNCATED", path, "an empty data set", "DICOM elements", step)
    if name.endswith("Image Storage"):
        said = f"a {name} object that ends before its pixels"
        raise Refused("TRUNCATED", path, said, "pixel data", step)
    said, step = name or "no SOP class", "give the image series; this object holds none"
    return NoImage(path, Refusal("NO_PIXELS", str(path), said, "an image with pixel data", step))
