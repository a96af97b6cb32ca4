"""What do single frames of a multi-frame object hold, when only some of them are wanted?

A segmentation of many segments unpacks to far more than its image, so each frame is decoded alone. pydicom
does this too, but loses the end of a bit-packed frame that begins and ends within bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from medidense.io.dicom.elements import numbers, word
from medidense.io.dicom.objects import understood
from medidense.io.dicom.syntaxes import BIG_ENDIAN, DECODERS, NATIVE
from medidense.io.guard import codestream_size
from medidense.values import Refused

Array = NDArray[Any]

BITS = (1, 8, 16)
WORD = 16
"""Bits of a word of OW."""


@dataclass(frozen=True)
class Layout:
    """How the frames of an object are stored: plain unsigned numbers of one channel."""

    rows: int
    columns: int
    frames: int
    bits: int
    syntax: str

    @classmethod
    def of(cls, found: Dataset, path: Path) -> "Layout":
        """Read from a data set. Refused CORRUPT, BAD_TYPE or UNKNOWN_SYNTAX."""
        keywords = ("Rows", "Columns", "NumberOfFrames", "BitsAllocated")
        stated = [numbers(found, keyword, 1) for keyword in keywords]
        rows, columns, frames, bits = (0 if value is None else int(value[0]) for value in stated)
        if min(rows, columns, frames, bits) < 1:
            said = f"{frames} frames of {rows} x {columns} pixels of {bits} bits"
            raise Refused("CORRUPT", path, said, "at least one of each", "export the object again")
        if bits not in BITS:
            step = "export the object again"
            raise Refused("BAD_TYPE", path, f"{bits} bits allocated", "1, 8 or 16", step)
        syntax = word(found.file_meta, "TransferSyntaxUID")
        if syntax not in NATIVE and DECODERS.get(syntax) in (None, "imagecodecs"):
            said, step = f"{syntax} ({UID(syntax).name})", "convert the object to an uncompressed syntax"
            raise Refused("UNKNOWN_SYNTAX", path, said, "a syntax with a decoder", step)
        return cls(rows, columns, frames, bits, syntax)


def planes(found: Dataset, layout: Layout, wanted: Sequence[int], path: Path) -> Iterator[Array]:
    """The wanted frames, (rows, columns) of uint8 or uint16 each, in the order of their numbers from 0.

    Raises Refused TRUNCATED or CORRUPT.
    """
    with understood(path):
        content = found["PixelData"].value if "PixelData" in found else None
        in_words = content is not None and (found["PixelData"].VR != "OB" or layout.bits == 16)
    if not isinstance(content, bytes):
        raise Refused("CORRUPT", path, "no pixel data", "frames", "copy or export the object again")
    swapped = layout.syntax == BIG_ENDIAN and in_words
    found_frames = (
        _plain(content, layout, sorted(wanted), (path, swapped))
        if layout.syntax in NATIVE
        else _compressed(content, layout, sorted(wanted), path)
    )
    for stored in found_frames:
        if stored.size != layout.rows * layout.columns:
            said, expected = f"a frame of {stored.size} pixels", f"{layout.rows} x {layout.columns}"
            raise Refused("CORRUPT", path, said, expected, "export the object again")
        yield stored.reshape(layout.rows, layout.columns)


def _plain(
    content: bytes, layout: Layout, wanted: Sequence[int], about: tuple[Path, bool]
) -> Iterator[Array]:
    """Frames of plain samples; bits are packed from the lowest on, across frames (PS3.5, 8.1.1 and D).

    `about` is the file, and whether the 16-bit words that samples of any size were put into have their high
    byte first, as OW has it in big-endian files (PS3.5, 7.3 and A.3).
    """
    path, swapped = about
    bits = layout.rows * layout.columns * layout.bits
    needed = (bits * layout.frames + 7) // 8
    needed += needed % 2 if swapped else 0
    if len(content) < needed:
        said = f"{len(content)} bytes of pixel data"
        raise Refused("TRUNCATED", path, said, f"{needed} bytes", "copy the file again")
    for frame in wanted:
        begin, end = frame * bits, (frame + 1) * bits
        first = begin // WORD * 2
        stored = np.frombuffer(content[first : (end + WORD - 1) // WORD * 2], dtype=np.uint8)
        if swapped:
            stored = stored.view(">u2").astype("<u2").view(np.uint8)
        if layout.bits == 1:
            yield np.unpackbits(stored, bitorder="little")[begin - first * 8 :][:bits]
        else:
            yield stored[begin // 8 - first :][: bits // 8].view(f"<u{layout.bits // 8}")


def _compressed(content: bytes, layout: Layout, wanted: Sequence[int], path: Path) -> Iterator[Array]:
    """Frames of an encapsulated stream, each compared with the object's size before it is decoded."""
    missing = set(wanted)
    with understood(path):
        for number, code in enumerate(generate_frames(content, number_of_frames=layout.frames)):
            if number not in missing:
                continue
            missing.remove(number)
            declared = codestream_size(code)
            if declared not in (None, (layout.rows, layout.columns)):
                said, expected = f"a codestream of {declared}", f"({layout.rows}, {layout.columns})"
                raise Refused("CORRUPT", path, said, expected, "export the object again")
            yield _decoded(code, layout)
    if missing:
        said = f"{layout.frames - len(missing)} frames"
        raise Refused("TRUNCATED", path, said, f"{layout.frames} frames", "copy the file again")


def _decoded(code: bytes, layout: Layout) -> Array:
    """One compressed frame."""
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "pixel_representation": 0,
        "bits_allocated": layout.bits,
        "bits_stored": layout.bits,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        "pixel_vr": "OB",
    }
    decoder = get_decoder(UID(layout.syntax))
    array, _ = decoder.as_array(
        encapsulate([code]), raw=True, decoding_plugin=DECODERS[layout.syntax], **options
    )
    return np.asarray(array)
