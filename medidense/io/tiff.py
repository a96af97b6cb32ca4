"""What does a TIFF file declare, before anything decodes it? One page, its numbers, and where they lie.

After TIFF 6.0 (Adobe, 1992), section 2, and BigTIFF, whose counts and offsets have 8 bytes. Only the tags
that decide are looked at; the decoder reads the rest.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense.io.guard import Limits
from medidense.values import Refused

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF and a BigTIFF begin, in either byte order."""

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, FORMAT, PLANAR = (
    256,
    257,
    258,
    259,
    262,
    277,
    339,
    284,
)
STRIPS, ROWS, STRIP_BYTES = 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 322, 323, 324, 325
TAGS = frozenset(
    (WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, FORMAT, PLANAR)
    + (STRIPS, ROWS, STRIP_BYTES, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES)
)
TYPES = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}
"""Field type -> whole numbers of that many bytes; the tags above have no other."""

Tags = Mapping[int, NDArray[np.unsignedinteger]]


@dataclass(frozen=True)
class _Layout:
    """How the directories of a file are written."""

    order: str
    count: str
    entry: int
    word: str

    @property
    def word_size(self) -> int:
        """Bytes of an offset."""
        return struct.calcsize(self.word)


def check_tiff(path: Path, content: bytes, limits: Limits) -> bool:
    """Refuse what is not one page of unsigned numbers that lies wholly in the file.

    Returns whether its 16-bit values run from white (PhotometricInterpretation 0), which Pillow leaves so.
    Raises Refused CORRUPT (a ring of pages), DIMENSIONS, BOMB, TRUNCATED, BAD_TYPE or COLOUR.
    """
    layout = _layout(path, content)
    first = _only_page(path, content, layout, limits)
    tags = _tags(path, content, layout, first)
    width, height = _one(tags, WIDTH, 0), _one(tags, HEIGHT, 0)
    if not (width and height and _one(tags, SAMPLES, 1)):
        raise Refused("CORRUPT", path, f"{width} x {height} pixels", "at least 1 x 1", "save it again")
    tile = _one(tags, TILE_WIDTH, 1) * _one(tags, TILE_HEIGHT, 1)
    pixels = max(width * height, tile)
    if pixels > limits.picture_pixels:
        raise Refused("BOMB", path, f"{pixels} pixels", f"at most {limits.picture_pixels}", "check the file")
    _check_type(path, tags)
    _check_pieces(path, len(content), tags)
    return _one(tags, PHOTOMETRIC, 1) == 0 and _one(tags, BITS, 1) == 16


def _layout(path: Path, content: bytes) -> _Layout:
    """The layout that the first bytes announce."""
    order = "<" if content.startswith(b"II") else ">"
    if content[:4] in (b"II*\0", b"MM\0*"):
        return _Layout(order, f"{order}H", 12, f"{order}I")
    if order == ">":  # Pillow takes its offsets for those of a plain TIFF
        step = "save it as plain TIFF or as PNG"
        raise Refused("BAD_TYPE", path, "a big-endian BigTIFF", "a TIFF that Pillow reads", step)
    return _Layout(order, f"{order}Q", 20, f"{order}Q")


def _only_page(path: Path, content: bytes, layout: _Layout, limits: Limits) -> int:
    """Where the one page's directory begins. The list of pages is followed to its end, never twice."""
    pages: dict[int, None] = {}
    at = _number(path, content, layout.word, layout.word_size if layout.entry == 12 else 8)
    while at:
        if at in pages:
            raise Refused("CORRUPT", path, "pages that lead in a ring", "a list of pages", "save it again")
        if len(pages) == limits.tiff_pages:
            found, expected = f"more than {limits.tiff_pages} pages", f"at most {limits.tiff_pages}"
            raise Refused("BOMB", path, found, expected, "check the file")
        pages[at] = None
        entries = _number(path, content, layout.count, at)
        at += struct.calcsize(layout.count) + entries * layout.entry
        at = _number(path, content, layout.word, at)
    if len(pages) != 1:
        step = "save one page as a picture of its own"
        raise Refused("DIMENSIONS", path, f"{len(pages)} pages", "one", step)
    return next(iter(pages))


