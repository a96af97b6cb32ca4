"""Is it safe to decode this? Limits that are compared before a pixel is touched, and access to files."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from medidense.values import LIMITS as LIMITS
from medidense.values import Limits as Limits
from medidense.values import Refused


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file for reading. An error of the operating system, or no regular file, is Refused NO_ACCESS.

    A pipe is never waited for, not even one that takes the file's place while it is opened.
    """
    try:
        _check_regular(path, path.stat())
        with open(path, "rb", opener=_without_waiting) as stream:
            _check_regular(path, os.fstat(stream.fileno()))
            yield stream
    except OSError as error:
        raise no_access(path, error) from error


def beginning(path: Path, count: int) -> tuple[int, bytes]:
    """(size of the file, its first `count` bytes), refused as by `opened`, in a third of the time."""
    try:
        _check_regular(path, path.stat())
        descriptor = _without_waiting(str(path), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            facts = os.fstat(descriptor)
            _check_regular(path, facts)
            return facts.st_size, os.read(descriptor, count)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise no_access(path, error) from error


def _check_regular(path: Path, facts: os.stat_result) -> None:
    """Refuse a folder, a pipe, a socket, a device."""
    if not stat.S_ISREG(facts.st_mode):
        step = "give a file, or for DICOM the folder of the series"
        raise Refused("NO_ACCESS", path, "a folder, pipe or device", "a regular file", step)


def _without_waiting(path: str, flags: int) -> int:
    """Open as Python does, but without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def no_access(path: Path, error: OSError) -> Refused:
    """The refusal that an error of the operating system stands for."""
    step = "check that the path exists and that you may read it"
    return Refused("NO_ACCESS", path, error.strerror or type(error).__name__, "a readable file", step)


def check_size(shape: tuple[int, ...], bytes_per_voxel: int, where: Path, limits: Limits = LIMITS) -> None:
    """Refuse BOMB or TOO_LARGE where an array of this shape would pass the limits.

    >>> check_size((65535, 65535, 9999), 2, Path("a.dcm"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    medidense.values.refusal.Refused: BOMB: ... found 42944067413775 voxels, expected at most 1073741824; ...
    """
    voxels = 1
    for side in shape:
        voxels *= int(side)
    if voxels > limits.voxels:
        step = "check the file: a header that declares this is usually damaged"
        raise Refused("BOMB", where, f"{voxels} voxels", f"at most {limits.voxels}", step)
    if voxels * bytes_per_voxel > limits.decoded_bytes:
        step = "cut the volume into smaller ones"
        found = f"{voxels * bytes_per_voxel} bytes"
        raise Refused("TOO_LARGE", where, found, f"at most {limits.decoded_bytes}", step)


JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7})
"""Second bytes of the markers that open a frame: SOF0-SOF15 of ITU-T T.81 and SOF55 of T.87 (JPEG-LS)."""


def codestream_size(code: bytes) -> tuple[int, int] | None:
    """(rows, columns) that a JPEG, JPEG-LS or JPEG 2000 codestream declares; None where it cannot be told.

    ITU-T T.81 B.2.2 (frame header) and T.800 A.5.1 (SIZ).
    """
    if code[:4] == b"\xff\x4f\xff\x51" and len(code) >= 24:
        right, bottom, left, top = struct.unpack(">4I", code[8:24])
        return bottom - top, right - left
    at = 2
    while code[:2] == b"\xff\xd8" and at + 9 <= len(code) and code[at] == 0xFF:
        marker = code[at + 1]
        if marker in JPEG_FRAMES:
            rows, columns = struct.unpack(">2H", code[at + 5 : at + 9])
            return rows, columns
        alone = marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8
        at += (1 if marker == 0xFF else 2) if alone else 2 + int.from_bytes(code[at + 2 : at + 4], "big")
    return None
