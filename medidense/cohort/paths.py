"""Where does the path in a cell lead, and may it lead there?"""

from dataclasses import dataclass
from pathlib import Path

BESIDE = "paths are relative to the folder of the CSV; an absolute path is allowed"


@dataclass(frozen=True)
class Located:
    """A path that exists: `path` absolute as typed, `real` with every link followed."""

    path: Path
    real: Path


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell: the rule it breaks and what to do."""

    rule: str
    next_step: str


def locate(cell: str, folder: Path, *, folder_allowed: bool) -> Located | Fault:
    """Follow the path in `cell`, which starts at the CSV's `folder` unless it is absolute.

    `folder` is absolute and free of links, as ``Path.resolve`` gives it.
    A relative path may not leave the folder, neither by ``..`` nor by a link; what is named must exist and
    be a file, or a folder where `folder_allowed` (a DICOM series).
    """
    path = folder / cell
    try:
        real = path.resolve()
        if not Path(cell).is_absolute() and not real.is_relative_to(folder):
            return Fault("the path leaves the folder of the CSV", "write an absolute path or move the file")
        if path.is_file() or (folder_allowed and path.is_dir()):
            return Located(path, real)
        is_folder = path.is_dir()
    except (OSError, RuntimeError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "the links run in a circle"
        )
        return Fault(f"the path cannot be followed ({reason.lower()})", "check the path and its permissions")
    if is_folder:
        return Fault("a folder where a file is needed", "name the file")
    if "\\" in cell:
        return Fault("no such file", "write / between folders, not \\")
    return Fault("no such file or folder" if folder_allowed else "no such file", BESIDE)
