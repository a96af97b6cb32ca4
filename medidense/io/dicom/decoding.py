"""What samples does one image store? Plain ones read in place, compressed ones through one decoder each."""

import importlib
import importlib.metadata
import struct
import warnings
from io import BufferedIOBase
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from medidense.io.dicom.attributes import Pixels
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.open_file import OpenFile
from medidense.io.dicom.syntaxes import BIG_ENDIAN, DECODERS, JPEG, NATIVE, PACKAGES, RLE
from medidense.io.guard import codestream_size
from medidense.values import Refused

Array = NDArray[Any]
Rows = tuple[int, int]
"""First row and the one behind the last."""

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

WITH_JUNK = NATIVE | {RLE, JPEG + "57", JPEG + "70", JPEG + "80"}
"""Syntaxes that keep every allocated bit, overlays in the upper ones included."""


def stored_samples(frame: Frame, rows: Rows, slab: Array | None, file: OpenFile) -> Array:
    """Stored samples (rows, columns) of these rows of one image, native byte order.

    They lie in `slab`'s own memory where that is of the same width and one block. Bits beyond BitsStored are
    gone. Raises Refused TRUNCATED, CORRUPT, UNKNOWN_SYNTAX, NO_ACCESS or BOMB.
    """
    if frame.syntax in NATIVE and frame.syntax != BIG_ENDIAN:
        raw = _in_place(slab, frame, rows, file.stream(frame.path))
    else:
        whole = _decoded(frame, file)
        if whole.shape != frame.pixels.shape:
            raise _corrupt(frame, f"a picture of {' x '.join(map(str, whole.shape))}")
        raw = whole[rows[0] : rows[1]]
    return _without_junk(raw, frame.pixels) if frame.syntax in WITH_JUNK else raw


def colours(frame: Frame, file: OpenFile) -> Array:
    """Red, green and blue, uint8 (rows, columns, 3), of a colour image of any photometric interpretation.

    Raises Refused BAD_TYPE for more than 8 bits a channel, and as `stored_samples` does.
    """
    pixels = frame.pixels
    if pixels.photometric != "PALETTE COLOR" and pixels.bits_allocated > 8:
        raise _too_deep(frame, f"{pixels.bits_allocated} bits a channel")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = file.header(frame)
            number = frame.number
            if frame.syntax not in NATIVE:
                number = 0
                _put_frame(found, _code(frame, file))
            found_colours = pixel_array(found, index=number)
            if pixels.photometric == "PALETTE COLOR":
                found_colours = apply_color_lut(found_colours, found)
                if found_colours.dtype.itemsize == 2:
                    found_colours = (found_colours >> 8).astype(np.uint8)
    except DECODING_ERRORS as error:
        raise _corrupt(frame, f"colours that cannot be decoded ({type(error).__name__})") from error
    if found_colours.dtype != np.uint8:
        raise _too_deep(frame, f"colours of {found_colours.dtype}")
    if found_colours.shape != (*pixels.shape, 3):
        raise _corrupt(frame, f"a picture of {' x '.join(map(str, found_colours.shape))}")
    return np.array(found_colours)


def _put_frame(found: Dataset, code: bytes) -> None:
    """Make a codestream the only frame of a compressed data set."""
    found.add_new("PixelData", "OB", encapsulate([code], has_bot=False))
    found["PixelData"].is_undefined_length = True
    found.NumberOfFrames = 1
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in found:
            del found[keyword]


def _code(frame: Frame, file: OpenFile) -> bytes:
    """The codestream of one image. Refused CORRUPT where it declares another size."""
    code = file.code(frame)
    declared = codestream_size(code)
    if declared is not None and declared != frame.pixels.shape:
        raise _corrupt(frame, f"a codestream of {declared[0]} x {declared[1]}")
    return code


def _in_place(slab: Array | None, frame: Frame, rows: Rows, stream: BufferedIOBase) -> Array:
    """Plain little-endian samples (rows, columns), straight into the slab's memory where sizes match."""
    pixels = frame.pixels
    kind = np.dtype(f"<{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}")
    shape = (rows[1] - rows[0], pixels.columns)
    fits = slab is not None and slab.dtype.kind == "i" and slab.dtype.itemsize == kind.itemsize
    usable = fits and slab is not None and slab.shape == shape and slab.flags.c_contiguous
    raw = slab.view(kind) if usable and slab is not None else np.empty(shape, dtype=kind)
    stream.seek(pixels.offset + rows[0] * pixels.columns * kind.itemsize)
    got = stream.readinto(raw.reshape(-1).view(np.uint8).data)
    if got != raw.nbytes:
        step = "copy the file again"
        raise Refused("TRUNCATED", frame.path, f"{got} bytes", f"{raw.nbytes} bytes of pixel data", step)
    return raw


