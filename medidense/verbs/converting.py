"""Series as NIfTI files: one into a file, or all of a tree into a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from medidense import durable
from medidense.errors import NothingFoundError, OutputExistsError, UsageError
from medidense.io import alike, catalogued, index_of, read_volume, write_nifti
from medidense.values import Entry, ReadOptions, Refusal, Refused, Volume
from medidense.values.volume import axis_codes
from medidense.verbs.progress import Progress, quiet

SUFFIXES = (".nii", ".nii.gz")
TABLE = "converted.csv"
COLUMNS = ("file", "input", "series_uid", "pick", "code", "note")
"""Columns of the table in a folder of converted volumes."""

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
    """What was written, and what of a tree was refused."""

    target: Path
    written: tuple[Converted, ...]
    refused: tuple[Refusal, ...] = ()

    def to_json(self) -> dict[str, object]:
        """One volume's fields; of a folder, each volume and the sentences of the refusals."""
        if self.target.name.endswith(SUFFIXES):
            return self.written[0].to_json()
        volumes = [one.to_json() for one in self.written]
        return {
            "target": str(self.target),
            "written": volumes,
            "refused": [one.sentence for one in self.refused],
        }


def convert(
    source: Path,
    target: Path,
    *,
    series: str = "",
    options: ReadOptions = NO_OPTIONS,
    overwrite: bool = False,
    progress: Progress = quiet,
) -> ConvertResult:
    """Read `source` and write NIfTI: one volume to a ``.nii`` or ``.nii.gz``, or every one into a folder.

    Into a file: `source` is a file, or a folder or archive with one series, or with `series` among several.
    Into a folder (any `target` without a suffix): every stack of every series below `source`, under names
    that tell nothing but number and modality, and a table `converted.csv` that says which is which.
    Values are modality values, the affine is RAS+ millimetres.

    Raises Refused where a single input is refused (nothing is written), NothingFoundError, OutputExistsError,
    UsageError for any other target, WriteError.
    """
    source, target = Path(source), Path(target)
    if target.name.endswith(SUFFIXES):
        if target.exists() and not overwrite:
            step = "pass --overwrite or choose another name"
            raise OutputExistsError(str(target), "the output exists", "", step)
        volume = read_volume(source, series_uid=series, options=options)
        write_nifti(volume, target, overwrite=overwrite)
        return ConvertResult(target, (_converted(source, target, volume),))
    if (target.suffix or target.is_file()) and not target.is_dir():
        step = "let its name end in .nii.gz, or name a folder"
        raise UsageError(str(target), "the output is NIfTI", target.name, step)
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        step = "pass --overwrite or choose another folder"
        raise OutputExistsError(str(target), "the folder is not empty", "", step)
    return _convert_all(source, target, series, options, progress)


def _convert_all(
    source: Path, folder: Path, series: str, options: ReadOptions, progress: Progress
) -> ConvertResult:
    """Every stack below `source` into `folder`."""
    with TemporaryDirectory(prefix="medidense-") as place:
        catalogue = Path(place) / "tree"
        with catalogued([source], index=index_of(catalogue)) as index:
            entries = [entry for entry in index.entries() if entry.state != "skipped"]
        return _convert_entries(entries, catalogue, (source, folder, series), options, progress)


def _convert_entries(
    entries: Sequence[Entry],
    catalogue: Path,
    asked: tuple[Path, Path, str],
    options: ReadOptions,
    progress: Progress,
) -> ConvertResult:
    """The stacks among catalogued entries; `asked` is the source, the folder to write to, and the series."""
    source, folder, series = asked
    wanted = [entry for entry in entries if not series or entry.series_uid == series]
    wanted = [entry for entry in wanted if _is_picked(entry, options)]
    if not wanted:
        raise NothingFoundError(str(source), "no image file was found", series, "check the path")
    written: list[Converted] = []
    refused: list[Refusal] = []
    rows = []
    for number, entry in enumerate(wanted, start=1):
        name = _name(number, entry)
        try:
            volume = _read(entry, options, catalogue)
            write_nifti(volume, folder / name, overwrite=True)
        except Refused as error:
            refused.append(error.refusal)
            rows.append(("", *_about(entry), error.refusal.code, error.refusal.sentence))
        else:
            one = _converted(Path(entry.path), folder / name, volume)
            written.append(replace(one, series_uid=entry.series_uid, pick=entry.pick))
            rows.append((name, *_about(entry), "", "; ".join(volume.warnings)))
        progress("convert", number, len(wanted))
    durable.write_csv(folder / TABLE, COLUMNS, rows)
    return ConvertResult(folder, tuple(written), tuple(refused))


def _is_picked(entry: Entry, options: ReadOptions) -> bool:
    """Whether nothing that tells the stack apart contradicts what the user picked."""
    return all(alike(value, options.pick.get(key, value)) for key, value in entry.marks)


def _read(entry: Entry, options: ReadOptions, catalogue: Path) -> Volume:
    """The volume of an entry. Raises Refused, as found by the scan where the file is no volume at all."""
    if entry.refusal is not None and not entry.series_uid and entry.kind != "nifti":
        raise Refused(**vars(entry.refusal))
    chosen = replace(options, pick={**options.pick, **dict(entry.marks)})
    place = Path(entry.path)
    return read_volume(place, series_uid=entry.series_uid, options=chosen, catalogue=catalogue)


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
