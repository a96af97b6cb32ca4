"""Series as NIfTI files: one into a file, or all of a tree into a folder."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from medidense import durable
from medidense.errors import NothingFoundError, OutputExistsError, UsageError
from medidense.io import archives_kept, catalogued, index_of, read_volume, write_nifti
from medidense.values import CODES, Entry, ReadOptions, Refusal, Refused, Volume
from medidense.values.volume import axis_codes
from medidense.verbs.choosing import choose_series
from medidense.verbs.progress import Progress, counting, quiet

SUFFIXES = (".nii", ".nii.gz")
SLASHES = tuple(filter(None, (os.sep, os.altsep)))
TABLE = "converted.csv"
COLUMNS = ("file", "input", "series_uid", "pick", "code", "note")
"""Columns of the table in a folder of converted volumes."""

PASSED_OVER = "NOT_PICKED"
"""A refusal that is none where every series of a tree is asked for what was picked."""

NO_OPTIONS = ReadOptions()


@dataclass(frozen=True)
class Converted:
    """One volume that was written, and the warnings that came with the reading."""

    source: Path
    target: Path
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    orientation: str
    warnings: tuple[str, ...]
    series_uid: str = ""
    pick: str = ""

    def to_json(self) -> dict[str, object]:
        """The fields, paths as text."""
        return {
            "source": str(self.source),
            "target": str(self.target),
            "series_uid": self.series_uid,
            "pick": self.pick,
            "shape": list(self.shape),
            "spacing_mm": list(self.spacing_mm),
            "orientation": self.orientation,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class ConvertResult:
    """What was written, and what of a tree was refused. `target` is a file, or a folder of them."""

    target: Path
    written: tuple[Converted, ...]
    refused: tuple[Refusal, ...] = ()
    into_folder: bool = False

    def to_json(self) -> dict[str, object]:
        """One volume's fields; of a folder, each volume and the sentences of the refusals."""
        if not self.into_folder:
            return self.written[0].to_json()
        volumes = [one.to_json() for one in self.written]
        return {
            "target": str(self.target),
            "written": volumes,
            "refused": [one.sentence for one in self.refused],
        }


@archives_kept()
def convert(
    source: Path | Sequence[Path],
    target: Path | str,
    *,
    series: str = "",
    options: ReadOptions = NO_OPTIONS,
    overwrite: bool = False,
    progress: Progress = quiet,
) -> ConvertResult:
    """Read `source` and write NIfTI: one volume to a ``.nii`` or ``.nii.gz``, or every one into a folder.

    Several sources are taken as one folder of exactly these files. Into a file: what is there is one series,
    or `series` says which: its UID, or so much of its beginning or end as no other one has. Into a folder (a
    `target` that ends in a slash, that is one, or whose name has no suffix of letters): every stack of every
    series, or of that one, under names that tell nothing but number and modality, and a table
    `converted.csv` that says which is which; series without the value of `options.pick` are passed over.
    Values are modality values, the affine is RAS+ millimetres.

    Raises Refused where a single input is refused (nothing is written), NothingFoundError, OutputExistsError,
    UsageError for a series that is not there or not the only one that fits and for any other target,
    WriteError.
    """
    given = [source] if isinstance(source, (str, os.PathLike)) else source
    sources, place = [Path(path) for path in given], Path(target)
    into_folder = _is_folder(target)
    _check_free(place, into_folder=into_folder, overwrite=overwrite)
    if into_folder:
        return _convert_all(sources, place, series, options, progress)
    volume = _read_one(sources, series, options)
    write_nifti(volume, place, overwrite=overwrite)
    return ConvertResult(place, (_converted(sources[0], place, volume),))


def _is_folder(target: Path | str) -> bool:
    """Whether volumes go into a folder of this name. Raises UsageError for a file that is no NIfTI.

    A UID is a name for a folder, although it has a suffix.
    """
    place = Path(target)
    if str(target).endswith(SLASHES) or place.is_dir():
        return True
    if place.name.endswith(SUFFIXES):
        return False
    if place.is_file() or place.suffix[1:2].isalpha():
        step = "let its name end in .nii.gz, or in / for a folder"
        raise UsageError(str(target), "the output is NIfTI", place.name, step)
    return True


def _check_free(place: Path, *, into_folder: bool, overwrite: bool) -> None:
    """Raise OutputExistsError where something is there that must stay."""
    if overwrite:
        return
    if not into_folder and place.exists():
        step = "pass --overwrite or choose another name"
        raise OutputExistsError(str(place), "the output exists", "", step)
    if into_folder and place.is_dir() and any(place.iterdir()):
        step = "pass --overwrite or choose another folder"
        raise OutputExistsError(str(place), "the folder is not empty", "", step)


