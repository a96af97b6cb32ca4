"""Which file holds a NIfTI image's header, which its voxels, and how is either opened?

One file (.nii), or a pair: the header in .hdr, the voxels in .img. Each may be gzipped, whatever its name
says. The kind is told by the magic (nifti1.h, "NIFTI-1 FLAG"), never by the name; the name only leads from
one file of a pair to the other.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from medidense.io.guard import opened
from medidense.values import Refused

GZIP = b"\x1f\x8b"
HEAD = 544
"""Bytes of the longer of the two headers with its extension flag."""
SINGLE = {b"n+1\0": 1, b"n+2\0": 2}
PAIR = {b"ni1\0": 1, b"ni2\0": 2}
"""Magic -> version of NIfTI."""
INFLATION = 1032
"""Deflate makes at most this many bytes of one (zlib's technical notes, "Maximum Compression Factor")."""
SIDE = re.compile(r"(?P<stem>.*\.)(?P<side>hdr|img)(?P<zipped>\.gz)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class NiftiFiles:
    """What a path leads to: the file of the voxels, the opening of the header's file, and the version."""

    head: bytes
    version: int
    voxels: Path
    paired: bool


def find_files(path: Path) -> NiftiFiles:
    """The files of the image that `path` names; of a pair either may be named.

    Raises Refused EMPTY, NOT_NIFTI, NO_ACCESS (also for a partner that is not there), TRUNCATED or CORRUPT.
    """
    head = opening(path)
    version, paired = magic_of(head)
    if paired:
        return NiftiFiles(head, version, _voxels_beside(path), paired)
    if version:
        return NiftiFiles(head, version, path, paired)
    if not _is_side(path, "img"):
        raise _no_nifti(path, head)
    header = header_beside(path)
    if header is None:
        step = "put the header of the pair beside it"
        wanted = _other_side(path, "hdr")[0]
        raise Refused("NO_ACCESS", wanted, "no such file", f"the header of {path.name}", step)
    head = opening(header)
    version, paired = magic_of(head)
    if not paired:
        raise _no_nifti(header, head)
    return NiftiFiles(head, version, path, paired)


def opening(path: Path) -> bytes:
    """The first bytes of a file, unpacked where it is gzipped: enough for either header."""
    with unpacked(path) as stream:
        return stream.read(HEAD)


def check_length(path: Path, needed: int) -> None:
    """Refuse TRUNCATED where a file cannot hold `needed` bytes, before memory is taken for them."""
    with opened(path) as stream:
        zipped = stream.read(2) == GZIP
        size = stream.seek(0, io.SEEK_END)
    if needed > (size * INFLATION if zipped else size):
        found = f"{size} bytes{', gzipped' if zipped else ''}"
        raise Refused("TRUNCATED", path, found, f"{needed} bytes", "copy the file again")


def check_whole(path: Path, needed: int) -> None:
    """Refuse TRUNCATED or CORRUPT where a gzipped file does not unpack to `needed` bytes at least.

    A sound file says its length at its end (RFC 1952, ISIZE), and nothing is unpacked. One that says another
    length is unpacked that far: it is cut short, of several parts, or longer than its image. Of a plain file
    `check_length` tells.
    """
    with opened(path) as stream:
        if stream.read(2) != GZIP:
            return
        stream.seek(max(stream.seek(0, io.SEEK_END) - 4, 0))
        if int.from_bytes(stream.read(4), "little") == needed % (1 << 32):
            return
    with unpacked(path) as stream:
        found = stream.seek(needed)
    if found < needed:
        raise Refused("TRUNCATED", path, f"{found} bytes unpacked", f"{needed} bytes", "copy the file again")


@contextmanager
def unpacked(path: Path) -> Iterator[BufferedIOBase]:
    """The file's content, unpacked where it is gzipped. Refused CORRUPT or TRUNCATED for bad gzip."""
    with opened(path) as stream:
        zipped = stream.read(2) == GZIP
        stream.seek(0)
        if not zipped:
            yield stream
            return
        try:
            with gzip.GzipFile(fileobj=stream) as packed:
                yield packed
        except EOFError as error:
            said, step = "a gzip stream that ends early", "copy the file again"
            raise Refused("TRUNCATED", path, said, "all of it", step) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            said, step = f"a broken gzip stream ({type(error).__name__})", "copy the file again"
            raise Refused("CORRUPT", path, said, "gzip", step) from error


def magic_of(head: bytes) -> tuple[int, bool]:
    """(version, whether the voxels are in a file of their own); version 0 for anything else."""
    for magic, version in ((head[344:348], 1), (head[4:8], 2)):
        if SINGLE.get(magic) == version:
            return version, False
        if PAIR.get(magic) == version:
            return version, True
    return 0, False


def _is_side(path: Path, side: str) -> bool:
    """Whether a name is that of one side of a pair, ``hdr`` or ``img``."""
    named = SIDE.fullmatch(path.name)
    return named is not None and named["side"].lower() == side


def _other_side(path: Path, side: str) -> list[Path]:
    """Where the side of a pair that is wanted may lie, likeliest first; `path` names the other one."""
    named = SIDE.fullmatch(path.name)
    if named is None or named["side"].lower() == side:
        return []
    wanted = named["stem"] + (side.upper() if named["side"].isupper() else side)
    endings = (named["zipped"], "") if named["zipped"] else ("", ".gz")
    return [path.with_name(wanted + ending) for ending in endings]


def header_beside(path: Path) -> Path | None:
    """The file that should be the header of the voxels in `path`; None where there is none."""
    return next((other for other in _other_side(path, "hdr") if _exists(other)), None)


def _voxels_beside(path: Path) -> Path:
    """The file of the voxels of the header in `path`. Refused NO_ACCESS with the name that was looked for."""
    names = _other_side(path, "img")
    if not names:
        step = "name the header x.hdr and its voxels x.img"
        raise Refused("NO_ACCESS", path, "the header of a pair", "a name that ends in .hdr", step)
    for name in names:
        if _exists(name):
            return name
    step = "put the voxels of the pair beside it"
    raise Refused("NO_ACCESS", names[0], "no such file", f"the voxels of {path.name}", step)


def _exists(path: Path) -> bool:
    """Whether something lies there; a name that the system does not take is nothing."""
    try:
        return path.exists()
    except OSError:
        return False


def _no_nifti(path: Path, head: bytes) -> Refused:
    """Why this is not read as NIfTI."""
    if not head:
        return Refused("EMPTY", path, "0 bytes", "a NIfTI file", "copy the file again")
    if head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c") and not any(head[344:348]):
        said, step = "an Analyze 7.5 header, which does not tell left from right", "convert it to NIfTI"
        return Refused("NOT_NIFTI", path, said, "a NIfTI magic", step)
    step = "give a NIfTI file or correct the name"
    return Refused("NOT_NIFTI", path, "no NIfTI magic in its header", "n+1, n+2, ni1 or ni2", step)
