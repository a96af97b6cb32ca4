"""What can a worker be asked to do? The names that `guarded.call` takes, and the function behind each.

Arguments and answers are what JSON can say, and arrays on the desk. A door on the other side
(`medidense.io.volumes`, `regions`, `discover`) turns them back into values.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from medidense.io.dicom import Frame, Scanned, scan_file
from medidense.io.dicom.packing import IMAGE, pack, unpack
from medidense.io.guarded import Desk, Task
from medidense.io.looking import assemble, look
from medidense.io.masks import mask_here
from medidense.io.reading import read_here
from medidense.io.told import Noting, ask_of, grid_of, told_volume
from medidense.io.tree import files_below
from medidense.values import Refusal


def _read(arguments: Mapping[str, Any], desk: Desk) -> Any:
    """`read_here`: the volume without its array, which lies on the desk."""
    noting, known = Noting(desk), arguments.get("known")
    files: list[Scanned] | None = None
    if known is not None:
        files = [unpack(Path(path), kind, series, json.loads(facts)) for path, kind, series, facts in known]
    return told_volume(read_here(Path(arguments["path"]), ask_of(arguments), noting, files), noting)


def _mask(arguments: Mapping[str, Any], desk: Desk) -> None:
    """`mask_here`: the mask on the desk."""
    inside = mask_here(Path(arguments["path"]), grid_of(arguments["grid"]), arguments["segment"])
    desk.array(inside.shape, np.bool_)[...] = inside


def _look(arguments: Mapping[str, Any], desk: Desk) -> list[tuple[str, str, str]]:
    """`look` at each path: (kind, series UID, facts as JSON)."""
    answers = []
    for path in arguments["paths"]:
        looked = look(Path(path), given=path in arguments["given"])
        if isinstance(looked, list):
            kind = "entries" if looked else "archive"
            answers.append((kind, "", json.dumps([asdict(entry) for entry in looked])))
        else:
            kind, series, facts = pack(looked)
            answers.append((kind, series, json.dumps(facts)))
        desk.beat()
    return answers


def _assemble(arguments: Mapping[str, Any], desk: Desk) -> list[dict[str, Any]]:
    """`assemble` the files of a series: its entries."""
    frames: list[Frame] = []
    refusal: Refusal | None = None
    for path, kind, facts in arguments["files"]:
        if kind == IMAGE:
            scanned = unpack(Path(path), kind, arguments["series"], json.loads(facts))
            frames += scanned if isinstance(scanned, tuple) else ()
        elif refusal is None:
            refusal = Refusal(*json.loads(facts))
    place = (Path(arguments["where"]), arguments["note"], len(arguments["files"]))
    entries = assemble(tuple(frames), place, refusal, apart=arguments["apart"])
    if not frames:
        entries = [replace(entry, series_uid=arguments["series"]) for entry in entries]
    return [asdict(entry) for entry in entries]


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
