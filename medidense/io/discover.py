"""Which images are there to read below a path, whose are they, and what does a catalogue know of them?"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medidense.errors import LockedError, WriteError
from medidense.io.archive import unpacked_archive
from medidense.io.cataloguing import ENTRIES, catalogued
from medidense.io.dicom.packing import NO_IMAGE
from medidense.io.guarded import call
from medidense.io.index import Facts, Index, read_index
from medidense.io.told import rules_of, told_options
from medidense.io.tree import walk
from medidense.values import Limits, ReadOptions, Refusal, Refused

NO_OPTIONS = ReadOptions()


@dataclass(frozen=True)
class Input:
    """One image to score or explain: what `read_volume` takes, and UIDs for joining (empty but for DICOM).

    `parts` are to be read in place of `path` where there are any: the image is not all that lies there.
    """

    path: Path
    series_uid: str = ""
    study_uid: str = ""
    parts: tuple[Path, ...] = ()

    @property
    def source(self) -> Path | tuple[Path, ...]:
        """What `read_volume` takes."""
        return self.parts or self.path


@dataclass(frozen=True)
class Unread:
    """What was refused; `series_uid` and `study_uid` are empty where no header said them."""

    path: str
    refusal: Refusal
    series_uid: str = ""
    study_uid: str = ""


@dataclass(frozen=True)
class Inputs:
    """What lies below some paths: images whose headers are sound, what was refused, and other files."""

    found: tuple[Input, ...]
    refusals: tuple[Unread, ...]
    skipped: tuple[str, ...]


def find_inputs(paths: Sequence[Path]) -> Inputs:
    """The images below the paths given to `score` or `explain`, in the order of `catalogue`."""
    found: list[Input] = []
    refusals: list[Unread] = []
    skipped: list[str] = []
    with catalogued(paths, apart=False) as index:
        for entry in index.entries():
            if entry.refusal is not None and entry.state == "refused":
                refusals.append(Unread(entry.path, entry.refusal, entry.series_uid, entry.study_uid))
            elif entry.state == "volume":
                parts = tuple(Path(part) for part in entry.parts)
                found.append(Input(Path(entry.path), entry.series_uid, entry.study_uid, parts))
            else:
                skipped.append(entry.path)
    return Inputs(tuple(found), tuple(refusals), tuple(skipped))


def known_files(
    catalogue: Path, parts: Sequence[Path], series_uid: str = "", options: ReadOptions = NO_OPTIONS
) -> list[tuple[str, str, str, str]] | None:
    """(path, kind, series, facts) of the files that are or lie below `parts`, as the scan that wrote
    `catalogue` found them.

    With `series_uid` the files of other series are left out.

    None where a file is new, has changed since or was refused, where the scan was made with other `options`,
    or where there is no such scan: then they must be read.
    Raises Refused where a folder cannot be walked.
    """
    index = index_of(catalogue)
    if not index.is_file():
        return None
    files: dict[bytes, tuple[str, str, str, str]] = {}
    try:
        with read_index(index) as found:
            if found.rules() != rules_of(options):
                return None
            for part in parts:
                for key, path, facts in _known_in(found, part, options.limits):
                    if facts is None:
                        return None
                    files.setdefault(key, (path, *facts))
    except (WriteError, LockedError):  # of another program, damaged, not ours to open, or being written
        return None
    return [file for file in files.values() if not series_uid or file[2] in ("", series_uid)]


def _known_in(
    index: Index, part: Path, limits: Limits
) -> Iterator[tuple[bytes, str, tuple[str, str, str] | None]]:
    """(real path, path, what the index knows) of a file, or of each in a folder; None: it must be read."""
    if not part.is_dir():
        key = os.fsencode(os.path.realpath(part))
        facts = index.known_at(key)
        stat = part.stat() if part.is_file() else None
        same = stat is not None and facts is not None and facts[:2] == (stat.st_size, stat.st_mtime_ns)
        yield key, str(part), _as_image(str(part), facts) if same else None
        return
    real, given = os.path.realpath(part), str(part)
    known = index.known_below(os.fsencode(real))
    for file in walk(part, limits):
        if isinstance(file, Refused):
            raise file
        key = os.fsencode(real + file.path[len(given) :])
        facts = known.get(key)
        same = facts is not None and facts[:2] == (file.size, file.mtime)
        yield key, file.path, _as_image(file.path, facts) if same else None


def _as_image(path: str, facts: Facts | None) -> tuple[str, str, str] | None:
    """(kind, series, facts) of a file; one that is no DICOM counts as passed over, None if it was refused."""
    if facts is None or (facts[2] == ENTRIES and facts[4]):
        return None
    if facts[2] == ENTRIES:
        return NO_IMAGE, facts[3], json.dumps(["NOT_DICOM", path, "a file", "DICOM", "give another"])
    return facts[2:]


def index_of(catalogue: Path) -> Path:
    """Where the index beside a catalogue lies."""
    return catalogue.with_name(f"{catalogue.name}.index")


def patient_key(path: Path, *, series_uid: str = "") -> str:
    """sha256 hex of the DICOM PatientID of a file, or of the (chosen) series of a folder or of a ZIP archive;
    "" for anything else.

    Two images of one patient have one key; nothing but the key leaves this function. "" also where the
    PatientID is empty or the files cannot be read.
    """
    try:
        asked = {"paths": [str(path)], "given": [str(path)], "options": told_options(NO_OPTIONS)}
        answer = call("look", asked, where=path) if path.is_file() else None
        if answer is not None and answer.value[0][0] == "archive":
            with unpacked_archive(path) as members:
                return patient_key(members.folder, series_uid=series_uid)
        arguments = {"path": str(path), "series_uid": series_uid}
        return str(call("patient", arguments, where=path).value)
    except Refused:
        return ""
