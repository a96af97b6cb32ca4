"""What images lie below these paths? One entry for each series, refused file, or file that is no image."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medidense.io.dicom import Gathered, Header, NoImage, Scanned, Stack, gather, scan_file, stack_of
from medidense.io.nifti_header import read_header
from medidense.io.raster import read_picture
from medidense.io.reading import kind_of
from medidense.io.tree import walk
from medidense.values import Entry, Refusal, Refused

IMAGE_SUFFIXES = (".dcm", ".nii", ".nii.gz", ".hdr", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".zip")
"""A file of such a name that is no image is refused; any other is skipped."""


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


def ignore(_: int) -> None:
    """Listen to no progress."""


def catalogue(paths: Sequence[Path], progress: Callable[[int], None] = ignore) -> Iterator[Entry]:
    """One entry for each series, refused file and other file below `paths`, sorted by path within each.

    Only headers are read, but pictures are decoded (so that what is listed can be read). Every file ends in
    exactly one entry; a file met before, under an earlier path, is passed over. Files of one DICOM series are
    put together wherever they lie below one path. `path` of a DICOM entry is what `read_volume` takes: the
    deepest folder that holds the whole series, or its file where it has but one and others lie beside it.
    Where the folder holds other series too, `note` says that the series UID must be given.
    `progress` is told the number of files seen so far. Raises nothing for what a file holds.
    """
    seen: set[Path] = set()
    for path in paths:
        scanned: list[Scanned] = []
        entries: list[Entry] = []
        for file in walk(path) if path.is_dir() else [path]:
            if isinstance(file, Refused):
                entries.append(_refused(Path(file.refusal.where), file.refusal))
                continue
            real = file.resolve()
            if real in seen:
                continue
            seen.add(real)
            progress(len(seen))
            one = _look(file, given=file == path)
            if isinstance(one, Entry):
                entries.append(one)
            else:
                scanned.append(one)
        entries += _dicom_entries(gather(scanned), path)
        yield from sorted(entries, key=lambda entry: (os.fsencode(entry.path), entry.series_uid))


def find_inputs(path: Path) -> Inputs:
    """The images below one path given to `score` or `explain`, in the order of `catalogue`."""
    found: list[Input] = []
    refusals: list[tuple[str, Refusal]] = []
    skipped: list[str] = []
    for entry in catalogue([path]):
        if entry.refusal is not None and entry.state == "refused":
            refusals.append((entry.path, entry.refusal))
        elif entry.state == "volume":
            found.append(Input(Path(entry.path), entry.series_uid, entry.study_uid))
        else:
            skipped.append(entry.path)
    return Inputs(tuple(found), tuple(refusals), tuple(skipped))


def patient_key(path: Path, *, series_uid: str = "") -> str:
    """sha256 hex of the DICOM PatientID of a file or of a folder's (chosen) series; "" for anything else.

    Two images of one patient have one key; nothing but the key leaves this function. "" also where the
    PatientID is empty or the files cannot be read.
    """
    for file in walk(path) if path.is_dir() else [path]:
        one = scan_file(file) if isinstance(file, Path) else None
        if isinstance(one, Header) and series_uid in ("", one.identity.series_uid):
            return one.identity.patient_key
    return ""


def _look(file: Path, *, given: bool) -> Entry | Scanned:
    """One file: an entry where it is no DICOM, else its header for grouping. `given`: not met in a folder."""
    try:
        kind = kind_of(file)
        if kind == "dicom":
            return scan_file(file)
        if kind == "nifti":
            header = read_header(file)
            if header.paired and header.voxels == file and not given:
                return Entry(str(file), "skipped", note="the voxels of the .hdr file beside it")
            gaps = np.sqrt((header.affine[:3, :3] ** 2).sum(axis=0))
            spacing = tuple(float(gap) for gap in gaps)
            return Entry(str(file), "volume", "nifti", shape=header.shape, spacing_mm=spacing)
        return Entry(str(file), "volume", "picture", shape=read_picture(file).shape)
    except Refused as refused:
        named = file.name.lower().endswith(IMAGE_SUFFIXES)
        if named or refused.refusal.code not in ("EMPTY", "NOT_DICOM", "NOT_PICTURE"):
            return _refused(file, refused.refusal)
        return Entry(str(file), "skipped", note="no image file")


def _refused(path: Path, refusal: Refusal, kind: str = "") -> Entry:
    """An entry for one refused file."""
    return Entry(str(path), "refused", kind, refusal=refusal)


def _dicom_entries(gathered: Gathered, path: Path) -> list[Entry]:
    """The entries of all DICOM files below one path."""
    entries = [_not_an_image(file) for file in gathered.skipped]
    strays = []
    for file in gathered.broken:
        if file.series_uid not in gathered.series:
            strays.append(file.path)
            entries.append(_refused(file.path, file.refusal, "dicom"))
    images = {uid: [header.path for header in files] for uid, files in gathered.series.items()}
    for uid, files in gathered.series.items():
        broken = [file for file in gathered.broken if file.series_uid == uid]
        mine = images[uid] + [file.path for file in broken]
        others = strays + [file for other, paths in images.items() if other != uid for file in paths]
        where, note = _place(mine, others, path)
        refusal = broken[0].refusal if broken else None
        entries.append(_series_entry(files, refusal, (where, note, len(mine))))
    return entries


def _not_an_image(file: NoImage) -> Entry:
    """A report, a segmentation, a dose: listed with its reason, not refused."""
    return Entry(str(file.path), "skipped", "dicom", note=file.refusal.sentence)


def _place(mine: list[Path], others: list[Path], path: Path) -> tuple[Path, str]:
    """(what `read_volume` takes for these files, a note where the series must be chosen)."""
    if not path.is_dir():
        return path, ""
    folder = Path(os.path.commonpath([str(file.parent) for file in mine]))
    if not any(other.is_relative_to(folder) for other in others):
        return folder, ""
    if len(mine) == 1:
        return mine[0], ""
    return folder, "other series or broken files lie in this folder: give the series UID"


def _series_entry(files: tuple[Header, ...], refusal: Refusal | None, place: tuple[Path, str, int]) -> Entry:
    """The entry of one series; the same checks of the headers as `read_volume` makes."""
    where, note, count = place
    stack: Stack | None = None
    if refusal is None:
        try:
            stack = stack_of(files, where)
        except Refused as refused:
            refusal = refused.refusal
    gaps = np.sqrt((stack.affine[:3, :3] ** 2).sum(axis=0)) if stack is not None else ()
    identity = files[0].identity
    return Entry(
        path=str(where),
        state="refused" if stack is None else "volume",
        kind="dicom",
        modality=identity.modality,
        study_uid=identity.study_uid,
        series_uid=identity.series_uid,
        patient_key=identity.patient_key,
        files=count,
        shape=() if stack is None else stack.shape,
        spacing_mm=tuple(float(gap) for gap in gaps),
        refusal=refusal,
        note="; ".join([*([note] if note else []), *(stack.warnings if stack is not None else ())]),
    )
