"""What lies in a ZIP archive? Every member as a file in a private temporary folder.

No stored name ever becomes a path, and what comes out is counted against what was declared.
"""

import errno
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import Self
from zipfile import ZipFile, ZipInfo

from medidense.io.archive_listing import BROKEN, UNPACK, check_listing, open_member, shown, too_many, unsafe
from medidense.io.guard import LIMITS, Limits, opened
from medidense.values import Refusal, Refused

PIECE = 1 << 20
"""Bytes that are asked for at once."""
KEPT_BYTES = 2 << 30
"""What archives that were unpacked earlier in `archives_kept` may take of the disk."""
ENTRY, ENTRY_BYTES = b"PK\x01\x02", 1024
"""How a line of the table of contents begins (APPNOTE 4.3.12), and how long one is at most, on average."""

SUFFIXES = (
    ".dcm",
    ".nii",
    ".nii.gz",
    ".hdr",
    ".hdr.gz",
    ".img",
    ".img.gz",
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
)
"""All that a file keeps of its stored name: readers ask for it where the content tells too little."""

FILE = re.compile(r"member-\d{6}(?:\.[a-z]+)*")


@dataclass(frozen=True)
class Members:
    """An unpacked archive, for as long as its block lasts."""

    archive: Path
    folder: Path
    """Where the members lie, side by side."""
    names: Mapping[str, str]
    """A file's name in `folder` -> the member's stored name, fit for a message."""
    size: int = 0
    """Bytes of all members."""

    def text(self, words: str) -> str:
        """Words that speak of the folder and its files, turned to the archive and its members."""
        words = FILE.sub(lambda file: self.names.get(file[0], file[0]), words)
        return words.replace(f"{self.folder}{os.sep}", f"{self.archive}: ").replace(
            str(self.folder), str(self.archive)
        )

    def told(self, refusal: Refusal) -> Refusal:
        """A refusal of a file in the folder, as one of a member of the archive."""
        return replace(refusal, where=self.text(refusal.where), found=self.text(refusal.found))


@contextmanager
def unpacked_archive(path: Path, limits: Limits = LIMITS) -> Iterator[Members]:
    """The members of a ZIP archive as files named by their number, in a folder of mode 0700.

    The folder is gone when the block ends. A Refused that leaves the block names the archive and the stored
    name of the member, never the folder.

    Raises Refused, before anything is written: BAD_ARCHIVE for what is no whole ZIP archive, for absolute or
    parent names, links, devices, encryption, archives inside, a name used twice, members that overlap; BOMB
    for more than `limits` allow; EMPTY without a file; TOO_LARGE where the disk has no room; NO_ACCESS. And
    while it unpacks: BAD_ARCHIVE for a member that is not of its declared size or checksum.
    """
    with ExitStack() as stack:
        shelf = _SHELF.get()
        if shelf is None:
            members = stack.enter_context(_unpacked(path, limits))
        else:
            members = stack.enter_context(shelf.lent(path, limits))
        try:
            yield members
        except Refused as refused:
            raise Refused(**vars(members.told(refused.refusal))) from refused


@contextmanager
def archives_kept() -> Iterator[None]:
    """Inside the block an archive that is asked for several times is unpacked but once.

    Its members lie in their private folder until the block ends, or until later archives need the room:
    `KEPT_BYTES` in all. What has changed since (size, time of change) is unpacked anew.
    """
    with _Shelf() as shelf:
        before = _SHELF.set(shelf)
        try:
            yield
        finally:
            _SHELF.reset(before)


