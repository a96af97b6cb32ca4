"""Where do the files of one series lie, and what must be read to get all of them and no other?"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medidense.io.index import Index, folder_of, folders_above

TOGETHER = "read as one: {} files and folders of those given"
CHOSEN = "other series or broken files lie in this folder: give the series UID"

Stray = tuple[bytes, str, str]
"""(shown path, kind, facts) of a broken file that may be of any series."""


@dataclass(frozen=True)
class Roots:
    """The paths that a user gave, in the order in which they are walked."""

    paths: tuple[Path, ...]

    @cached_property
    def files(self) -> frozenset[str]:
        """Those that are no folders."""
        return frozenset(str(path) for path in self.paths if not path.is_dir())

    @cached_property
    def folders(self) -> frozenset[bytes]:
        """Those that are."""
        return frozenset(os.fsencode(path) for path in self.paths if path.is_dir())

    def above(self, folder: bytes) -> bytes:
        """The given folder that a folder lies in or is, b"" for that of a file which was given itself."""
        if not self.files and len(self.folders) == 1:
            return next(iter(self.folders))
        return next((one for one in (folder, *folders_above(folder)) if one in self.folders), b"")


@dataclass(frozen=True)
class Place:
    """Where a series lies: what `read_volume` takes, and what to say of it."""

    where: str
    folder: bytes
    """The deepest that holds all of it, and every file that was given by itself where it has such files."""
    note: str = ""
    parts: tuple[str, ...] = ()
    """What `read_volume` takes instead of `where`, if there is anything here."""
    strays: tuple[Stray, ...] = ()
    """Broken files that are met when the series is read, and that may be of it."""


def place_of(files: Sequence[bytes], roots: Roots, index: Index, series: str) -> Place:
    """The place of a series whose files have these paths, as shown."""
    folders = {folder_of(shown) for shown in files}
    root_of = {folder: roots.above(folder) for folder in folders}
    below: dict[bytes, list[bytes]] = {}
    for shown in files:
        below.setdefault(root_of[folder_of(shown)], []).append(shown)
    loose = below.pop(b"", [])
    parts, notes, strays = [os.fsdecode(shown) for shown in loose], [], list[Stray]()
    for some in below.values():
        folder = os.path.commonpath({folder_of(shown) for shown in some})
        others = index.has_others(folder, series)
        if others and len(some) == 1:
            parts.append(os.fsdecode(some[0]))
            continue
        parts.append(str(Path(os.fsdecode(folder))))
        notes += [CHOSEN] if others else []
        strays += index.strays(folder)
    if len(parts) == 1:
        where = str(Path(parts[0]))
        return Place(where, _common(folders), "".join(notes), (), tuple(strays))
    common = watched = _common(folders)
    if loose:
        strays += [one for one in index.strays() if os.fsdecode(one[0]) in roots.files]
        watched = _common(folders | {folder_of(os.fsencode(file)) for file in roots.files})
    note = "; ".join([TOGETHER.format(len(parts)), *notes[:1]])
    return Place(str(Path(os.fsdecode(common))), watched, note, tuple(sorted(parts)), tuple(strays))


def _common(folders: set[bytes]) -> bytes:
    """The deepest folder that holds them all; its real path where some are relative and some are not."""
    try:
        return os.path.commonpath(folders) or b"."
    except ValueError:
        return os.path.commonpath([os.path.realpath(folder) for folder in folders])
