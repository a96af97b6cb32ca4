"""Which files lie below a folder? Sorted by bytes, links never followed out of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from medidense.io.guard import LIMITS, Limits, no_access
from medidense.values import Refused


class Found(NamedTuple):
    """A regular file: its path as text, its size in bytes, and when it last changed, in nanoseconds."""

    path: str
    size: int
    mtime: int


def files_below(folder: Path, limits: Limits = LIMITS) -> Iterator[Path]:
    """Every regular file below `folder`, by the bytes of the names, so that a run is repeatable.

    A link to a file or folder inside `folder` is passed over (its target is met anyway), as is one that leads
    to itself. What is no regular file (a pipe, a device) is passed over. Raises Refused NO_ACCESS for a link
    that leaves the folder or a folder that cannot be listed, and BOMB for folders nested too deep and paths
    too long.
    """
    for found in walk(folder, limits):
        if isinstance(found, Refused):
            raise found
        yield Path(found.path)


def walk(folder: Path, limits: Limits = LIMITS) -> Iterator[Found | Refused]:
    """As `files_below`, but what is refused is handed over in its place and the walk goes on."""
    yield from _below(str(folder), (os.path.realpath(folder), limits), 0)


def _below(folder: str, about: tuple[str, Limits], depth: int) -> Iterator[Found | Refused]:
    """The files of one folder and of the folders in it; `about` is the real root and the limits."""
    limits = about[1]
    if depth > limits.folder_depth:
        step = "give a folder further down"
        yield Refused("BOMB", folder, f"folders {depth} deep", f"at most {limits.folder_depth}", step)
        return
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield no_access(Path(folder), error)
        return
    short = limits.path_bytes // 4
    for entry in entries:
        if len(entry.path) <= short and entry.is_file(follow_symlinks=False):
            yield _file(entry)  # as most are: no generator of its own
        else:
            yield from _entry(entry, about, depth)


def _file(entry: "os.DirEntry[str]") -> Found | Refused:
    """A regular file."""
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError as error:  # gone since the folder was listed
        return no_access(Path(entry.path), error)
    return Found(entry.path, facts.st_size, facts.st_mtime_ns)


def _entry(entry: "os.DirEntry[str]", about: tuple[str, Limits], depth: int) -> Iterator[Found | Refused]:
    """What one name in a folder stands for."""
    root, limits = about
    if len(entry.path) > limits.path_bytes // 4 and len(os.fsencode(entry.path)) > limits.path_bytes:
        found, step = f"a path of {len(os.fsencode(entry.path))} bytes", "give a folder further down"
        yield Refused("BOMB", Path(entry.path).parent, found, f"at most {limits.path_bytes}", step)
    elif entry.is_symlink():
        # not Path.resolve: it raises where links run in a circle
        if not Path(os.path.realpath(entry.path)).is_relative_to(root):
            step = "copy the files into the folder"
            yield Refused("NO_ACCESS", entry.path, "a link out of the folder", "files inside", step)
    elif entry.is_dir(follow_symlinks=False):
        yield from _below(entry.path, about, depth + 1)
    elif entry.is_file(follow_symlinks=False):
        yield _file(entry)