class _Shelf:
    """Unpacked archives, the one used last at the end."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[Members, ExitStack]] = {}
        self._lent: Counter[object] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._kept:
            self._drop(next(iter(self._kept)))

    @contextmanager
    def lent(self, path: Path, limits: Limits) -> Iterator[Members]:
        """The members of an archive, which stay at least as long as the block."""
        with opened(path) as stream:
            facts = os.fstat(stream.fileno())
        key = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, limits)
        if key not in self._kept:
            with ExitStack() as stack:
                members = stack.enter_context(_unpacked(path, limits))
                self._kept[key] = members, stack.pop_all()
            self._make_room()
        members, stack = self._kept.pop(key)
        self._kept[key] = members, stack
        self._lent[key] += 1
        try:
            yield replace(members, archive=path)
        finally:
            self._lent[key] -= 1

    def _make_room(self) -> None:
        """Drop what was used longest ago, but for the newest and what is in use."""
        for key in list(self._kept)[:-1]:
            if sum(members.size for members, _ in self._kept.values()) <= KEPT_BYTES:
                return
            if not self._lent[key]:
                self._drop(key)

    def _drop(self, key: object) -> None:
        """Remove the files of an archive."""
        self._kept.pop(key)[1].close()


_SHELF: ContextVar[_Shelf | None] = ContextVar("archives", default=None)


@contextmanager
def _unpacked(path: Path, limits: Limits) -> Iterator[Members]:
    """The members in a folder that is gone when the block ends."""
    with ExitStack() as stack:
        with _listed(path, limits) as (archive, files):
            _check_room(path, files)
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="medidense-"))
            size = sum(info.file_size for info in files)
            members = Members(path, Path(folder).resolve(), _file_names(files), size)
            for file, info in zip(members.names, files, strict=True):
                _unpack(archive, info, members.folder / file, path)
        yield members


class _Bounded:
    """The archive as zipfile may read it.

    zipfile asks for the table of contents at once and makes an object of each line, as large and as many as
    the archive claims. This refuses a table beyond the limits.
    """

    def __init__(self, stream: BufferedReader, path: Path, limits: Limits) -> None:
        self._stream, self._path, self._limits = stream, path, limits
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes; all the rest where it is negative. Raises Refused BOMB."""
        most = self._limits.archive_files
        if count > max(most * ENTRY_BYTES, PIECE):
            raise too_many(self._path, f"a table of contents of {count} bytes", self._limits)
        content = self._stream.read(count)
        if count > PIECE and content.count(ENTRY) > most:
            raise too_many(self._path, f"{content.count(ENTRY)} members", self._limits)
        return content


@contextmanager
def _listed(path: Path, limits: Limits) -> Iterator[tuple[ZipFile, list[ZipInfo]]]:
    """The open archive and its files, checked."""
    with opened(path) as stream:
        try:
            with ZipFile(_Bounded(stream, path, limits)) as archive:
                yield archive, check_listing(archive, stream, path, limits)
        except (*BROKEN, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a place before the start
                raise
            found = f"an archive that cannot be read ({type(error).__name__})"
            raise Refused("BAD_ARCHIVE", path, found, "a whole ZIP archive", "copy the file again") from error


def _check_room(path: Path, files: Sequence[ZipInfo]) -> None:
    """Refuse TOO_LARGE what the disk of temporary files cannot take."""
    place = tempfile.gettempdir()
    needed, free = sum(info.file_size for info in files), shutil.disk_usage(place).free
    if needed > free:
        step = f"free space in {place}, set TMPDIR to a larger disk, or {UNPACK}"
        raise Refused("TOO_LARGE", path, f"{needed} bytes unpacked", f"at most the {free} bytes free", step)


def _file_names(files: Sequence[ZipInfo]) -> Mapping[str, str]:
    """File name -> stored name: the member's number, and its suffix where that is one of `SUFFIXES`.

    Both files of a NIfTI pair bear the number of the header, so that one is found beside the other.
    """
    split = [_split(info.orig_filename) for info in files]
    heads = {stem: number for number, (stem, suffix) in enumerate(split) if suffix.startswith(".hdr")}
    names = {}
    for number, (info, (stem, suffix)) in enumerate(zip(files, split, strict=True)):
        bearer = heads.get(stem, number) if suffix.startswith(".img") else number
        file = f"member-{bearer:06d}{suffix}"
        names[f"member-{number:06d}{suffix}" if file in names else file] = shown(info.orig_filename)
    return MappingProxyType(names)


def _split(name: str) -> tuple[str, str]:
    """(stored name without its suffix, that of `SUFFIXES` or ""); a Mac's shadow file (._name) has none."""
    shadow = re.split(r"[/\\]", name)[-1].startswith("._")
    suffix = max((end for end in SUFFIXES if name.lower().endswith(end) and not shadow), key=len, default="")
    return name[: len(name) - len(suffix)], suffix


def _unpack(archive: ZipFile, info: ZipInfo, target: Path, path: Path) -> None:
    """Write one member. Refused BAD_ARCHIVE where its true size or checksum is not the declared one.

    zipfile stops at the declared size without a word; told of one byte more, it shows whether more comes.
    """
    claim = copy(info)
    claim.file_size += 1
    with open_member(archive, claim, path) as member, target.open("xb") as out:
        shutil.copyfileobj(member, out, PIECE)
        size = out.tell()
    if size != info.file_size:
        raise unsafe(path, info, f"{size} bytes or more", f"the {info.file_size} bytes declared")