def _read_one(sources: Sequence[Path], series: str, options: ReadOptions) -> Volume:
    """The volume at the sources. Raises Refused, and UsageError for the series."""
    source = sources[0] if len(sources) == 1 else sources
    if not series:
        return read_volume(source, options=options)
    with TemporaryDirectory(prefix="medidense-") as scratch:
        catalogue = Path(scratch) / "tree"
        with catalogued(sources, index=index_of(catalogue), options=options) as index:
            uid = choose_series(index.series(), series)
            places = {entry.parts or entry.path for entry in index.entries() if entry.series_uid == uid}
        found = _source(places.pop()) if len(places) == 1 else source
        return read_volume(found, series_uid=uid, options=options, catalogue=catalogue)


def _source(place: str | tuple[str, ...]) -> Path | list[Path]:
    """What `read_volume` takes for the parts or the path of an entry."""
    return Path(place) if isinstance(place, str) else [Path(part) for part in place]


def _convert_all(
    sources: Sequence[Path], folder: Path, series: str, options: ReadOptions, progress: Progress
) -> ConvertResult:
    """Every stack below the sources into `folder`."""
    with TemporaryDirectory(prefix="medidense-") as scratch:
        catalogue = Path(scratch) / "tree"
        counted = counting(progress, "scan")
        with catalogued(sources, counted, index=index_of(catalogue), options=options) as index:
            uid = choose_series(index.series(), series) if series else ""
            entries = [
                entry
                for entry in index.entries()
                if entry.state != "skipped" and (not uid or entry.series_uid == uid)
            ]
        if not entries:
            names = ", ".join(str(path) for path in sources)
            raise NothingFoundError(names, "no volume was found", series, "check the path")
        return _convert_entries(entries, folder, (catalogue, options), progress)


def _convert_entries(
    entries: Sequence[Entry], folder: Path, rules: tuple[Path, ReadOptions], progress: Progress
) -> ConvertResult:
    """The stacks among entries into a folder; `rules` are the catalogue and the options that found them."""
    written: list[Converted] = []
    refused: list[Refusal] = []
    last: Refusal | None = None
    rows = []
    for number, entry in enumerate(entries, start=1):
        name = _name(number, entry)
        try:
            volume = _read(entry, *rules)
            write_nifti(volume, folder / name, overwrite=True)
        except Refused as error:
            if error.refusal.code != PASSED_OVER:
                refused.append(error.refusal)
            last = error.refusal
            rows.append(("", *_about(entry), error.refusal.code, error.refusal.sentence))
        else:
            one = _converted(Path(entry.path), folder / name, volume)
            written.append(replace(one, series_uid=entry.series_uid, pick=entry.pick))
            rows.append((name, *_about(entry), "", "; ".join(volume.warnings)))
        progress("convert", number, len(entries))
    if last is not None and not written and not refused:
        raise NothingFoundError(
            last.where, CODES[last.code], last.found, f"{last.next_step}: {last.expected}"
        )
    durable.write_csv(folder / TABLE, COLUMNS, rows)
    return ConvertResult(folder, tuple(written), tuple(refused), into_folder=True)


def _read(entry: Entry, catalogue: Path, options: ReadOptions) -> Volume:
    """The volume of an entry. Raises Refused, as the scan did where it refused: it had the same options."""
    if entry.refusal is not None:
        raise Refused(**vars(entry.refusal))
    chosen = replace(options, pick={**options.pick, **dict(entry.marks)})
    source = _source(entry.parts or entry.path)
    return read_volume(source, series_uid=entry.series_uid, options=chosen, catalogue=catalogue)


def _about(entry: Entry) -> Sequence[str]:
    """Where a row of the table came from."""
    return entry.path, entry.series_uid, entry.pick


def _name(number: int, entry: Entry) -> str:
    """A file name that says nothing of whom it shows: number, modality, and a digest of what was chosen."""
    what = hashlib.sha256(f"{entry.series_uid}/{entry.pick}/{entry.path}".encode("utf-8", "surrogateescape"))
    kind = "".join(letter for letter in entry.modality or entry.kind if letter.isalnum())
    return f"{number:04d}-{kind}-{what.hexdigest()[:8]}.nii.gz"


def _converted(source: Path, target: Path, volume: Volume) -> Converted:
    """What is told of one volume."""
    return Converted(
        source=source,
        target=target,
        shape=volume.shape,
        spacing_mm=volume.spacing_mm,
        orientation=axis_codes(volume.affine),
        warnings=volume.warnings,
        series_uid=volume.source.series_uid,
    )
