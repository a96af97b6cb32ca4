"""What volume does this path hold? One call for DICOM, NIfTI and pictures, by content."""

from collections.abc import Iterator
from pathlib import Path

from medidense.io.dicom import Scanned, choose, decoder_of, gather, is_lossy, read_pixels, scan_file, stack_of
from medidense.io.dicom.container import foreign
from medidense.io.guard import opened
from medidense.io.nifti import read_nifti
from medidense.io.nifti_header import is_nifti
from medidense.io.raster import SUFFIXES, is_picture, read_picture
from medidense.io.tree import files_below
from medidense.values import Refused, Source, Volume

NIFTI_SUFFIXES = (".nii", ".nii.gz", ".hdr")
ZIP = b"PK\x03\x04"


def read_volume(path: Path, *, series_uid: str = "") -> Volume:
    """Read one image: a NIfTI, PNG, JPEG or DICOM file, or a folder that holds the files of a DICOM series.

    The array is (i, j, k) of int16, int32 or float32 modality values, the affine goes to RAS+ millimetres.
    A folder is read with all folders below it; `series_uid` chooses where it holds several series. A DICOM
    file is read alone, whatever lies beside it; a `series_uid` that is not the file's own is refused.
    Other files pay no heed to `series_uid`.

    Raises Refused with a code of `medidense.values.CODES` for anything that is not understood.
    """
    path = Path(path)
    if path.is_dir():
        return _read_series(path, (scan_file(file) for file in files_below(path)), series_uid)
    kind = kind_of(path)
    if kind == "dicom":
        return _read_series(path, iter([scan_file(path)]), series_uid)
    return read_nifti(path) if kind == "nifti" else read_picture(path)


def kind_of(path: Path) -> str:
    """``dicom``, ``nifti`` or ``picture``, by content; the name decides only which refusal is raised.

    Raises Refused EMPTY, NOT_DICOM, NOT_NIFTI, NOT_PICTURE, NO_TS, BAD_ARCHIVE or NO_ACCESS.
    """
    with opened(path) as stream:
        opening = stream.read(132)
    name = path.name.lower()
    if not opening:
        raise Refused("EMPTY", path, "0 bytes", "an image file", "copy the file again")
    if opening.startswith(ZIP):
        step = "archives are read by a later version; unpack it first"
        raise Refused("BAD_ARCHIVE", path, "a ZIP archive", "an image file or a folder", step)
    if name.endswith(tuple(SUFFIXES)):
        return "picture"
    claims_nifti, refusal = name.endswith(NIFTI_SUFFIXES), foreign(path, opening)
    if refusal is None and not claims_nifti:
        return "dicom"
    if claims_nifti or is_nifti(path):
        return "nifti"
    if is_picture(opening) and not name.endswith(".dcm"):
        return "picture"
    raise Refused(**vars(refusal))


def _read_series(where: Path, scanned: Iterator[Scanned], series_uid: str) -> Volume:
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
        frame_uid=identity.frame_uid,
        decoder=decoder_of(stack),
    )
    return Volume(values, stack.affine, source, warnings=tuple(warnings))
