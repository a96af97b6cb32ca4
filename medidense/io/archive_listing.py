"""May what a ZIP archive lists be unpacked? Names, sizes, attributes and places, before a byte is written.

Everything in a table of contents is a claim of whoever wrote it, and Python's zipfile believes most of it.
Field names are those of PKWARE's APPNOTE.
"""

import re
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from itertools import pairwise
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from medidense.io.guard import Limits
from medidense.values import Refused

MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How an archive begins: with a member (APPNOTE 4.3.7), without one (4.3.16), or as part of a split one."""

ENCRYPTED = 0x1 | 0x40 | 0x2000
"""General purpose bits (4.4.4): encryption, strong encryption, a masked header."""
METHODS = (ZIP_STORED, ZIP_DEFLATED)
"""zipfile unpacks these bit by bit; bzip2 and LZMA whole pieces at once, however large they become."""
BROKEN = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    EOFError,
    struct.error,
    ValueError,
    OverflowError,
)
"""What zipfile raises on broken archives; a ValueError is its word for a bad offset or name."""
DRIVE = re.compile("[A-Za-z]:")
LONGEST_SHOWN = 200
UNPACK = "unpack it yourself and give the folder"


def shown(name: str) -> str:
    """A stored name for people: nothing in it that steers a terminal, and no longer than a line or two."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in name)
    return clean if len(clean) <= LONGEST_SHOWN else f"{clean[:100]}...{clean[-97:]}"


def check_listing(archive: ZipFile, stream: BufferedReader, path: Path, limits: Limits) -> list[ZipInfo]:
    """The files of an archive, in its order, none of which was written yet.

    `stream` is the archive's own. Raises Refused BAD_ARCHIVE, BOMB or EMPTY; what zipfile raises of a broken
    archive is left to the caller.
    """
    members = archive.infolist()
    if len(members) > limits.archive_files:
        raise too_many(path, f"{len(members)} members", limits)
    for info in members:
        _check_name(path, info, limits)
    _check_sizes(path, members, limits, stream.seek(0, 2))
    _check_tree(path, members)
    _check_places(path, members, archive.start_dir, stream)
    files = [info for info in members if not _is_folder(info)]
    if not files:
        raise Refused("EMPTY", path, "no file in the archive", "an image", "check what was packed")
    for info in files:
        with open_member(archive, info, path) as member:
            if member.read(4).startswith(MAGICS):
                raise unsafe(path, info, "an archive in the archive")
    return files


def too_many(path: Path, found: str, limits: Limits) -> Refused:
    """The refusal of an archive that lists more than it may."""
    step = "split the archive, or unpack it yourself and give the folder"
    return Refused("BOMB", path, found, f"at most {limits.archive_files} in an archive", step)


def unsafe(path: Path, info: ZipInfo, found: str, expected: str = "plain files") -> Refused:
    """The refusal of an archive for one of its members."""
    return Refused("BAD_ARCHIVE", f"{path}: {shown(info.orig_filename)}", found, expected, UNPACK)


@contextmanager
def open_member(archive: ZipFile, info: ZipInfo, path: Path) -> Iterator[IO[bytes]]:
    """The unpacked content of a member. Refused BAD_ARCHIVE where it is broken or its checksum wrong."""
    try:
        with archive.open(info) as member:
            yield member
    except BROKEN as error:
        found = f"a member that is broken or lies about its size ({type(error).__name__})"
        raise unsafe(path, info, found, "the content that the archive declares") from error


def _parts(info: ZipInfo) -> tuple[str, ...]:
    """Folders and file of a stored name; old packers of Windows write backslashes."""
    return tuple(part for part in info.orig_filename.replace("\\", "/").split("/") if part not in ("", "."))


def _is_folder(info: ZipInfo) -> bool:
    """Whether a member stands for a folder: by its name, or by its mode where it was packed under Unix."""
    return info.orig_filename.endswith(("/", "\\")) or stat.S_ISDIR(info.external_attr >> 16)


def _check_name(path: Path, info: ZipInfo, limits: Limits) -> None:
    """Refuse a member whose name or attributes are no plain file's, or that cannot be read in pieces."""
    name, parts, folder = info.orig_filename, _parts(info), _is_folder(info)
    if len(name.encode()) > limits.path_bytes or len(parts) > limits.folder_depth + 1:
        found = f"a name of {len(name.encode())} bytes, {len(parts)} folders deep"
        expected = f"at most {limits.path_bytes} bytes and {limits.folder_depth} folders"
        raise Refused("BOMB", f"{path}: {shown(name)}", found, expected, UNPACK)
    kind = stat.S_IFMT(info.external_attr >> 16)
    reasons = (
        ("\0" in name or not (parts or folder), "a name that is none"),
        (name.startswith(("/", "\\")) or DRIVE.match(name) is not None, "an absolute name"),
        (".." in parts, "a name that leaves the archive"),
        (kind == stat.S_IFLNK, "a symbolic link"),
        (kind not in (0, stat.S_IFREG, stat.S_IFDIR), "a device, pipe or socket"),
        (info.flag_bits & ENCRYPTED != 0, "an encrypted member"),
        (info.compress_type not in METHODS, f"compression method {info.compress_type}"),
        (folder and info.file_size > 0, "a folder with content"),
        (info.compress_type == ZIP_STORED and info.compress_size != info.file_size, "two sizes of one file"),
    )
    for holds, found in reasons:
        if holds:
            raise unsafe(path, info, found, "plain files, stored or deflated, inside the archive")


def _check_sizes(path: Path, members: Sequence[ZipInfo], limits: Limits, packed: int) -> None:
    """Refuse what would unpack to more than the limits, by the sizes that are declared."""
    declared = sum(info.file_size for info in members)
    ratio = declared / packed
    if declared > limits.archive_bytes or (declared > 64 << 20 and ratio > limits.inflation_ratio):
        found = f"{declared} bytes unpacked, {ratio:.0f} times the archive"
        expected = f"at most {limits.archive_bytes} bytes and {limits.inflation_ratio} times"
        raise Refused("BOMB", path, found, expected, "check the archive")


def _check_tree(path: Path, members: Sequence[ZipInfo]) -> None:
    """Refuse two files of one name, and a file that is a folder as well.

    In sorted order a file stands right before whatever claims to lie in it.
    """
    places = sorted(((_parts(info), _is_folder(info), info) for info in members), key=lambda place: place[:2])
    for (first, folder, _), (second, _, info) in pairwise(places):
        if not folder and second[: len(first)] == first:
            twice = first == second and not _is_folder(info)
            found = "a name that occurs twice" if twice else "a file that is a folder as well"
            raise unsafe(path, info, found, "one member a name")


def _check_places(path: Path, members: Sequence[ZipInfo], table: int, stream: BufferedReader) -> None:
    """Refuse members that share bytes with each other or with the table of contents, which begins at `table`.

    A few kilobytes that belong to thousands of members are a bomb that no single ratio shows.
    """
    free = 0
    for info in sorted(members, key=lambda info: info.header_offset):
        stream.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", stream.read(30))
        if info.header_offset < free:
            raise unsafe(path, info, "bytes that belong to another member as well", "members apart")
        free = info.header_offset + 30 + name + extra + info.compress_size
        if free > table:
            raise unsafe(path, info, "more bytes than lie before the table of contents", "a whole archive")
