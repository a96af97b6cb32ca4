"""Which images are there to read below a path, whose are they, and what does a catalogue know of them?"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from medidense.errors import WriteError
from medidense.io.archive import unpacked_archive
from medidense.io.cataloguing import ENTRIES, catalogued
from medidense.io.dicom.packing import NO_IMAGE
from medidense.io.guarded import call
from medidense.io.index import open_index
from medidense.io.tree import walk
from medidense.values import Refusal, Refused


@dataclass(frozen=True)
class Input:
    """One image to score or explain: what `read_volume` takes, and UIDs for joining (empty but for DICOM)."""

    path: Path
    series_uid: str = ""
    study_uid: str = ""


@dataclass(frozen=True)
class Inputs:
    """What lies below a path: images whose headers are sound, (path, refusal) pairs, and other files."""

    found: tuple[Input, ...]
    refusals: tuple[tuple[str, Refusal], ...]
    skipped: tuple[str, ...]


def find_inputs(path: Path) -> Inputs:
    """The images below one path given to `score` or `explain`, in the order of `catalogue`."""
    found: list[Input] = []
    refusals: list[tuple[str, Refusal]] = []
    skipped: list[str] = []
    with catalogued([path], apart=False) as index:
        for entry in index.entries():
            if entry.refusal is not None and entry.state == "refused":
                refusals.append((entry.path, entry.refusal))
            elif entry.state == "volume":
                found.append(Input(Path(entry.path), entry.series_uid, entry.study_uid))
            else:
                skipped.append(entry.path)
    return Inputs(tuple(found), tuple(refusals), tuple(skipped))


def known_files(
    catalogue: Path, folder: Path, series_uid: str = ""
) -> list[tuple[str, str, str, str]] | None:
    """(path, kind, series, facts) of the files below `folder`, as the scan that wrote `catalogue` found them.

    With `series_uid` the files of other series are left out.

    None where a file is new, has changed since or was refused, or where there is no such scan: then they must
    be read.
    Raises Refused where the folder cannot be walked.
    """
    index = index_of(catalogue)
    if not index.is_file():
        return None
    real, given = os.path.realpath(folder), str(folder)
    try:
        with open_index(index) as found:
            known = found.known_below(os.fsencode(real))
    except WriteError:  # of another program, damaged, or not ours to open
        return None
    files: list[tuple[str, str, str, str]] = []
    for file in walk(folder):
        if isinstance(file, Refused):
            raise file
        facts = known.get(os.fsencode(real + file.path[len(given) :]))
        if facts is None or facts[:2] != (file.size, file.mtime):
            return None
        _, _, kind, series, content = facts
        if kind == ENTRIES and content:
            return None
        if kind == ENTRIES:  # no DICOM image: all that counts is that it was passed over
            kind, content = NO_IMAGE, json.dumps(["NOT_DICOM", file.path, "a file", "DICOM", "give another"])
        if not series_uid or series in ("", series_uid):
            files.append((file.path, kind, series, content))
    return files


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
        answer = (
            call("look", {"paths": [str(path)], "given": [str(path)]}, where=path) if path.is_file() else None
        )
        if answer is not None and answer.value[0][0] == "archive":
            with unpacked_archive(path) as members:
                return patient_key(members.folder, series_uid=series_uid)
        arguments = {"path": str(path), "series_uid": series_uid}
        return str(call("patient", arguments, where=path).value)
    except Refused:
        return ""
