"""How much may an input declare, before it is decoded?"""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from medidense.errors import UsageError

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
"""How KiB, MiB, GiB and TiB are written in short."""
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:iB)?", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """What an input may declare. Sizes are of the decoded voxels unless the name says otherwise."""

    voxels: int = 1 << 30
    """Voxels of one image."""
    decoded_bytes: int = 4 << 30
    """One image in memory."""
    files: int = 20_000
    """Files of one series."""
    picture_pixels: int = 178_000_000
    """Pixels of one PNG, JPEG or TIFF."""
    tiff_pages: int = 4096
    """Pages that are counted in one TIFF file."""
    element_bytes: int = 64 << 20
    """One DICOM element other than the pixel data, or the extensions of one NIfTI file."""
    inflated_bytes: int = 1 << 30
    """A deflated DICOM data set."""
    inflation_ratio: int = 200
    """Inflated over stored bytes, counted once 64 MiB are passed."""
    archive_files: int = 50_000
    """Members of one ZIP archive, folders included."""
    archive_bytes: int = 8 << 30
    """All members of one ZIP archive, unpacked."""
    seconds: float = 60.0
    """How long a worker may give no sign of life."""
    folder_depth: int = 32
    """Folders in folders."""
    nesting: int = 16
    """Levels of sequences in a DICOM file."""
    path_bytes: int = 4096
    """The path of one file below a folder, or the stored name of a member."""
    contour_points: int = 1_000_000
    """Points of all contours of one lesion."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                where = f"--limit {field.name}"
                raise UsageError(where, "a limit is a number above 0", str(value), "give another")


LIMITS = Limits()


def parse_limits(given: Mapping[str, str]) -> Limits:
    """Limits of key -> value as a user types them, sizes as ``4GiB``; the other keys stay as they are.

    Raises UsageError for an unknown key, naming the nearest one, and for a value that is no number above 0.

    >>> parse_limits({"decoded_bytes": "8GiB", "seconds": "90"}).decoded_bytes == 8 << 30
    True
    """
    names = [field.name for field in fields(Limits)]
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1, 0.0)[0]
            step = f"did you mean {near}? docs/coordinates.md lists them all"
            raise UsageError(f"--limit {key}", "there is no such limit", given[key], step)
    return Limits(**{key: _number(key, value) for key, value in given.items()})  # type: ignore[arg-type]


def _number(key: str, value: str) -> int | float:
    """A whole number, or for seconds any. Raises UsageError."""
    found = SIZE.fullmatch(value.strip())
    number = float(found[1]) * UNITS[found[2].upper()] if found else math.nan
    if key == "seconds" and found and not found[2]:
        return number
    if key == "seconds" or number != int(number if math.isfinite(number) else 0):
        step = "write seconds as 90" if key == "seconds" else "write a whole number or a size as 4GiB"
        raise UsageError(f"--limit {key}", "a limit is a number above 0", repr(value), step)
    return int(number)
