"""What grey values does a PNG or JPEG picture hold? Nothing is converted without a word."""

import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from medidense.io.guard import LIMITS, Limits, opened
from medidense.values import Refused, Source, Volume

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
SUFFIXES = {".png": PNG, ".jpg": JPEG, ".jpeg": JPEG}
"""Name -> how such a file begins."""

PICTURE_AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""i to the right, j down, spacing unknown: taken as 1."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError, zlib.error, IndexError)
"""What Pillow raises on broken pictures; a SyntaxError is its word for a broken PNG chunk."""


def is_picture(opening: bytes) -> bool:
    """Whether a file that begins so is PNG or JPEG."""
    return opening.startswith((PNG, JPEG))


def read_picture(path: Path, limits: Limits = LIMITS) -> Volume:
    """Read an 8- or 16-bit grey picture, or a colour one whose three channels are equal, as
    (width, height, 1).

    8 bits and less become int16, 16 bits int32; a 1-bit picture holds 0 and 1. The spacing is unknown.
    A camera's orientation mark (EXIF) is followed.
    Raises Refused NOT_PICTURE, EMPTY, COLOUR, BAD_TYPE, TRUNCATED, CORRUPT, BOMB or NO_ACCESS.
    """
    with opened(path) as stream:
        content = stream.read()
    _check_content(path, content)
    grey = _decoded(path, content, limits)
    kind = np.int32 if grey.dtype.itemsize > 1 else np.int16
    array = np.ascontiguousarray(grey.T.astype(kind))[:, :, np.newaxis]
    named = SUFFIXES.get(path.suffix.lower())
    wrong = named is not None and not content.startswith(named)
    note = ("REPAIRED_VALUE: the picture is of another kind than its name says",) if wrong else ()
    return Volume(array, PICTURE_AFFINE.copy(), Source("picture"), spacing_known=False, warnings=note)


def _check_content(path: Path, content: bytes) -> None:
    """Refuse what is no PNG or JPEG, has no end, or would lose bits in Pillow."""
    if not content:
        raise Refused("EMPTY", path, "0 bytes", "a PNG or JPEG picture", "copy the file again")
    if not is_picture(content):
        step = "give a PNG or JPEG picture; other kinds are read by a later version"
        raise Refused("NOT_PICTURE", path, "another signature", "PNG or JPEG", step)
    # a JPEG ends with EOI behind its last scan; inside a scan the marker cannot occur (T.81, B.1.1.5)
    if content.startswith(JPEG) and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        raise Refused("TRUNCATED", path, "no end of image", "a whole JPEG", "copy the file again")
    if content.startswith(PNG) and content[24:25] == b"\x10" and content[25:26] != b"\0":
        step = "save it as 16-bit grey without transparency"
        raise Refused("COLOUR", path, "16-bit colour or transparency", "one channel", step)


def _decoded(path: Path, content: bytes, limits: Limits) -> NDArray[np.generic]:
    """Grey values (rows, columns) as uint8, uint16 or bool."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its size warning comes at another limit than ours
            with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
                pixels = picture.size[0] * picture.size[1]
                if pixels > limits.picture_pixels:
                    said, expected = f"{pixels} pixels", f"at most {limits.picture_pixels}"
                    raise Refused("BOMB", path, said, expected, "check the file")
                if getattr(picture, "n_frames", 1) > 1:
                    raise Refused("DIMENSIONS", path, "an animation", "one picture", "save one frame")
                picture.load()
                return _grey(path, ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        said, expected = "too many pixels", f"at most {limits.picture_pixels}"
        raise Refused("BOMB", path, said, expected, "check the file") from error
    except UnidentifiedImageError as error:
        raise Refused("CORRUPT", path, "a broken header", "a picture", "save it again") from error
    except BROKEN as error:
        code = _broken_code(error, content)
        raise Refused(code, path, type(error).__name__, "a whole picture", "copy or save it again") from error


def _broken_code(error: BaseException, content: bytes) -> str:
    """BOMB for text that Pillow refuses to inflate, TRUNCATED for a file without its end, else CORRUPT."""
    if "MAX_TEXT" in str(error):
        return "BOMB"
    cut = "truncated" in str(error).lower() or (content.startswith(PNG) and b"IEND" not in content[-64:])
    return "TRUNCATED" if cut else "CORRUPT"


def _grey(path: Path, picture: Image.Image) -> NDArray[np.generic]:
    """The one channel of a picture. Refused COLOUR where channels differ or something is transparent."""
    if picture.mode in ("1", "L", "I;16", "I;16B", "I;16L"):
        values = np.asarray(picture)
        return values.astype(np.uint16) if values.dtype.itemsize == 2 else values
    step = "save it as grey; which channel to use is not guessed"
    if picture.mode == "P":
        picture = picture.convert("RGBA")
    if picture.mode not in ("RGB", "RGBA", "LA"):
        raise Refused("COLOUR", path, f"mode {picture.mode}", "one channel of 8 or 16 bits", step)
    channels = np.asarray(picture)
    if picture.mode in ("RGBA", "LA"):
        if (channels[..., -1] != 255).any():
            raise Refused("COLOUR", path, "transparent pixels", "an opaque picture", step)
        channels = channels[..., :-1]
    if (channels != channels[..., :1]).any():
        raise Refused("COLOUR", path, "three channels that differ", "one channel", step)
    return channels[..., 0]
