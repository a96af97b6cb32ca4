"""What is one file of a tree: images of a DICOM series, images of its own, or no image? Runs in a worker."""

from pathlib import Path
from typing import Any

import numpy as np

from medidense.io.dicom import Frame, NoImage, Scanned, groups_of, laid_out, scan_file, stack_of
from medidense.io.dicom.container import FOREIGN
from medidense.io.dicom.seen import Seen
from medidense.io.dicom.stacks import Group
from medidense.io.nifti_files import check_whole
from medidense.io.nifti_header import read_header
from medidense.io.raster import SUFFIXES, read_picture
from medidense.io.reading import NIFTI_SUFFIXES, kind_of
from medidense.values import Entry, ReadOptions, Refusal, Refused
from medidense.values.volume import Affine

IMAGE_SUFFIXES = (".dcm", ".nii", ".nii.gz", ".hdr", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".zip")
"""A file of such a name that is no image is refused; any other is skipped."""

OTHER_SUFFIXES = (*NIFTI_SUFFIXES, *SUFFIXES, ".zip")
"""Names that no DICOM file is looked for behind."""

NO_OPTIONS = ReadOptions()


def look(
    file: Path, options: ReadOptions = NO_OPTIONS, *, given: bool = False, seen: Seen | None = None
) -> list[Entry] | Scanned:
    """One file: its entries where it is no DICOM, else its header for grouping. Raises nothing.

    Pictures are decoded, so that what is listed can be read. `given`: the user named it, no walk met it.
    `seen` is that of `scan_file`.

    A ZIP archive has no entry here: a worker may not unpack it.
    """
    kind, limits, guess = "", options.limits, options.guess_syntax
    try:
        if not file.name.lower().endswith(OTHER_SUFFIXES):  # most files are DICOM: opened but once
            scanned = scan_file(file, limits, guess_syntax=guess, seen=seen)
            if not isinstance(scanned, NoImage) or scanned.refusal.code not in FOREIGN:
                return scanned
        kind = kind_of(file, guess_syntax=guess)
        if kind == "dicom":
            return scan_file(file, limits, guess_syntax=guess)
        if kind == "nifti":
            header = read_header(file, options, limits)
            if header.paired and header.voxels == file and not given:
                return [Entry(str(file), "skipped", note="the voxels of the .hdr file beside it")]
            check_whole(header.voxels, header.offset + header.size)
            spacing = spacing_of(header.affine)
            return [Entry(str(file), "volume", "nifti", shape=header.shape, spacing_mm=spacing)]
        if kind == "archive":
            return []
        return [Entry(str(file), "volume", "picture", shape=read_picture(file, limits=limits).shape)]
    except Refused as refused:
        named = file.name.lower().endswith(IMAGE_SUFFIXES)
        if named or refused.refusal.code not in ("EMPTY", "NOT_DICOM", "NOT_PICTURE"):
            return [Entry(str(file), "refused", kind, refusal=refused.refusal)]
        return [Entry(str(file), "skipped", note="no image file")]


def assemble(
    frames: tuple[Frame, ...],
    place: tuple[Path, str, int],
    refusal: Refusal | None,
    options: ReadOptions = NO_OPTIONS,
    *,
    apart: bool,
) -> list[Entry]:
    """The entries of one series; the same checks of the headers as `read_volume` makes.

    `place` is (what `read_volume` takes, a note, number of files), `refusal` that of a broken file in the
    series. With `apart` each stack has an entry; without, a series of several stacks is refused as
    `read_volume` refuses it.
    """
    if refusal is not None and not frames:
        return [Entry(str(place[0]), "refused", "dicom", files=place[2], refusal=refusal, note=place[1])]
    if refusal is not None:
        return [_entry(frames, place, refusal)]
    try:
        if not apart:
            stack = stack_of(frames, place[0], options)
            return [_entry(stack.frames, place, None, stack.affine, stack.shape, warnings=stack.warnings)]
        groups, warnings = groups_of(frames, place[0], options)
    except Refused as refused:
        return [_entry(frames, place, refused.refusal)]
    return [_of_group(group, place, warnings, options) for group in groups]


def _of_group(
    group: Group, place: tuple[Path, str, int], warnings: tuple[str, ...], options: ReadOptions
) -> Entry:
    """The entry of one stack."""
    try:
        stack = laid_out(group, warnings, place[0], options)
    except Refused as refused:
        return _entry(group.frames, place, refused.refusal, marks=group.marks)
    facts = {"warnings": stack.warnings, "marks": group.marks}
    return _entry(stack.frames, place, None, stack.affine, stack.shape, **facts)


def _entry(
    frames: tuple[Frame, ...],
    place: tuple[Path, str, int],
    refusal: Refusal | None,
    affine: Affine | None = None,
    shape: tuple[int, ...] = (),
    **facts: Any,
) -> Entry:
    """One entry of a series. A scout is no volume, and nobody asked for it to be one: it is passed over."""
    where, note, count = place
    identity = frames[0].identity
    state = "volume" if refusal is None else "refused"
    if refusal is not None and refusal.code == "LOCALIZER":
        state, note, refusal = "skipped", refusal.sentence, None
    return Entry(
        path=str(where),
        state=state,
        kind="dicom",
        modality=identity.modality,
        study_uid=identity.study_uid,
        series_uid=identity.series_uid,
        patient_key=identity.patient_key,
        files=count,
        shape=shape,
        spacing_mm=() if affine is None else spacing_of(affine),
        refusal=refusal,
        note="; ".join([*([note] if note else []), *facts.get("warnings", ())]),
        marks=facts.get("marks", ()),
    )


def spacing_of(affine: Affine) -> tuple[float, ...]:
    """Distance of voxel centres along i, j, k in mm."""
    return tuple(float(gap) for gap in np.sqrt((affine[:3, :3] ** 2).sum(axis=0)))
