"""What volume does this path hold? The door through which the whole package reads images.

Files are opened and decoded in a guarded worker; the voxels come back in memory that both processes see.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from medidense.errors import UsageError
from medidense.io.archive import unpacked_archive
from medidense.io.archive_listing import MAGICS
from medidense.io.discover import known_files
from medidense.io.guard import LIMITS, Limits, opened
from medidense.io.guarded import call
from medidense.io.guarded.wire import CEILING
from medidense.io.reading import Ask
from medidense.io.told import told_ask, volume_of_told
from medidense.values import Marker, ReadOptions, Region, Volume

NO_OPTIONS = ReadOptions()
MOST_TOLD = CEILING // 4
"""Bytes of headers that a worker is told; JSON inside JSON grows, and the worker's memory is limited."""

Known = list[tuple[str, str, str, str]]
"""(path, kind, series, facts) of files."""


def read_volume(
    path: Path | Sequence[Path],
    *,
    series_uid: str = "",
    options: ReadOptions = NO_OPTIONS,
    region: Region | Marker | None = None,
    margin_mm: float = 0.0,
    catalogue: Path | None = None,
) -> Volume:
    """Read one image: a NIfTI, DICOM or picture file, a folder that holds the files of a DICOM series, a ZIP
    archive of one of these, or a list of such files, folders and archives.

    The array is (i, j, k) of int16, int32 or float32 modality values, the affine goes to RAS+ millimetres.
    A folder is read with all folders below it, an archive as the folder of its members; `series_uid` chooses
    where it holds several series. A DICOM file is read alone, whatever lies beside it; a `series_uid` that is
    not the file's own is refused. Several paths are one folder of exactly these files. Other files pay no
    heed to `series_uid`. With a `region` only its box and `margin_mm` around it are read, on the image's own
    grid, and only the slices of that box are decoded. With a `catalogue` that `medidense.scan` wrote with the
    same options, the headers of a folder are not read again as long as its files are the ones that were
    scanned.

    Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    parts = [path] if isinstance(path, (str, os.PathLike)) else path
    given = list({os.path.realpath(part): Path(part) for part in parts}.values())
    if not given:
        raise UsageError("path", "a volume is read from at least one file", "an empty list", "give one")
    ask = _ask(series_uid, options, region, margin_mm)
    if len(given) > 1:
        with ExitStack() as stack:
            places = [stack.enter_context(entered(part, options.limits))[0] for part in given]
            where = _together(given)
            arguments = {**told_ask(where, ask), "parts": list(map(str, places))}
            return _read(arguments, where, (None if places != given else catalogue, given), ask)
    with entered(given[0], options.limits) as (place, members):
        known = (None if members or not place.is_dir() else catalogue, [place])
        return _read(told_ask(place, replace(ask, members=members)), place, known, ask)


def _read(
    arguments: dict[str, Any], where: Path, known: tuple[Path | None, Sequence[Path]], ask: Ask
) -> Volume:
    """The volume that a worker reads; `known` is a catalogue and the paths that it may know."""
    catalogue, parts = known
    if catalogue is not None:
        arguments["known"] = _if_short(known_files(Path(catalogue), parts, ask.series_uid, ask.options))
    answer = call("read", arguments, where=where, limits=ask.options.limits)
    return volume_of_told(answer.value, answer.arrays)


def _together(paths: Sequence[Path]) -> Path:
    """What a refusal of several paths together names: the folder that holds them all."""
    return Path(os.path.commonpath([path.absolute() for path in paths]))


def _if_short(known: Known | None) -> Known | None:
    """What a catalogue knows of the files, None where it is too much to be told: they are read instead."""
    if known is not None and sum(len(facts) for _, _, _, facts in known) > MOST_TOLD:
        return None
    return known


@contextmanager
def entered(path: Path, limits: Limits = LIMITS) -> Iterator[tuple[Path, bool]]:
    """(what a worker is to read, whether that is the folder of an archive's members) for a path.

    Archives are unpacked here, for workers may not write. Raises Refused as `unpacked_archive` does, and
    NO_ACCESS.
    """
    if path.is_dir() or not _is_archive(path):
        yield path, False
        return
    with unpacked_archive(path, limits) as members:
        yield members.folder, True


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
    centre, box = (tuple(map(float, three)) for three in (region.centre_mm, extent))
    return Ask(
        series_uid, options, (centre[0], centre[1], centre[2]), (box[0], box[1], box[2]), float(margin_mm)
    )
