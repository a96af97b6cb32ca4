"""What lies under the paths given, one unit of work at a time, and has it changed?"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medidense.batch.ledger import Unit
from medidense.batch.lesions import Lesion, Lesions
from medidense.io import find_inputs
from medidense.values import Refusal


@dataclass(frozen=True)
class Item:
    """One input with its lesions; `refusal` where the search itself found it unreadable."""

    path: Path
    study_uid: str = ""
    series_uid: str = ""
    lesions: tuple[Lesion, ...] = ()
    refusal: Refusal | None = None
    parts: tuple[Path, ...] = ()
    """What to read in place of `path`, if there is anything here."""

    @property
    def source(self) -> Path | tuple[Path, ...]:
        """What `read_volume` takes."""
        return self.parts or self.path

    def unit(self) -> Unit:
        """What the ledger knows the item by; the key changes with the files' size or time and the lesions."""
        facts = {
            "files": stamps(self.parts or (self.path,)),
            "lesions": [_about(lesion) for lesion in self.lesions],
        }
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        # two series of a folder may be refused in the very same words
        part = self.series_uid if self.refusal is None else f"{self.series_uid} {self.refusal.sentence}"
        return Unit(str(self.path.resolve()), part, key, loose=self.refusal is not None)


def find_items(inputs: Sequence[Path], lesions: Lesions | None) -> Iterator[Item]:
    """Every input below the paths, in their order, each once; files of one series are one input.

    A file that the list of lesions names as a mask is no input.
    """
    masks = set() if lesions is None else {lesion.mask.resolve() for lesion in lesions.lesions if lesion.mask}
    below = find_inputs(inputs)
    for found in below.found:
        if found.path.resolve() in masks:
            continue
        own = () if lesions is None else lesions.of(found.path, found.series_uid)
        yield Item(found.path, found.study_uid, found.series_uid, own, parts=found.parts)
    for no in below.refusals:
        own = () if lesions is None else lesions.of(Path(no.path), no.series_uid)
        yield Item(Path(no.path), no.study_uid, no.series_uid, own, no.refusal)


def stamps(inputs: Sequence[Path]) -> list[list[str | int]]:
    """Path, size and time of every file that these inputs rest on."""
    return [[str(path), *stamp(path)] for part in inputs for path in _files(part)]


def _files(path: Path) -> list[Path]:
    """The files an input rests on: itself, or everything below a folder."""
    return sorted(below for below in path.rglob("*") if below.is_file()) if path.is_dir() else [path]


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; zeros where it cannot be looked at."""
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_size, facts.st_mtime_ns


def _about(lesion: Lesion) -> list[object]:
    """What of a lesion decides its score."""
    marker = lesion.marker and [*lesion.marker.centre_mm, lesion.marker.diameter_mm]
    mask = None if lesion.mask is None else [str(lesion.mask), *stamp(lesion.mask)]
    segment = [lesion.segment] if lesion.segment else []  # so that a ledger without segments stays as it is
    beside = [dict(lesion.covariates)] if lesion.covariates else []
    return [lesion.lesion_id, marker, mask, *segment, *beside]
