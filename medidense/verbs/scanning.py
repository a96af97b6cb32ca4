"""What lies in these folders?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medidense import durable
from medidense.errors import NothingFoundError
from medidense.io import catalogued, index_of, write_parquet
from medidense.values import Entry
from medidense.verbs.progress import Progress, counting, quiet

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
    """Every file accounted for: in a volume, refused with its reason, or skipped as no image."""

    entries: tuple[Entry, ...]
    out: Path | None

    def count(self, state: str) -> int:
        """Entries of a state: ``volume``, ``refused`` or ``skipped``."""
        return sum(entry.state == state for entry in self.entries)

    def to_json(self) -> dict[str, object]:
        """Counts, then each entry."""
        counts = {f"{state}s": self.count(state) for state in ("volume",)}
        counts |= {state: self.count(state) for state in ("refused", "skipped")}
        entries = [asdict(entry) for entry in self.entries]
        return {**counts, "out": self.out and str(self.out), "entries": entries}


def scan(paths: Sequence[Path], *, out: Path | None = None, progress: Progress = quiet) -> ScanResult:
    """Look through files, folders and ZIP archives and list each stack, each refusal and each file that is no
    image.

    `out` receives the list as CSV, or as Parquet where its name ends in .parquet (mode 0600), and beside it
    lies an index: a second scan with the same `out` looks only at files that are new or have another size or
    time.
    Raises NothingFoundError when there is no image file, UsageError when a path does not exist, WriteError.
    """
    out = None if out is None else Path(out)
    index = None if out is None else index_of(out)
    with catalogued([Path(path) for path in paths], counting(progress, "scan"), index=index) as found:
        entries = tuple(found.entries())
    if not any(entry.state in ("volume", "refused") for entry in entries):
        names = ", ".join(str(path) for path in paths)
        raise NothingFoundError(
            names, "no image file was found", f"{len(entries)} other files", "check the path"
        )
    if out is not None:
        write = write_parquet if out.suffix == ".parquet" else durable.write_csv
        write(out, COLUMNS, (_row(entry) for entry in entries))
    return ScanResult(entries, out)


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
