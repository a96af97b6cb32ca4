"""Do these files belong together in one volume of one channel? What must agree before geometry does."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from medidense.io.dicom.container import data_set
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.stacks import is_scout, value_of
from medidense.io.dicom.vendors import UNSAID
from medidense.values import Refused
from medidense.values.wording import count

INTERPOLATED = 4
"""Scanners interpolate up to this many times the acquired pixels a side."""

WIDEST_MM = 600.0
"""No magnet's field of view is so wide and so high: bores have 600 or 700 mm. A picture that states it is
tiled, for its PixelSpacing is that of one tile."""


def check_series(
    frames: Sequence[Frame], where: object, *, colour: bool = False
) -> tuple[list[Frame], tuple[str, ...]]:
    """(the frames without exact copies, warnings); `frames` are all images of one series.

    Raises Refused PATIENTS or CONFLICT, and as `check_stack` where no frame is of a kind that can be read.
    """
    _one(frames, where, "PATIENTS", "PatientID", lambda frame: frame.identity.patient_key)
    kept = _without_copies(frames)
    _refuse_all_of_a_kind(kept, colour=colour)
    dropped = len(frames) - len(kept)
    return kept, (f"DROPPED_DUPLICATE: {dropped} exact copies were passed over",) if dropped else ()


def check_stack(frames: Sequence[Frame], where: object, *, colour: bool = False) -> tuple[str, ...]:
    """Warnings of frames that are to form one volume.

    Raises Refused LOCALIZER, COLOUR (unless `colour` allows it), MOSAIC, BAD_TYPE or CONFLICT.
    """
    for frame in frames:
        if is_scout(frame):
            step = "give the series behind the scout"
            raise Refused("LOCALIZER", frame.path, "ImageType LOCALIZER", "a slice", step)
    spread = _spread(frames)
    for frame in frames:
        _check_kind(frame, colour=colour, spread=spread)
    _one(frames, where, "CONFLICT", "StudyInstanceUID", lambda frame: frame.identity.study_uid)
    _one(frames, where, "CONFLICT", "Modality", lambda frame: frame.identity.modality)
    _one(frames, where, "CONFLICT", "FrameOfReferenceUID", lambda frame: frame.identity.frame_uid)
    _one(frames, where, "CONFLICT", "PhotometricInterpretation", lambda frame: frame.pixels.photometric)
    trailing = len({frame.path for frame in frames if frame.trailing})
    return (
        (f"TRAILING_BYTES: {count(trailing, 'file')} with more pixel data than declared",) if trailing else ()
    )


def _refuse_all_of_a_kind(frames: Sequence[Frame], *, colour: bool) -> None:
    """The refusal of the first frame where every one has its own; scouts are left open."""
    first: Refused | None = None
    spread = _spread(frames)
    for frame in frames:
        if is_scout(frame):
            return
        try:
            _check_kind(frame, colour=colour, spread=spread)
        except Refused as refused:
            first = first or refused
        else:
            return
    if first is not None:
        raise first


def _spread(frames: Sequence[Frame]) -> frozenset[Path]:
    """The multi-frame files whose frames lie at several places: none of these is a mosaic."""
    places: dict[Path, set[object]] = {}
    for frame in frames:
        if frame.pixels.frames > 1:
            places.setdefault(frame.path, set()).add(frame.plane.position)
    return frozenset(path for path, positions in places.items() if len(positions - {None}) > 1)


def _check_kind(frame: Frame, *, colour: bool, spread: frozenset[Path]) -> None:
    """Refuse what is no slice of one channel: COLOUR, MOSAIC or BAD_TYPE."""
    pixels, path = frame.pixels, frame.path
    grey = pixels.samples == 1 and pixels.photometric in ("MONOCHROME1", "MONOCHROME2")
    if not grey and not (colour and pixels.photometric):
        said = f"{pixels.samples} samples a pixel, {pixels.photometric or 'no PhotometricInterpretation'}"
        step = "give the original grey images (convert --colour writes the colours)"
        raise Refused("COLOUR", path, said, "one sample, MONOCHROME1 or 2", step)
    if not (spread and path in spread) and (sign := _tiled(frame)):
        said = f"{pixels.rows} x {pixels.columns} pixels, {sign}"
        step = "export the series as single slices; unfolding is left to a later version"
        raise Refused("MOSAIC", path, said, "one slice a picture", step)
    if pixels.bits_allocated not in (8, 16, 32):
        said = f"{pixels.bits_allocated} bits allocated"
        raise Refused("BAD_TYPE", path, said, "8, 16 or 32", "export the file with 16 bits")


def _tiled(frame: Frame) -> str:
    """What says that the picture holds many slices, "" where nothing does.

    More pixels than were acquired are no sign: scanners interpolate (PS3.3, C.8.3.1, AcquisitionMatrix). They
    are one where the stated spacing makes a field of view that no scanner has. (dcm2niix and nibabel go by
    ImageType and the private number of tiles alone.)
    """
    plane, pixels = frame.plane, frame.pixels
    image_type = value_of(frame, "ImageType")
    if "MOSAIC" in image_type.split("\\"):
        return f"ImageType {image_type}"
    if plane.tiles > 1:
        return f"{plane.tiles} slices by the scanner's private element"
    acquired, side = plane.acquisition_side, min(pixels.shape)
    if not 0 < 2 * acquired <= side:
        return ""
    said = f"{acquired} acquired a side"
    if plane.tiles == UNSAID and acquired * INTERPOLATED <= side:
        return said
    height, width = (count * step for count, step in zip(pixels.shape, plane.spacing or (0, 0), strict=True))
    return f"{said}, {width:g} x {height:g} mm" if min(height, width) > WIDEST_MM else ""


def _one(frames: Sequence[Frame], where: object, code: str, what: str, value: Callable[[Frame], str]) -> None:
    """Refuse with `code` where the files state more than one value; those that state none are passed over."""
    found: dict[str, str] = {}  # each value, and the name of the first file that states it
    for frame in frames:
        if stated := value(frame):
            found.setdefault(stated, frame.path.name)
    if len(found) > 1:
        one, other = list(found.values())[:2]
        # What identifies somebody is not repeated: two of the files are named instead.
        by_files = f"{len(found)} {what}s, as in {one} and {other}"
        said = by_files if what.endswith("ID") else f"{what} {' and '.join(sorted(found)[:3])}"
        raise Refused(code, where, said, f"one {what} in a series", "separate the files, one series a folder")


def _without_copies(frames: Sequence[Frame]) -> list[Frame]:
    """Every image once. Refused CONFLICT where one SOPInstanceUID stands for two different images."""
    kept: dict[tuple[str, int], Frame] = {}
    digests: dict[tuple[Path, int], str] = {}
    for number, frame in enumerate(frames):
        name = (frame.identity.instance_uid or f"unnamed {number}", frame.number)
        twin = kept.setdefault(name, frame)
        if twin is not frame and not _alike(twin, frame, digests):
            said = f"one SOPInstanceUID in two different images, {twin.path.name} and {frame.path.name}"
            step = "export the series again with a UID for each image"
            raise Refused("CONFLICT", frame.path, said, "a UID for each image", step)
    return list(kept.values())


def _alike(first: Frame, second: Frame, digests: dict[tuple[Path, int], str]) -> bool:
    """Whether two images lie at one place, mean the same and hold the same bytes."""
    pixels = [frame.pixels.at(0, 0) for frame in (first, second)]
    if first.plane != second.plane or pixels[0] != pixels[1] or first.syntax != second.syntax:
        return False
    for frame in (first, second):
        place = (frame.path, frame.pixels.offset)  # all frames of a compressed file share one place
        digests[place] = digests.get(place) or _digest(frame)
    return digests[first.path, first.pixels.offset] == digests[second.path, second.pixels.offset]


def _digest(frame: Frame) -> str:
    """sha256 of the stored pixel data."""
    with data_set(frame.path, bare=True) as stream:
        stream.seek(frame.pixels.offset)
        return hashlib.sha256(stream.read(frame.pixels.length)).hexdigest()
