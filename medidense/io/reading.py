"""What volume does this path hold? DICOM, NIfTI and pictures by content, read in this process.

Runs in a guarded worker: `medidense.io.volumes` is the door that everybody else takes.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.archive_listing import MAGICS
from medidense.io.arrays import Allocate
from medidense.io.dicom import (
    NoImage,
    Scanned,
    Stack,
    choose,
    decoder_of,
    gather,
    is_lossy,
    padding_of,
    read_pixels,
    scan_file,
    stack_of,
    syntaxes_of,
)
from medidense.io.dicom.container import foreign, is_bare
from medidense.io.dicom.seen import Seen
from medidense.io.dicom.syntaxes import NATIVE
from medidense.io.guard import opened
from medidense.io.guarded.desk import Desk, LocalDesk
from medidense.io.nifti import read_nifti
from medidense.io.nifti_header import is_nifti, read_header
from medidense.io.raster import SUFFIXES, is_picture, read_picture
from medidense.io.tree import files_below
from medidense.values import Limits, ReadOptions, Refused, Source, Volume
from medidense.values.volume import Affine, Box, box_affine, cropped
from medidense.values.wording import count

NIFTI_SUFFIXES = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")


@dataclass(frozen=True)
class Ask:
    """Which image of what lies at a path, and how much of it.

    With `centre_mm` (RAS+ millimetres) only the box around it is read: `extent_mm` along the image's own axes
    and `margin_mm` on every side of that.
    """

    series_uid: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    centre_mm: tuple[float, float, float] | None = None
    extent_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    margin_mm: float = 0.0
    members: bool = False
    """The folder holds the members of an archive: without a DICOM image, its only other image will do."""

    def box(self, affine: Affine, shape: tuple[int, int, int], where: object) -> Box | None:
        """The voxels wanted of an image, None for all. Refused OUTSIDE where it has none of them."""
        if self.centre_mm is None:
            return None
        spacing = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
        centre = np.linalg.solve(affine, np.array([*self.centre_mm, 1.0]))[:3]
        reach = (np.array(self.extent_mm) / 2 + self.margin_mm) / spacing
        low = np.clip(np.floor(centre - reach), 0, np.array(shape)).astype(int)
        high = np.clip(np.ceil(centre + reach) + 1, 0, np.array(shape)).astype(int)
        if (low >= high).any():
            said = f"voxel {[round(float(part), 1) for part in centre]} of {list(shape)}"
            raise Refused("OUTSIDE", where, said, "a region in the image", "check the point and its frame")
        i, j, k = ((int(first), int(last)) for first, last in zip(low, high, strict=True))
        return i, j, k


EVERYTHING = Ask()


def read_here(
    path: Path,
    ask: Ask = EVERYTHING,
    desk: Desk | None = None,
    known: Sequence[Scanned] | None = None,
    parts: Sequence[Path] = (),
) -> Volume:
    """Read one image: a NIfTI or picture file, a DICOM file, or a folder that holds a DICOM series.

    A folder is read with all folders below it, or with the files and folders that are its `parts` alone,
    unless its files are `known`. The result lies in the desk's
    memory. Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    desk, guess, limits = desk or LocalDesk(), ask.options.guess_syntax, ask.options.limits
    if path.is_dir():
        files = _files_of(parts, limits) if parts else files_below(path, limits)
        seen = Seen()
        scanned: Iterable[Scanned] = (
            _beaten(desk, scan_file(file, limits, guess_syntax=guess, seen=seen)) for file in files
        )
        if known is not None:
            scanned = known
        if parts:
            scanned = _of_one_kind(path, list(scanned), parts)
        if ask.members:
            scanned = list(scanned)
            alone = _only_other_image(path, scanned)
            if alone is not None:
                return read_here(alone, ask, desk)
        return _read_series(path, scanned, ask, desk)
    kind = kind_of(path, guess_syntax=guess)
    if kind == "dicom":
        return _read_series(path, [scan_file(path, limits, guess_syntax=guess)], ask, desk)
    allocate = _allocator(desk)
    if kind == "picture":
        picture = read_picture(path, allocate, limits, desk.scratch)
        box = ask.box(picture.affine, picture.shape, path)
        return picture if box is None else cropped(picture, box)
    header = read_header(path, ask.options, limits)
    box = ask.box(header.affine, header.shape, path)
    return read_nifti(path, ask.options, allocate, limits, box)


def _of_one_kind(where: Path, scanned: list[Scanned], parts: Sequence[Path]) -> list[Scanned]:
    """The same, unless a NIfTI file or a picture was named itself beside DICOM images: SEVERAL_SERIES."""
    named = {os.path.realpath(part) for part in parts}
    others = [one.path for one in scanned if isinstance(one, NoImage) and os.path.realpath(one.path) in named]
    for other in others if len(others) < len(scanned) else ():
        if _is_other_image(other):
            step = "give the series, or the other image, alone"
            raise Refused("SEVERAL_SERIES", where, f"DICOM images beside {other.name}", "one image", step)
    return scanned


