"""Do these files belong together in one volume of one channel? What must agree before geometry does."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from medidense.io.dicom.container import data_set
from medidense.io.dicom.headers import Header
from medidense.values import Refused

MOSAIC_RATIO = 4
"""A picture with this many times the acquired pixels a side is tiled, even where ImageType says nothing."""


def check_together(headers: Sequence[Header], where: object) -> tuple[list[Header], tuple[str, ...]]:
    """(the files without exact copies, warnings); `headers` are all files of one series.

    Raises Refused PATIENTS, MOSAIC, COLOUR, DIMENSIONS, LOCALIZER, MIXED_SIZE, BAD_TYPE or CONFLICT.
    """
    _one(headers, where, "PATIENTS", "PatientID", lambda header: header.identity.patient_key)
    _check_frames(headers, where)
    for header in headers:
        _check_kind(header)
    _one(headers, where, "MIXED_SIZE", "size and bits", _size)
    _one(headers, where, "CONFLICT", "StudyInstanceUID", lambda header: header.identity.study_uid)
    _one(headers, where, "CONFLICT", "FrameOfReferenceUID", lambda header: header.identity.frame_uid)
    kept = _without_copies(headers)
    dropped = len(headers) - len(kept)
    warnings = [f"DROPPED_DUPLICATE: {dropped} exact copies were passed over"] if dropped else []
    extra = sum(header.pixels.length > header.pixels.native_bytes + 1 for header in kept)
    odd = sum(_odd_tail(header) for header in kept)
    if extra + odd:
        warnings.append(f"TRAILING_BYTES: {extra + odd} files hold more pixel data than they declare")
    return kept, tuple(warnings)


def _odd_tail(header: Header) -> bool:
    """One byte more than needed, where the number was even already and no padding was due."""
    pixels = header.pixels
    return pixels.length == pixels.native_bytes + 1 and pixels.native_bytes % 2 == 0


def _check_frames(headers: Sequence[Header], where: object) -> None:
    """Refuse multi-frame files: REPEATED_POSITION where frames share a place, else DIMENSIONS."""
    frames = sum(header.pixels.frames for header in headers)
    if frames == len(headers):
        return
    step = "multi-frame files are read by a later version; export single-frame files"
    places = [place for header in headers for place in header.frame_positions]
    if len(set(places)) < len(places):
        said = f"{len(places)} frames at {len(set(places))} positions"
        raise Refused("REPEATED_POSITION", where, said, "one frame a position", step)
    raise Refused("DIMENSIONS", where, f"{frames} frames in {len(headers)} files", "one frame a file", step)


def _check_kind(header: Header) -> None:
    """Refuse what is no single slice of one channel."""
    pixels, identity, path = header.pixels, header.identity, header.path
    if pixels.samples != 1 or pixels.photometric not in ("MONOCHROME1", "MONOCHROME2"):
        said = f"{pixels.samples} samples a pixel, {pixels.photometric or 'no PhotometricInterpretation'}"
        raise Refused("COLOUR", path, said, "one sample, MONOCHROME1 or 2", "give the original grey images")
    side, acquired = max(pixels.shape), header.plane.acquisition_side
    if "MOSAIC" in identity.image_type or 0 < acquired * MOSAIC_RATIO <= side:
        said = f"{pixels.rows} x {pixels.columns} pixels, ImageType {'/'.join(identity.image_type)}"
        step = "export the series as single slices; unfolding is left to a later version"
        raise Refused("MOSAIC", path, said, "one slice a picture", step)
    if "LOCALIZER" in identity.image_type:
        raise Refused("LOCALIZER", path, "ImageType LOCALIZER", "a slice", "give the series behind the scout")
    if pixels.bits_allocated not in (8, 16, 32):
        said = f"{pixels.bits_allocated} bits allocated"
        raise Refused("BAD_TYPE", path, said, "8, 16 or 32", "export the file with 16 bits")


def _size(header: Header) -> str:
    """What must be equal for slices to fit into one array, in words."""
    pixels = header.pixels
    return f"{pixels.rows} x {pixels.columns} pixels of {pixels.bits_allocated} bits"


def _one(
    headers: Sequence[Header], where: object, code: str, what: str, value: Callable[[Header], str]
) -> None:
    """Refuse with `code` where the files state more than one value; those that state none are passed over."""
    found = sorted({stated for header in headers if (stated := value(header))})
    if len(found) > 1:
        said = f"{len(found)} PatientIDs" if code == "PATIENTS" else f"{what} {' and '.join(found[:3])}"
        raise Refused(code, where, said, f"one {what} in a series", "separate the files, one series a folder")


def _without_copies(headers: Sequence[Header]) -> list[Header]:
    """Every instance once. Refused CONFLICT where one SOPInstanceUID stands for two different images."""
    kept: dict[str, Header] = {}
    for number, header in enumerate(headers):
        name = header.identity.instance_uid or f"unnamed {number}"
        twin = kept.setdefault(name, header)
        if twin is not header and (twin.plane != header.plane or _digest(twin) != _digest(header)):
            said = f"one SOPInstanceUID in two different images, {twin.path.name} and {header.path.name}"
            step = "export the series again with a UID for each image"
            raise Refused("CONFLICT", header.path, said, "a UID for each image", step)
    return list(kept.values())


def _digest(header: Header) -> str:
    """sha256 of the stored pixel data."""
    with data_set(Path(header.path)) as stream:
        stream.seek(header.pixels.offset)
        return hashlib.sha256(stream.read(header.pixels.length)).hexdigest()
