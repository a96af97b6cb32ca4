"""What volume does this path hold? The door through which the whole package reads images."""

from pathlib import Path

from medidense.io.reading import Ask, read_here
from medidense.values import Marker, ReadOptions, Region, Volume

NO_OPTIONS = ReadOptions()


def read_volume(
    path: Path,
    *,
    series_uid: str = "",
    options: ReadOptions = NO_OPTIONS,
    region: Region | Marker | None = None,
    margin_mm: float = 0.0,
) -> Volume:
    """Read one image: a NIfTI, PNG, JPEG or DICOM file, or a folder that holds the files of a DICOM series.

    The array is (i, j, k) of int16, int32 or float32 modality values, the affine goes to RAS+ millimetres.
    A folder is read with all folders below it; `series_uid` chooses where it holds several series. A DICOM
    file is read alone, whatever lies beside it; a `series_uid` that is not the file's own is refused.
    Other files pay no heed to `series_uid`. With a `region` only its box and `margin_mm` around it are read,
    on the image's own grid, and only the slices of that box are decoded.

    Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    return read_here(Path(path), _ask(series_uid, options, region, margin_mm))


def _ask(series_uid: str, options: ReadOptions, region: Region | Marker | None, margin_mm: float) -> Ask:
    """The request as one value."""
    if region is None:
        return Ask(series_uid, options)
    side = region.diameter_mm if isinstance(region, Marker) else 0.0
    extent = (side, side, side) if isinstance(region, Marker) else region.extent_mm
    return Ask(series_uid, options, region.centre_mm, extent, margin_mm)
