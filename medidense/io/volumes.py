"""What volume does this path hold? The door through which the whole package reads images.

Files are opened and decoded in a guarded worker; the voxels come back in memory that both processes see.
"""

from dataclasses import replace
from pathlib import Path

from medidense.io.archive import unpacked_archive
from medidense.io.archive_listing import MAGICS
from medidense.io.guard import LIMITS, Limits, opened
from medidense.io.guarded import call
from medidense.io.reading import Ask
from medidense.io.told import told_ask, volume_of_told
from medidense.values import Marker, ReadOptions, Region, Volume

NO_OPTIONS = ReadOptions()


def read_volume(
    path: Path,
    *,
    series_uid: str = "",
    options: ReadOptions = NO_OPTIONS,
    region: Region | Marker | None = None,
    margin_mm: float = 0.0,
    limits: Limits = LIMITS,
) -> Volume:
    """Read one image: a NIfTI, DICOM or picture file, a folder that holds the files of a DICOM series, or a
    ZIP archive of one of these.

    The array is (i, j, k) of int16, int32 or float32 modality values, the affine goes to RAS+ millimetres.
    A folder is read with all folders below it, an archive as the folder of its members; `series_uid` chooses
    where it holds several series. A DICOM file is read alone, whatever lies beside it; a `series_uid` that is
    not the file's own is refused. Other files pay no heed to `series_uid`. With a `region` only its box and
    `margin_mm` around it are read, on the image's own grid, and only the slices of that box are decoded.

    Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    path, ask = Path(path), _ask(series_uid, options, region, margin_mm)
    if not path.is_dir() and _is_archive(path):
        with unpacked_archive(path, limits) as members:
            return _read(members.folder, replace(ask, members=True), limits)
    return _read(path, ask, limits)


def _read(path: Path, ask: Ask, limits: Limits) -> Volume:
    """Have a worker read."""
    answer = call("read", told_ask(path, ask), where=path, limits=limits)
    return volume_of_told(answer.value, answer.arrays)


def _is_archive(path: Path) -> bool:
    """Whether a file begins as a ZIP archive does. Refused NO_ACCESS."""
    with opened(path) as stream:
        return stream.read(4) in MAGICS


def _ask(series_uid: str, options: ReadOptions, region: Region | Marker | None, margin_mm: float) -> Ask:
    """The request as one value."""
    if region is None:
        return Ask(series_uid, options)
    side = region.diameter_mm if isinstance(region, Marker) else 0.0
    extent = (side, side, side) if isinstance(region, Marker) else region.extent_mm
    return Ask(series_uid, options, region.centre_mm, extent, margin_mm)
