"""What can a worker be asked to do? The names that `guarded.call` takes, and the function behind each.

Arguments and answers are what JSON can say, and arrays on the desk. A door on the other side
(`medidense.io.volumes`, `regions`, `discover`) turns them back into values.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from medidense.io.dicom import Frame, Scanned, scan_file
from medidense.io.dicom.packing import IMAGE, Repeated, pack, unpack
from medidense.io.dicom.seen import Seen
from medidense.io.guarded import Desk, Task
from medidense.io.looking import assemble, look
from medidense.io.masks import mask_here
from medidense.io.reading import read_here
from medidense.io.told import Noting, ask_of, grid_of, options_of, told_volume
from medidense.io.tree import files_below
from medidense.values import Entry, Refusal


def _read(arguments: Mapping[str, Any], desk: Desk) -> Any:
    """`read_here`: the volume without its array, which lies on the desk."""
    noting, known = Noting(desk), arguments.get("known")
    files: list[Scanned] | None = None
    if known is not None:
        files = [unpack(Path(path), kind, series, json.loads(facts)) for path, kind, series, facts in known]
    parts = [Path(part) for part in arguments.get("parts", ())]
    volume = read_here(Path(arguments["path"]), ask_of(arguments), noting, files, parts)
    return told_volume(volume, noting)


def _mask(arguments: Mapping[str, Any], desk: Desk) -> None:
    """`mask_here`: the mask on the desk."""
    inside = mask_here(Path(arguments["path"]), grid_of(arguments["grid"]), arguments["segment"])
    desk.array(inside.shape, np.bool_)[...] = inside


def _look(arguments: Mapping[str, Any], desk: Desk) -> list[tuple[str, str, str]]:
    """`look` at each path: (kind, series UID, facts as JSON)."""
    answers, seen = [], Seen()
    options = options_of(arguments["options"])
    for path in arguments["paths"]:
        looked = look(Path(path), options, given=path in arguments["given"], seen=seen)
        if isinstance(looked, list):
            kind = "entries" if looked else "archive"
            answers.append((kind, "", json.dumps([_facts(entry) for entry in looked])))
        else:
            kind, series, facts = pack(looked)
            answers.append((kind, series, json.dumps(facts)))
        desk.beat()
    return answers


def _assemble(arguments: Mapping[str, Any], desk: Desk) -> list[Any]:
    """`assemble` the files of a series: its entries; or of each of several series."""
    if isinstance(arguments["series"], list):
        return [_beaten(_assemble(one, desk), desk) for one in arguments["series"]]
    frames: list[Frame] = []
    refusal: Refusal | None = None
    repeated = Repeated()
    for path, kind, facts in arguments["files"]:
        if kind == IMAGE:
            scanned = unpack(Path(path), kind, arguments["series"], json.loads(facts), repeated)
            frames += scanned if isinstance(scanned, tuple) else ()
        elif refusal is None:
            refusal = Refusal(*json.loads(facts))
    place = (Path(arguments["where"]), arguments["note"], len(arguments["files"]))
    options = options_of(arguments["options"])
    entries = assemble(tuple(frames), place, refusal, options, apart=arguments["apart"])
    if not frames:
        entries = [replace(entry, series_uid=arguments["series"]) for entry in entries]
    return [_facts(entry) for entry in entries]


def _facts(entry: Entry) -> dict[str, Any]:
    """The fields of an entry, and of its refusal. `asdict` copies every part, and takes ten times as long."""
    refusal = entry.refusal
    return {**vars(entry), "refusal": None if refusal is None else dict(vars(refusal))}


def _beaten(entries: list[Any], desk: Desk) -> list[Any]:
    """The entries of one more series, told to whoever waits."""
    desk.beat()
    return entries


def _patient(arguments: Mapping[str, Any], desk: Desk) -> str:
    """The digest of the PatientID of the (chosen) series at a path, "" where there is none."""
    path, wanted = Path(arguments["path"]), arguments["series_uid"]
    for file in files_below(path) if path.is_dir() else [path]:
        scanned = scan_file(file)
        if isinstance(scanned, tuple) and wanted in ("", scanned[0].identity.series_uid):
            return scanned[0].identity.patient_key
        desk.beat()
    return ""


TASKS: MappingProxyType[str, Task] = MappingProxyType(
    {"assemble": _assemble, "look": _look, "mask": _mask, "patient": _patient, "read": _read}
)
"""Name -> function of (arguments, desk)."""
