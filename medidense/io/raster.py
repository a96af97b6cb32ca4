"""What does a PNG, JPEG or TIFF picture hold? One channel or three; nothing is converted without a rule."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from medidense.io.arrays import Allocate, in_memory
from medidense.io.guard import LIMITS, Limits, opened
from medidense.io.tiff import TIFF, check_tiff
from medidense.values import Refused, Source, Volume

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
KINDS = MappingProxyType({"PNG": (PNG,), "JPEG": (JPEG,), "TIFF": TIFF})
"""Pillow's name of a format -> how such a file may begin."""
SUFFIXES = MappingProxyType(
    {
        ".png": KINDS["PNG"],
        ".jpg": KINDS["JPEG"],
        ".jpeg": KINDS["JPEG"],
        ".tif": KINDS["TIFF"],
        ".tiff": KINDS["TIFF"],
        **dict.fromkeys((".bmp", ".gif", ".svg", ".webp"), ()),
    }
)
"""Name of a picture -> how such a file begins; nothing for kinds that are refused."""

PICTURE_AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""i to the right, j down, spacing unknown: taken as 1."""

GREY = ("1", "L", "I;16", "I;16B", "I;16L")
"""Pillow's modes of one channel of 16 bits at most."""
OPAQUE, VEILED = ("CMYK", "YCbCr"), ("P", "PA", "RGBa")
"""Modes that are converted to RGB, and to RGBA."""
BAND = 1 << 22
"""Pixels that are converted at a time."""
DECODING_BYTES = 8
"""For a pixel: Pillow's own copy, and the one that is turned as the camera was held."""
BYTES_OF_PIXEL = 8
"""No kind of picture that is read has more; a file may hold `Limits.element_bytes` of other things."""

BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    zlib.error,
    struct.error,
    LookupError,
    TypeError,
    ArithmeticError,
)
"""What Pillow raises on broken pictures; a SyntaxError is its word for a broken PNG chunk."""

Pixels = NDArray[Any]


def is_picture(opening: bytes) -> bool:
    """Whether a file that begins so is PNG, JPEG or TIFF."""
    return bool(_kind(opening))


def no_scratch(_: int) -> None:
    """Private memory that nobody has to grant."""


def read_picture(
    path: Path,
    allocate: Allocate = in_memory,
    limits: Limits = LIMITS,
    scratch: Callable[[int], None] = no_scratch,
) -> Volume:
    """Read a picture of 8 or 16 bits: grey as (width, height, 1), colour as uint8 (width, height, 1, 3).

    Grey of 8 bits and less becomes int16, of 16 bits int32; a 1-bit picture holds 0 and 1. A picture whose
    three channels are equal everywhere is grey. Palettes, CMYK and YCbCr become RGB; what is transparent lies
    over black. The orientation mark of a camera (EXIF, TIFF) is followed. The spacing is unknown.
    `allocate` gives the array for the result, `scratch` is told how many bytes decoding needs beside it.

    Raises Refused NOT_PICTURE, EMPTY, COLOUR (16-bit colour), BAD_TYPE, DIMENSIONS, TRUNCATED, CORRUPT, BOMB,
    TOO_LARGE or NO_ACCESS.
    """
    content = _content(path, limits)
    kind = _kind(content)
    inverted = kind == "TIFF" and check_tiff(path, content, limits)
    notes = []
    if not content.startswith(SUFFIXES.get(path.suffix.lower(), KINDS[kind])):
        notes.append(f"REPAIRED_VALUE: the picture is {kind}, though its name says another kind")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its size warning comes at another limit than ours
            with Image.open(BytesIO(content), formats=(kind,)) as picture:
                if _has_more(path, picture, limits):
                    notes.append("TRAILING_BYTES: more pictures lie behind the first; they were not used")
                scratch(len(content) + DECODING_BYTES * picture.size[0] * picture.size[1])
                picture.load()
                _stretch_key(picture, content)
                ImageOps.exif_transpose(picture, in_place=True)
    except Image.DecompressionBombError as error:
        counted = re.search(r"\d+", str(error))  # Pillow's own limit is met before ours
        said, expected = f"{counted[0] if counted else 'too many'} pixels", f"at most {limits.picture_pixels}"
        raise Refused("BOMB", path, said, expected, "check the file") from error
    except UnidentifiedImageError as error:
        code, said = ("BAD_TYPE", "an unusual TIFF") if kind == "TIFF" else ("CORRUPT", "a broken header")
        raise Refused(code, path, said, "a picture", "save it again") from error
    except BROKEN as error:
        code = _broken_code(error, content)
        raise Refused(code, path, type(error).__name__, "a whole picture", "copy or save it again") from error
    array = _converted(path, picture, allocate)
    if inverted:
        np.subtract(np.iinfo(np.uint16).max, array, out=array)
    source = Source("picture", compressed=kind == "JPEG")
    return Volume(array, PICTURE_AFFINE.copy(), source, spacing_known=False, warnings=tuple(notes))


def _kind(content: bytes) -> str:
    """Pillow's name of the format, by how the file begins; "" for any other."""
    return next((kind for kind, openings in KINDS.items() if content.startswith(openings)), "")