def _files_of(parts: Sequence[Path], limits: Limits) -> Iterator[Path]:
    """The files that are or lie below the parts, each once. Raises Refused as `files_below` does."""
    met = set()
    for part in parts:
        for file in files_below(part, limits) if part.is_dir() else [part]:
            real = os.path.realpath(file)
            if real not in met:
                met.add(real)
                yield file


def _beaten(desk: Desk, scanned: Scanned) -> Scanned:
    """One more header, told to whoever waits."""
    desk.beat()
    return scanned


def _allocator(desk: Desk) -> Allocate:
    """The desk's memory, one array at a time: asking again gives the one before back."""
    given: list[NDArray[Any]] = []

    def allocate(shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
        while given:
            desk.release(given.pop())
        given.append(desk.array(shape, kind))
        return given[0]

    return allocate


def kind_of(path: Path, *, guess_syntax: bool = False) -> str:
    """``dicom``, ``nifti``, ``picture`` or ``archive``, by content; the name only decides a refusal's code.

    Raises Refused EMPTY, NOT_DICOM, NOT_NIFTI, NOT_PICTURE, NO_TS, BAD_ARCHIVE or NO_ACCESS.
    """
    with opened(path) as stream:
        opening = stream.read(132)
    name = path.name.lower()
    if not opening:
        raise Refused("EMPTY", path, "0 bytes", "an image file", "copy the file again")
    if opening.startswith(MAGICS):
        return "archive"
    if name.endswith(tuple(SUFFIXES)):
        return "picture"
    claims_nifti, refusal = name.endswith(NIFTI_SUFFIXES), foreign(path, opening)
    bare = guess_syntax and is_bare(opening)
    if (refusal is None or bare) and not claims_nifti:
        return "dicom"
    if claims_nifti or is_nifti(path):
        return "nifti"
    if is_picture(opening) and not name.endswith(".dcm"):
        return "picture"
    if name.endswith(".zip"):
        raise Refused("BAD_ARCHIVE", path, "another signature", "a ZIP archive", "copy the file again")
    raise Refused(**vars(refusal))


def _only_other_image(folder: Path, scanned: Sequence[Scanned]) -> Path | None:
    """The one NIfTI file or picture among files of which none is a DICOM image; None where there is none."""
    if not all(isinstance(one, NoImage) for one in scanned):
        return None
    found = [one.path for one in scanned if isinstance(one, NoImage) and _is_other_image(one.path)]
    if len(found) > 1:
        step = "unpack the archive and give one of them"
        raise Refused("SEVERAL_SERIES", folder, f"{len(found)} NIfTI files or pictures", "one image", step)
    return found[0] if found else None


def _is_other_image(path: Path) -> bool:
    """Whether a file is NIfTI or a picture."""
    try:
        return kind_of(path) in ("nifti", "picture")
    except Refused:
        return False


def _read_series(where: Path, scanned: Iterable[Scanned], ask: Ask, desk: Desk) -> Volume:
    """The volume of the series chosen among scanned files."""
    gathered = gather(scanned)
    stack = stack_of(choose(gathered, where, ask.series_uid), where, ask.options)
    left_out = []
    if gathered.skipped:
        left_out.append(f"SKIPPED_FILE: {_are(gathered.skipped, 'file')} no DICOM image")
    if gathered.broken:
        left_out.append(f"SKIPPED_FILE: {_are(gathered.broken, 'broken file')} not of this series")
    box = ask.box(stack.affine, stack.shape, where)
    values = read_pixels(stack, desk, box, ask.options.limits)
    return _volume(stack, box, values, tuple(left_out))


def _are(items: Sequence[object], word: str) -> str:
    """How many there are, up to the verb."""
    return f"{count(len(items), word)} {'is' if len(items) == 1 else 'are'}"


def _volume(stack: Stack, box: Box | None, values: NDArray[Any], left_out: tuple[str, ...]) -> Volume:
    """The volume of a stack, or of a box of it, with its values."""
    lossy = ("LOSSY: the images were compressed with loss",) if is_lossy(stack) else ()
    identity = stack.frames[0].identity
    source = Source(
        kind="dicom",
        modality=identity.modality or None,
        study_uid=identity.study_uid,
        series_uid=identity.series_uid,
        frame_uid=identity.frame_uid,
        decoder=decoder_of(stack),
        syntax=", ".join(syntaxes_of(stack)),
        compressed=not NATIVE.issuperset(syntaxes_of(stack)),
        padding=padding_of(stack),
    )
    affine = stack.affine if box is None else box_affine(stack.affine, box)
    return Volume(values, affine, source, warnings=(*left_out, *stack.warnings, *lossy))
