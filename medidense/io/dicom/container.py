"""Where does the data set of a DICOM file begin, and is it safe to open? Preamble, group 2, deflation."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from medidense.io.dicom.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from medidense.io.guard import LIMITS, Limits, opened
from medidense.values import Refusal, Refused

MARK_END = 132
"""Preamble of 128 bytes and the four letters DICM (PS3.10, 7.1)."""

FOREIGN = ("EMPTY", "NOT_DICOM", "NO_TS")
"""Refusal codes of files that `data_set` does not take for DICOM."""

BARE_OPENINGS = (b"\x08\0\0\0", b"\x08\0\x05\0", b"\x08\0\x08\0", b"\x02\0\0\0", b"\x02\0\x01\0", b"\0\x08\0")
"""First bytes of a data set written without preamble, little and big endian."""


def has_mark(opening: bytes) -> bool:
    """Whether a file that begins so bears the DICM mark."""
    return opening[128:MARK_END] == b"DICM"


def is_bare(opening: bytes) -> bool:
    """Whether a file that begins so looks like a data set without a preamble."""
    return opening.startswith(BARE_OPENINGS)


def guessed_syntax(opening: bytes) -> str:
    """The uncompressed syntax that the first six bytes of a data set show, "" where they show none."""
    if not is_bare(opening):
        return ""
    if opening.startswith(b"\0\x08"):
        return BIG_ENDIAN
    return EXPLICIT if opening[4:6].isalpha() and opening[4:6].isupper() else IMPLICIT


def foreign(path: Path, opening: bytes) -> Refusal | None:
    """Why a file that begins so is no DICOM file; None where it bears the mark."""
    if has_mark(opening):
        return None
    if not opening:
        return Refusal("EMPTY", str(path), "0 bytes", "a DICOM file", "copy the file again")
    if is_bare(opening):
        step = "export the file again, or let the syntax be guessed (--guess-syntax)"
        return Refusal("NO_TS", str(path), "a data set without preamble and group 2", "a DICOM file", step)
    return Refusal("NOT_DICOM", str(path), "no DICM mark at byte 128", "a DICOM file", "give another file")


def is_plain(opening: bytes) -> bool:
    """Whether a file that begins so bears the mark and, as far as it is seen, is not deflated."""
    return has_mark(opening) and DEFLATED.encode() not in opening


@contextmanager
def data_set(path: Path, limits: Limits = LIMITS, *, bare: bool = False) -> Iterator[BufferedIOBase]:
    """A stream of the whole DICOM file; a deflated one is inflated and says explicit little endian.

    The offsets of a `Frame` are positions in this stream. With `bare` a data set without preamble will do.
    Raises Refused EMPTY, NOT_DICOM or NO_TS for what bears no mark, NO_ACCESS, and TRUNCATED, CORRUPT or BOMB
    for a deflated data set.
    """
    with opened(path) as stream:
        opening = stream.read(MARK_END)
        refusal = foreign(path, opening)
        if refusal is not None and not (bare and is_bare(opening)):
            raise Refused(**vars(refusal))
        if refusal is not None:
            stream.seek(0)
            yield stream
            return
        group = _group_two(stream)
        if DEFLATED.encode() in group:
            yield _inflated(stream, group, path, limits)
        else:
            stream.seek(0)
            yield stream


def _group_two(stream: BufferedIOBase) -> bytes:
    """The bytes of the file meta information; the stream is left behind them."""
    first = stream.read(12)
    if first[:4] != b"\x02\0\0\0" or len(first) < 12:
        return b""
    return first + stream.read(min(struct.unpack("<I", first[8:])[0], 1 << 16))


def _inflated(stream: BufferedIOBase, group: bytes, path: Path, limits: Limits) -> io.BytesIO:
    """The file with its data set inflated in pieces, so that a bomb is seen before it fills the memory.

    The syntax is overwritten in place: explicit little endian, padded to the length of the old value.
    """
    out = io.BytesIO()
    patched = group.replace(DEFLATED.encode(), EXPLICIT.encode().ljust(len(DEFLATED), b"\0"))
    out.write(b"\0" * 128 + b"DICM" + patched)
    inflater, grown = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not inflater.eof:
        piece = inflater.unconsumed_tail or stream.read(1 << 16)
        if not piece:
            step = "copy the file again"
            raise Refused("TRUNCATED", path, "a deflated data set without an end", "all of it", step)
        try:
            grown += out.write(inflater.decompress(piece, 1 << 22))
        except zlib.error as error:
            raise Refused(
                "CORRUPT", path, str(error), "a deflated data set", "copy the file again"
            ) from error
        ratio = grown / stream.tell()
        if grown > limits.inflated_bytes or (grown > 64 << 20 and ratio > limits.inflation_ratio):
            expected = f"at most {limits.inflated_bytes} bytes and {limits.inflation_ratio} times the file"
            raise Refused("BOMB", path, f"{grown} bytes so far", expected, "check the file")
    out.seek(0)
    return out