def _content(path: Path, limits: Limits) -> bytes:
    """The file. Refused where it is no picture that is read, has no end, or would lose bits in Pillow."""
    most = limits.picture_pixels * BYTES_OF_PIXEL + limits.element_bytes
    with opened(path) as stream:
        if stream.seek(0, io.SEEK_END) > most:
            raise Refused("TOO_LARGE", path, f"more than {most} bytes", f"at most {most}", "save it anew")
        stream.seek(0)
        content = stream.read()
    if not content:
        raise Refused("EMPTY", path, "0 bytes", "a PNG, JPEG or TIFF picture", "copy the file again")
    if not is_picture(content):
        step = "save it as PNG, JPEG or TIFF"
        raise Refused("NOT_PICTURE", path, "another signature", "PNG, JPEG or TIFF", step)
    # a JPEG ends with EOI behind its last scan; inside a scan the marker cannot occur (T.81, B.1.1.5)
    if content.startswith(JPEG) and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        raise Refused("TRUNCATED", path, "no end of image", "a whole JPEG", "copy the file again")
    if content.startswith(PNG) and content[24:25] == b"\x10" and content[25:26] != b"\0":
        step = "save it as 16-bit grey without transparency, or as 8-bit colour"
        raise Refused("COLOUR", path, "16-bit colour or transparency", "one channel", step)
    return content


def _has_more(path: Path, picture: Image.Image, limits: Limits) -> bool:
    """Whether pictures follow the first, which stands for all (MPO, of cameras). Refused before decoding.

    Raises Refused BOMB, and DIMENSIONS for an animation.
    """
    pixels = picture.size[0] * picture.size[1]
    if pixels > limits.picture_pixels:
        raise Refused("BOMB", path, f"{pixels} pixels", f"at most {limits.picture_pixels}", "check the file")
    several = picture.format != "TIFF" and getattr(picture, "n_frames", 1) > 1
    if several and picture.format == "PNG":
        raise Refused("DIMENSIONS", path, "an animation", "one picture", "save one frame")
    return several


def _broken_code(error: BaseException, content: bytes) -> str:
    """BOMB for text that Pillow refuses to inflate, TRUNCATED for a file without its end, else CORRUPT."""
    if "MAX_TEXT" in str(error):
        return "BOMB"
    cut = "truncated" in str(error).lower() or (content.startswith(PNG) and b"IEND" not in content[-64:])
    return "TRUNCATED" if cut else "CORRUPT"


def _converted(path: Path, picture: Image.Image, allocate: Allocate) -> Pixels:
    """The values (width, height, 1) or (width, height, 1, 3), band after band into the array given."""
    grey = picture.mode in GREY or all(_is_grey(band) for _, band in _bands(path, picture))
    shape = (picture.width, picture.height, 1)
    if not grey:
        colours = allocate((*shape, 3), np.dtype(np.uint8))
        for rows, band in _bands(path, picture):
            colours[:, rows, 0] = band.swapaxes(0, 1)
        return colours
    deep = picture.mode.startswith("I;16")
    values = allocate(shape, np.dtype(np.int32 if deep else np.int16))
    for rows, band in _bands(path, picture):
        values[:, rows, 0] = (band if band.ndim == 2 else band[..., 0]).T
    return values


def _is_grey(band: Pixels) -> bool:
    """Whether there is one channel, or three that are equal."""
    return band.ndim == 2 or bool((band == band[..., :1]).all())


def _bands(path: Path, picture: Image.Image) -> Iterator[tuple[slice, Pixels]]:
    """(rows, their pixels) from the top: (rows, columns), or (rows, columns, 3) uint8."""
    width, height = picture.size
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield slice(top, bottom), _pixels(path, picture.crop((0, top, width, bottom)))


def _pixels(path: Path, picture: Image.Image) -> Pixels:
    """The pixels of a loaded picture, over black where transparent. Refused COLOUR for other modes."""
    if picture.mode in GREY:
        return _without_key(picture)
    if picture.mode == "La":
        picture = picture.convert("LA")
    elif picture.mode in VEILED or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode in OPAQUE:
        picture = picture.convert("RGB")
    if picture.mode not in ("RGB", "RGBA", "LA"):
        step = "save it as grey or RGB of 8 bits"
        raise Refused("COLOUR", path, f"mode {picture.mode}", "grey or RGB", step)
    pixels: Pixels = np.asarray(picture)
    if picture.mode != "RGB":
        alpha = pixels[..., -1:].astype(np.uint16)
        pixels = ((pixels[..., :-1] * alpha + 127) // 255).astype(np.uint8)
    return pixels if pixels.shape[-1] == 3 else pixels[..., 0]


def _stretch_key(picture: Image.Image, content: bytes) -> None:
    """Bring the transparent value of a PNG of 2 or 4 bits to 8; Pillow stretches the pixels alone."""
    key, depth = picture.info.get("transparency"), content[24]
    if picture.mode == "L" and isinstance(key, int) and depth in (2, 4) and key < 1 << depth:
        picture.info["transparency"] = key * 255 // ((1 << depth) - 1)


def _without_key(picture: Image.Image) -> Pixels:
    """Grey pixels, 0 where they have the one value that a PNG calls transparent (tRNS)."""
    pixels: Pixels = np.asarray(picture)
    key = picture.info.get("transparency")
    return np.where(pixels == key, 0, pixels) if isinstance(key, int) else pixels
