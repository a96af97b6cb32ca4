"""Which files lie below a folder? Sorted by bytes, links never followed out of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from medidense.io.guard import LIMITS, Limits, no_access
from medidense.values import Refused


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
        yield found


def walk(folder: Path, limits: Limits = LIMITS) -> Iterator[Path | Refused]:
    """As `files_below`, but what is refused is handed over in its place and the walk goes on."""
    yield from _below(folder, folder.resolve(), 0, limits)


def _below(folder: Path, root: Path, depth: int, limits: Limits) -> Iterator[Path | Refused]:
    """The files of one folder and of the folders in it."""
    if depth > limits.folder_depth:
        step = "give a folder further down"
        yield Refused("BOMB", folder, f"folders {depth} deep", f"at most {limits.folder_depth}", step)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield no_access(folder, error)
        return
    for entry in entries:
        path = Path(entry.path)
        if len(os.fsencode(path)) > limits.path_bytes:
            found, step = f"a path of {len(os.fsencode(path))} bytes", "give a folder further down"
            yield Refused("BOMB", folder, found, f"at most {limits.path_bytes}", step)
        elif entry.is_symlink():
            # not Path.resolve: it raises where links run in a circle
            if not Path(os.path.realpath(path)).is_relative_to(root):
                step = "copy the files into the folder"
                yield Refused("NO_ACCESS", path, "a link out of the folder", "files inside", step)
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(path, root, depth + 1, limits)
        elif entry.is_file(follow_symlinks=False):
            yield path