def _number(path: Path, content: bytes, form: str, at: int) -> int:
    """One number of the file's structure. Refused TRUNCATED where it would lie behind the end."""
    if at + struct.calcsize(form) > len(content):
        found = f"{len(content)} bytes"
        raise Refused("TRUNCATED", path, found, f"a directory at byte {at}", "copy the file again")
    return int(struct.unpack_from(form, content, at)[0])


def _tags(path: Path, content: bytes, layout: _Layout, page: int) -> Tags:
    """The tags that decide, each an array of whole numbers; the first of a kind counts."""
    tags: dict[int, NDArray[np.unsignedinteger]] = {}
    begin = page + struct.calcsize(layout.count)
    for entry in range(_number(path, content, layout.count, page)):
        at = begin + entry * layout.entry
        tag, kind = struct.unpack_from(f"{layout.order}HH", content, at)
        if tag not in TAGS or tag in tags or kind not in TYPES:
            continue
        number = np.dtype(layout.order + TYPES[kind])
        count = _number(path, content, layout.word, at + 4)
        place = at + 4 + layout.word_size
        if count * number.itemsize > layout.word_size:
            place = _number(path, content, layout.word, place)
        if count == 0 or place + count * number.itemsize > len(content):
            found = f"{len(content)} bytes"
            expected = f"{count} numbers of tag {tag} at byte {place}"
            raise Refused("TRUNCATED", path, found, expected, "copy the file again")
        tags[tag] = np.frombuffer(content, number, count, place)
    return tags


def _one(tags: Tags, tag: int, otherwise: int) -> int:
    """The first number of a tag."""
    return int(tags[tag][0]) if tag in tags else otherwise


def _bits(tags: Tags) -> list[int]:
    """Bits of each sample of a pixel."""
    samples = _one(tags, SAMPLES, 1)
    bits = [int(number) for number in tags[BITS][:samples]] if BITS in tags else [1]
    return bits if len(bits) == samples else bits[:1] * min(samples, 64)


def _check_type(path: Path, tags: Tags) -> None:
    """Refuse BAD_TYPE for numbers that are not unsigned of 16 bits at most, COLOUR for 16-bit colour."""
    bits = _bits(tags)
    signs = {int(kind) for kind in tags[FORMAT]} if FORMAT in tags else {1}
    if signs != {1} or max(bits) > 16:
        found = f"{max(bits)} bits, {'unsigned' if signs == {1} else 'signed or floating point'}"
        step = "convert it to NIfTI, or save it with 8 or 16 bits"
        raise Refused("BAD_TYPE", path, found, "unsigned numbers of at most 16 bits", step)
    if len(bits) > 1 and max(bits) > 8:
        step = "save it as 16-bit grey without transparency, or as 8-bit colour"
        raise Refused("COLOUR", path, "16-bit colour or transparency", "one channel", step)


def _check_pieces(path: Path, size: int, tags: Tags) -> None:
    """Refuse TRUNCATED where strips or tiles are missing, end behind the file, or hold too little."""
    tiled = TILES in tags
    offsets = tags.get(TILES if tiled else STRIPS)
    counts = tags.get(TILE_BYTES if tiled else STRIP_BYTES)
    width, height = _one(tags, WIDTH, 0), _one(tags, HEIGHT, 0)
    across, down = (TILE_WIDTH, TILE_HEIGHT) if tiled else (0, ROWS)
    pieces = -(-width // max(_one(tags, across, width), 1)) * -(-height // max(_one(tags, down, height), 1))
    pieces *= _one(tags, SAMPLES, 1) if _one(tags, PLANAR, 1) == 2 else 1
    step = "copy the file again"
    if offsets is None or len(offsets) < pieces:
        found = f"{0 if offsets is None else len(offsets)} strips or tiles"
        raise Refused("TRUNCATED", path, found, str(pieces), step)
    if counts is None:
        return
    end = max(int(first) + int(count) for first, count in zip(offsets, counts, strict=False))
    if end > size:
        raise Refused("TRUNCATED", path, f"{size} bytes", f"{end} bytes", step)
    needed = (width * height * sum(_bits(tags)) + 7) // 8
    held = sum(int(count) for count in counts)
    if _one(tags, COMPRESSION, 1) == 1 and held < needed:
        raise Refused("TRUNCATED", path, f"{held} bytes of pixels", f"{needed} bytes", step)