def _without_junk(raw: Array, pixels: Pixels) -> Array:
    """Sign and value from the stored bits alone; bits outside them may hold anything (PS3.5, 8.1.1).

    Works in place: shifts the sign bit to the top and back.
    """
    unused = pixels.bits_allocated - pixels.bits_stored
    if not unused or raw.dtype.itemsize * 8 != pixels.bits_allocated:
        return raw
    raw <<= pixels.bits_allocated - 1 - pixels.high_bit
    raw >>= unused
    return raw


def _decoded(frame: Frame, file: OpenFile) -> Array:
    """Samples (rows, columns) of one encapsulated or big-endian image, as stored."""
    name = DECODERS.get(frame.syntax, "")
    stream = file.stream(frame.path)
    try:
        if frame.syntax == BIG_ENDIAN:
            return _big_endian(frame.pixels, stream)
        code = _code(frame, file)
        if name == "imagecodecs":
            return _by_imagecodecs(frame, code)
        samples = _by_pydicom(frame, encapsulate([code], has_bot=False), name)
        return _signed_as_coded(samples, code, frame.pixels)
    except DECODING_ERRORS as error:
        said = f"a stream that {name or 'numpy'} cannot decode ({type(error).__name__})"
        raise _corrupt(frame, said) from error


def _signed_as_coded(samples: Array, code: bytes, pixels: Pixels) -> Array:
    """The sign is the JPEG 2000 codestream's (T.800, A.5.1, Ssiz), also where the header says unsigned."""
    coded = code[42] if code[:4] == b"\xff\x4f\xff\x51" and len(code) > 42 else 0
    if not coded & 0x80 or pixels.signed:
        return samples
    span = 1 << (coded & 0x7F) + 1
    wide = samples.astype(np.int32)
    return np.where(wide >= span >> 1, wide - span, wide)


def _big_endian(pixels: Pixels, stream: BufferedIOBase) -> Array:
    """Plain big-endian samples (rows, columns) in native order (PS3.5, 8.1.1 and annex D).

    Samples of 8 bits in words were swapped in pairs from the start of all pixel data, whatever their frame.
    """
    width = pixels.bits_allocated // 8
    if width == 1 and pixels.in_words:
        before = pixels.frame_start % 2
        stream.seek(pixels.offset - before)
        count = before + pixels.frame_bytes
        words = np.frombuffer(stream.read(count + count % 2), dtype="u1").reshape(-1, 2)[:, ::-1]
        content = words.reshape(-1)[before:count].tobytes()
    else:
        stream.seek(pixels.offset)
        content = stream.read(pixels.frame_bytes)
    kind = np.dtype(f">{'i' if pixels.signed else 'u'}{width}")
    return np.frombuffer(content, dtype=kind).reshape(pixels.shape).astype(kind.newbyteorder("="))


def _by_pydicom(frame: Frame, content: bytes, plugin: str) -> Array:
    """One image through pydicom's decoder of the syntax, with the named plugin."""
    pixels = frame.pixels
    decoder = get_decoder(UID(frame.syntax))
    if not decoder.is_available:
        raise _no_decoder(frame, plugin)
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
        "correct_unused_bits": frame.syntax not in WITH_JUNK,  # pydicom's ignores HighBit
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of padding and of sign, which pydicom has dealt with by then
        array, _ = decoder.as_array(content, raw=True, decoding_plugin=plugin, **options)
    return np.array(array, dtype=array.dtype.newbyteorder("="))


def _by_imagecodecs(frame: Frame, code: bytes) -> Array:
    """One image of 12-bit or retired JPEG."""
    try:
        imagecodecs = importlib.import_module("imagecodecs")
    except ImportError as error:
        raise _no_decoder(frame, "imagecodecs") from error
    return np.array(imagecodecs.jpeg_decode(code))


def _corrupt(frame: Frame, found: str) -> Refused:
    """Pixel data that are not what the header says."""
    rows, columns = frame.pixels.shape
    step = "copy or export the file again"
    return Refused("CORRUPT", frame.path, found, f"a picture of {rows} x {columns}", step)


def _too_deep(frame: Frame, found: str) -> Refused:
    """Colour of more bits than RGB24 holds; to drop the lower ones would be to guess which of them matter."""
    step = "convert the file to 8 bits a channel, with the window that shows what matters"
    return Refused("BAD_TYPE", frame.path, found, "8 bits, as RGB24 has them", step)


def _no_decoder(frame: Frame, name: str) -> Refused:
    """The decoder of a known syntax is not installed."""
    said = f"{frame.syntax} ({UID(frame.syntax).name})"
    step = f"pip install {PACKAGES.get(name, name)}"
    return Refused("UNKNOWN_SYNTAX", frame.path, said, "an installed decoder", step)


def decoder_version(name: str) -> str:
    """Version of the package that holds a decoder; "" where it is not installed."""
    try:
        return importlib.metadata.version(PACKAGES[name])
    except importlib.metadata.PackageNotFoundError:
        return ""
