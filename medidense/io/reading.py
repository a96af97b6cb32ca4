"""What volume does this path hold? One call for DICOM, NIfTI and pictures, by content."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from medidense.io.archive import unpacked_archive
from medidense.io.archive_listing import MAGICS
from medidense.io.dicom import (
    NoImage,
    Scanned,
    choose,
    decoder_of,
    gather,
    is_lossy,
    read_pixels,
    scan_file,
    stack_of,
)
from medidense.io.dicom.container import foreign
from medidense.io.guard import opened
from medidense.io.nifti import read_nifti
from medidense.io.nifti_header import is_nifti
from medidense.io.raster import SUFFIXES, is_picture, read_picture
from medidense.io.tree import files_below
from medidense.values import Refused, Source, Volume

NIFTI_SUFFIXES = (".nii", ".nii.gz", ".hdr")


def read_volume(path: Path, *, series_uid: str = "") -> Volume:
    """Read one image: a NIfTI, PNG, JPEG or DICOM file, a folder that holds the files of a DICOM series, or a
    ZIP archive of one of these.

    The array is (i, j, k) of int16, int32 or float32 modality values, the affine goes to RAS+ millimetres.
    A folder is read with all folders below it, an archive as the folder of its members; `series_uid` chooses
    where it holds several series. A DICOM file is read alone, whatever lies beside it; a `series_uid` that is
    not the file's own is refused.
    Other files pay no heed to `series_uid`.

    Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    path = Path(path)
    if path.is_dir():
        return _read_series(path, (scan_file(file) for file in files_below(path)), series_uid)
    kind = kind_of(path)
    if kind == "archive":
        with unpacked_archive(path) as members:
            return _read_members(members.folder, series_uid)
    if kind == "dicom":
        return _read_series(path, iter([scan_file(path)]), series_uid)
    return read_nifti(path) if kind == "nifti" else read_picture(path)


def kind_of(path: Path) -> str:
    """``dicom``, ``nifti``, ``picture`` or ``archive``, by content; the name decides only which refusal is
    raised.

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
    if refusal is None and not claims_nifti:
        return "dicom"
    if claims_nifti or is_nifti(path):
        return "nifti"
    if is_picture(opening) and not name.endswith(".dcm"):
        return "picture"
    if name.endswith(".zip"):
        raise Refused("BAD_ARCHIVE", path, "another signature", "a ZIP archive", "copy the file again")
    raise Refused(**vars(refusal))


def _read_members(folder: Path, series_uid: str) -> Volume:
    """The DICOM series in the folder of an archive's members; where there is none, its only other image."""
    scanned = [scan_file(file) for file in files_below(folder)]
    others = _other_images(scanned)
    if not others:
        return _read_series(folder, scanned, series_uid)
    if len(others) > 1:
        step = "unpack the archive and give one of them"
        raise Refused("SEVERAL_SERIES", folder, f"{len(others)} NIfTI files or pictures", "one image", step)
    return read_volume(others[0])


def _other_images(scanned: Sequence[Scanned]) -> list[Path]:
    """The NIfTI files and pictures among files of which none is a DICOM image."""
    found: list[Path] = []
    for one in scanned:
        if not isinstance(one, NoImage):
            return []
        try:
            if kind_of(one.path) in ("nifti", "picture"):
                found.append(one.path)
        except Refused:
            continue  # no image of any kind
    return found


def _read_series(where: Path, scanned: Iterable[Scanned], series_uid: str) -> Volume:
    """The volume of the series chosen among scanned files."""
    gathered = gather(scanned)
    stack = stack_of(choose(gathered, where, series_uid), where)
    values = read_pixels(stack)
    warnings = list(stack.warnings)
    if gathered.skipped:
        warnings.insert(0, f"SKIPPED_FILE: {len(gathered.skipped)} files are no DICOM images")
    if gathered.broken:
        warnings.insert(0, f"SKIPPED_FILE: {len(gathered.broken)} broken files are not of this series")
    if is_lossy(stack):
        warnings.append("LOSSY: the images were compressed with loss")
    identity = stack.headers[0].identity
    source = Source(
        kind="dicom",
        modality=identity.modality or None,
        study_uid=identity.study_uid,
        series_uid=identity.series_uid,
        decoder=decoder_of(stack),
    )
    return Volume(values, stack.affine, source, warnings=tuple(warnings))
