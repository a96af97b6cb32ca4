"""How anything that must survive is written: whole or not at all, digested, under a lock.

Every file of a run, a package or a result goes through here: temporary file beside the target, flush to
disk, rename, flush of the folder. An error of the operating system becomes a `WriteError` with its reason.
"""

import contextlib
import csv
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from medidense.errors import LockedError, OutputExistsError, WriteError

PRIVATE = 0o600
"""Mode of files that hold subjects' data: readable by the user alone."""

OPEN = 0o644
"""Mode of files that hold none."""

CHUNK = 1 << 20

DRAFT = ".tmp-"
"""What the names of files begin with that are not whole yet."""

RETRY_S = 0.2
"""Seconds between two tries for a lock that another process holds."""


def home_folder(variable: str, below: str) -> Path:
    """The user's folder that an environment variable names, or by default `below` the home folder.

    Raises WriteError for a user without a home, as an arbitrary user of a container may be.
    """
    given = os.environ.get(variable, "")
    try:
        return Path(given) if given else Path.home() / below
    except RuntimeError as error:
        step = f"set {variable} to a folder that can be written"
        raise WriteError(f"~/{below}", "this user has no home folder", str(error), step) from None


@contextlib.contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn an OSError inside the block into a WriteError that names `target` and the reason."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        step = "free some space and run the same command again" if full else "choose another place"
        raise WriteError(str(target), "cannot be written", error.strerror or str(error), step) from error


@contextlib.contextmanager
def replacing(target: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """A temporary path beside `target` that takes its place, durably, when the block ends without error.

    The suffix is kept, because some writers choose the format by it. On an error nothing is left behind.
    Raises WriteError where the operating system says no.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=DRAFT, suffix="".join(target.suffixes[-2:]), dir=target.parent)
        os.close(handle)
        draft = Path(name)
        try:
            yield draft
            draft.chmod(mode)
            _flush(draft)
            draft.replace(target)
            _flush(target.parent)
        finally:
            draft.unlink(missing_ok=True)


def write_bytes(target: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Put `content` at `target`, whole or not at all."""
    with replacing(target, mode) as draft:
        draft.write_bytes(content)


def write_text(target: Path, content: str, mode: int = PRIVATE) -> None:
    """Put `content` at `target` as UTF-8, whole or not at all."""
    write_bytes(target, content.encode(), mode)


def write_csv(
    target: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], mode: int = PRIVATE
) -> None:
    """Put a comma-separated UTF-8 table with one header line at `target`, whole or not at all.

    What of a file name is no text at all is written with backslashes.
    """
    with (
        replacing(target, mode) as draft,
        draft.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def refuse_existing(target: Path, overwrite: bool = False) -> None:
    """Raise OutputExistsError where `target` is there and is not to be replaced."""
    if target.exists() and not overwrite:
        raise OutputExistsError(
            str(target), "the output exists", "", "choose another name or pass --overwrite"
        )


def append_line(target: Path, line: str, mode: int = PRIVATE) -> None:
    """Add one line (without its end) to `target`, made where missing; it is on the disk when this returns.

    A line that a kill has left without its end is closed first: whoever reads passes over what is torn.
    Raises WriteError.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        there = target.exists()
        descriptor = os.open(target, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, ("\n" * torn + line + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not there:
            _flush(target.parent)


@contextlib.contextmanager
def replacing_folder(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block ends without error.

    Raises OutputExistsError when `target` is there and `overwrite` is False, WriteError as `replacing` does.
    """
    refuse_existing(target, overwrite)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=target.parent))
        try:
            yield draft
            draft.chmod(0o755)
            for path in [*draft.rglob("*"), draft]:
                _flush(path)
            if target.exists():
                shutil.rmtree(target)
            draft.rename(target)
            _flush(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove the drafts that killed processes left in `folder`; whoever calls holds its lock.

    Raises WriteError.
    """
    with writing(folder):
        for draft in folder.glob(f"{DRAFT}*"):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)


def sha256_bytes(content: bytes) -> str:
    """Hex sha256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def locked(
    folder: Path, name: str = ".lock", *, wait_s: float = 0.0, waiting: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold `folder` (made where missing) for this process; the system lets go when the process ends.

    A folder can have several locks, told apart by `name`. Where another living process holds this one,
    `waiting` is called once and it is tried again for `wait_s` seconds. Raises LockedError when it is held
    still, WriteError where the lock cannot be made.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / name).open("w")
    with stream:
        until = time.monotonic() + wait_s
        told = False
        while not _taken(stream):
            if time.monotonic() >= until:
                step = "wait for it to end or choose another folder"
                raise LockedError(str(folder), "another run holds this folder", "", step)
            if waiting is not None and not told:
                waiting()
            told = True
            time.sleep(RETRY_S)
        yield


def _taken(stream: IO[str]) -> bool:
    """True when the lock on an open file is ours now."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flush(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
