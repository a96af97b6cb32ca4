"""What lies in these folders?"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from medidense import durable
from medidense.errors import NothingFoundError, UsageError
from medidense.io import Entries, Index, catalogued, index_of, temporary_index, write_parquet
from medidense.values import Entry, ReadOptions
from medidense.values.wording import count
from medidense.verbs.progress import Progress, counting, quiet

NO_OPTIONS = ReadOptions()

COLUMNS = (
    "path",
    "state",
    "kind",
    "modality",
    "study_uid",
    "series_uid",
    "patient_key",
    "files",
    "shape",
    "spacing_mm",
    "pick",
    "code",
    "note",
)
"""Columns of the catalogue file."""


@dataclass(frozen=True)
class ScanResult:
    """Every file accounted for: in a volume, refused with its reason, or skipped as no volume.

    `entries` lie in the index beside `out`, or in a temporary one that goes with the result: they are read
    while one walks over them, and walked again from the start.
    """

    entries: Entries
    out: Path | None

    def count(self, state: str) -> int:
        """Entries of a state: ``volume``, ``refused`` or ``skipped``."""
        return self.entries.count(state)

    def close(self) -> None:
        """Remove the temporary index now; at the latest it goes with the program."""
        self.entries.close()

    def summary(self) -> dict[str, object]:
        """The counts, and where the list was written."""
        counts = {
            name: self.count(state)
            for name, state in (("volumes", "volume"), ("refused", "refused"), ("skipped", "skipped"))
        }
        return {**counts, "out": self.out and str(self.out)}

    def to_json(self) -> dict[str, object]:
        """The summary, then each entry."""
        return {**self.summary(), "entries": [asdict(entry) for entry in self.entries]}


def scan(
    paths: Sequence[Path],
    *,
    out: Path | None = None,
    options: ReadOptions = NO_OPTIONS,
    progress: Progress = quiet,
) -> ScanResult:
    """Look through files, folders and ZIP archives and list each stack, each refusal and each file that is no
    image.

    Files of one series are one volume however they are given: in a folder, in several, one by one. `out`
    receives the list as CSV, or as Parquet where its name ends in .parquet (mode 0600), and beside it lies an
    index: a second scan with the same `out` and `options` looks only at files that are new or have another
    size or time.
    Raises NothingFoundError when there is no image file, UsageError when a path does not exist or `out` is a
    folder, LockedError while another scan has the same `out`, WriteError.
    """
    out = None if out is None else Path(out)
    if out is not None and out.is_dir():
        raise UsageError(str(out), "the catalogue is a file", "a folder", "name a .csv or .parquet in it")
    index = temporary_index() if out is None else index_of(out)
    try:
        counted = counting(progress, "scan")
        with catalogued(
            [Path(path) for path in paths], counted, index=index, options=replace(options, pick={})
        ) as found:
            _check_found(paths, found)
            if out is not None:
                write = write_parquet if out.suffix == ".parquet" else durable.write_csv
                write(out, COLUMNS, (_row(entry) for entry in found.entries()))
        return ScanResult(Entries(index, owned=out is None), out)
    except BaseException:
        if out is None:
            shutil.rmtree(index.parent, ignore_errors=True)
        raise


def _check_found(paths: Sequence[Path], found: Index) -> None:
    """Raise NothingFoundError where there is no image; a scout is one."""
    counts = found.counts()
    if not (counts.get("volume") or counts.get("refused") or found.series()):
        names = ", ".join(str(path) for path in paths)
        others = count(counts.get("skipped", 0), "other file")
        raise NothingFoundError(names, "no image file was found", others, "check the path")


def _row(entry: Entry) -> tuple[str, ...]:
    """One line of the catalogue file."""
    return (
        entry.path,
        entry.state,
        entry.kind,
        entry.modality,
        entry.study_uid,
        entry.series_uid,
        entry.patient_key,
        str(entry.files),
        " ".join(str(n) for n in entry.shape),
        " ".join(f"{mm:.6g}" for mm in entry.spacing_mm),
        entry.pick,
        entry.refusal.code if entry.refusal else "",
        entry.refusal.sentence if entry.refusal else entry.note,
    )
