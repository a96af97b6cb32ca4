"""Pictures: cut, misnamed, turned, coloured, in pages, in a ring, and small files that want to be large."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.io.bad_inputs.zeros import zlib_zeros

PNG = b"\x89PNG\r\n\x1a\n"
GREY = np.random.default_rng(9).integers(0, 256, (48, 64)).astype(np.uint8)
"""(rows, columns)."""
SMOOTH = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1)) + np.arange(48, dtype=np.uint8)[:, None]
"""What JPEG keeps almost as it is."""
DEEP = (np.arange(48 * 64, dtype=np.uint16) * 21).reshape(48, 64)
"""Values beyond 8 bits."""
INKS = ((255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255))
PAINTS = ((0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0))
"""Cyan, magenta, yellow and black, as ink and as light."""
PALETTE, ALPHAS = ((255, 0, 0), (0, 200, 0), (0, 0, 255)), (255, 128, 0)
OVER_BLACK = ((255, 0, 0), (0, 100, 0), (0, 0, 0))
"""Red opaque, green half seen, blue not at all."""


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def saved(folder: Path, name: str, picture: Image.Image, **options: object) -> Path:
    picture.save(folder / name, **options)
    return folder / name


def png(folder: Path) -> Path:
    return saved(folder, "a.png", Image.fromarray(GREY))


def jpeg(folder: Path) -> Path:
    return saved(folder, "a.jpg", Image.fromarray(SMOOTH), quality=95)


def enormous(folder: Path) -> Path:
    """60000 x 60000 pixels of one bit, all black: 450 MB of zeros in 440 kB."""
    head = struct.pack(">2I5B", 60000, 60000, 1, 0, 0, 0, 0)
    body = zlib_zeros(60000 * (60000 // 8 + 1))
    (folder / "a.png").write_bytes(PNG + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return folder / "a.png"


def cut_png(folder: Path) -> Path:
    path = png(folder)
    content = path.read_bytes()
    assert content.index(b"IDAT") < len(content) // 2
    path.write_bytes(content[: len(content) // 2])
    return path


def cut_jpeg(folder: Path) -> Path:
    path = jpeg(folder)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def page_of_the_web(folder: Path) -> Path:
    (folder / "a.png").write_text("<!DOCTYPE html><html><body>404</body></html>\n" * 9)
    return folder / "a.png"


def png_named_jpeg(folder: Path) -> Path:
    return png(folder).rename(folder / "a.jpg")


def turned(folder: Path) -> Path:
    """As a camera stores a picture taken upright: EXIF orientation 6, turn by 90 degrees to the right."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(folder, "a.jpg", Image.fromarray(SMOOTH), quality=95, exif=exif)


def stripes(colours: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """(32, 32 for each colour, channels): broad upright stripes, which JPEG keeps."""
    return np.repeat(np.array(colours, dtype=np.uint8), 32, axis=0)[None].repeat(32, axis=0)


def inks(folder: Path) -> Path:
    picture = Image.frombytes("CMYK", (32 * len(INKS), 32), stripes(INKS).tobytes())
    return saved(folder, "a.jpg", picture, quality=95)


def palette_with_alpha(folder: Path) -> Path:
    numbers = stripes(tuple((n,) for n in range(len(PALETTE))))[..., 0]
    picture = Image.frombytes("P", numbers.shape[::-1], numbers.tobytes())
    picture.putpalette([value for colour in PALETTE for value in colour])
    return saved(folder, "a.png", picture, transparency=bytes(ALPHAS))


def deep_grey(folder: Path) -> Path:
    return saved(folder, "a.png", Image.fromarray(DEEP))


def tiff(folder: Path) -> Path:
    return saved(folder, "a.tif", Image.fromarray(GREY))


def pages(folder: Path) -> Path:
    rest = [Image.fromarray(GREY + n) for n in (1, 2)]
    return saved(folder, "a.tif", Image.fromarray(GREY), save_all=True, append_images=rest)


def ring(folder: Path, count: int) -> Path:
    """A TIFF of `count` pages whose last one names the first as its next (TIFF 6.0, section 2)."""
    rest = [Image.fromarray(GREY + n) for n in range(1, count)]
    path = saved(folder, "a.tif", Image.fromarray(GREY), save_all=True, append_images=rest)
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    at = first
    for _ in range(count):
        (entries,) = struct.unpack_from("<H", content, at)
        link = at + 2 + 12 * entries
        (at,) = struct.unpack_from("<I", content, link)
    assert at == 0
    struct.pack_into("<I", content, link, first)
    path.write_bytes(bytes(content))
    return path


def moving(folder: Path) -> Path:
    rest = [Image.fromarray(GREY[::-1])]
    return saved(folder, "a.gif", Image.fromarray(GREY), save_all=True, append_images=rest, duration=100)


def drawing(folder: Path) -> Path:
    body = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    (folder / "a.svg").write_text('<?xml version="1.0"?>\n' + body)
    return folder / "a.svg"


def long_text(folder: Path) -> Path:
    """A good picture with a comment of 1 GiB in 1 MB (PNG, zTXt)."""
    out = io.BytesIO()
    Image.fromarray(GREY).save(out, "PNG")
    content = out.getvalue()
    at = content.index(b"IDAT") - 4
    text = chunk(b"zTXt", b"Comment\0\0" + zlib_zeros(1 << 30))
    (folder / "a.png").write_bytes(content[:at] + text + content[at:])
    return folder / "a.png"
