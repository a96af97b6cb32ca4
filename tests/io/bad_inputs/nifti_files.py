"""NIfTI files with one statement of the header, or the voxels, turned against the reader."""

import gzip
import struct
import zlib
from math import cos, radians, sin
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from tests.io.bad_inputs.truth import AFFINE, VALUES, single
from tests.io.bad_inputs.zeros import crc_of_zeros, deflated_zeros

FIELDS = {
    "dim": (40, "8h"),
    "datatype": (70, "h"),
    "bitpix": (72, "h"),
    "vox_offset": (108, "f"),
    "scl_slope": (112, "f"),
    "scl_inter": (116, "f"),
    "xyzt_units": (123, "B"),
    "qform_code": (252, "h"),
    "sform_code": (254, "h"),
    "srow_x": (280, "4f"),
    "srow_z": (312, "4f"),
    "magic": (344, "4s"),
}
"""Field of a NIfTI-1 header -> (offset, struct format), as nifti1.h has them."""

NAN = float("nan")
TAIL = 300_000_000
COMPLEX64, FLOAT32 = 32, 16


def image(
    folder: Path,
    array: NDArray[np.generic] = VALUES,
    sform: NDArray[np.float64] = AFFINE,
    qform: NDArray[np.float64] | None = None,
) -> Path:
    """A good file; without a qform of its own its code is 0."""
    made = nibabel.Nifti1Image(array, sform)
    made.header.set_xyzt_units("mm")
    made.set_sform(sform, code=2)
    made.set_qform(qform, code=0 if qform is None else 1)
    nibabel.save(made, folder / "a.nii")
    return folder / "a.nii"


def stating(folder: Path, **fields: object) -> Path:
    """The good file with fields of its header overwritten."""
    path = image(folder, qform=AFFINE)
    content = bytearray(path.read_bytes())
    for name, value in fields.items():
        offset, form = FIELDS[name]
        values = value if isinstance(value, tuple) else (value,)
        struct.pack_into(f"<{form}", content, offset, *values)
    path.write_bytes(bytes(content))
    return path


def sheared(folder: Path) -> Path:
    """The second axis leans by 20 degrees towards the first."""
    lean = AFFINE.copy()
    lean[:3, 1] = [0.75 * sin(radians(20)), -0.75 * cos(radians(20)), 0.0]
    return image(folder, sform=lean)


def forms_apart(folder: Path) -> Path:
    """The sform (aligned) is right, the qform (scanner) lies 30 mm to the right of it."""
    away = AFFINE.copy()
    away[0, 3] += 30
    return image(folder, qform=away)


def huge(folder: Path) -> Path:
    """Three sides of 32767 over 68 kB."""
    path = stating(folder, dim=(3, 32767, 32767, 32767, 1, 1, 1, 1))
    path.write_bytes(path.read_bytes().ljust(68_000, b"\0"))
    return path


def header_of_100_bytes(folder: Path) -> Path:
    path = folder / "a.hdr"
    path.write_bytes(image(folder).read_bytes()[:100])
    return path


def short(folder: Path) -> Path:
    path = image(folder)
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def gzipped(folder: Path) -> Path:
    path = image(folder)
    (folder / "a.nii.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return folder / "a.nii.gz"


def cut_gzip(folder: Path) -> Path:
    path = gzipped(folder)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def micrometres(folder: Path) -> Path:
    """The good volume, its affine in micrometres."""
    scale = np.diag([1000.0, 1000.0, 1000.0, 1.0])
    path = image(folder, sform=scale @ AFFINE)
    content = bytearray(path.read_bytes())
    content[FIELDS["xyzt_units"][0]] = 3
    path.write_bytes(bytes(content))
    return path


def two_times(folder: Path) -> Path:
    return image(folder, np.stack([VALUES, VALUES], axis=3))


def with_nan(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """The values as float32, one of them NaN."""
    spoilt = array.astype(np.float32)
    spoilt[3, 2, 1] = np.nan
    return spoilt


def one_nan(folder: Path) -> Path:
    return image(folder, with_nan(VALUES))


def complex_voxels(folder: Path) -> Path:
    return image(folder, VALUES.astype(np.complex64))


def zeros_behind(folder: Path, *, ended: bool) -> Path:
    """The good volume, then 300 MB of zeros, gzipped; `ended` or cut off at their end, where nobody looks."""
    path = image(folder)
    content = path.read_bytes()
    path.unlink()
    packer = zlib.compressobj(6, wbits=-15)
    stream = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH) + deflated_zeros(TAIL, ended=ended)
    check = crc_of_zeros(TAIL, zlib.crc32(content))
    trailer = struct.pack("<2I", check, len(content) + TAIL) if ended else b""
    (folder / "a.nii.gz").write_bytes(b"\x1f\x8b\x08" + bytes(7) + stream + trailer)
    return folder / "a.nii.gz"


def renamed_dicom(folder: Path) -> Path:
    return single(folder).rename(folder / "a.nii.gz")


def pair(folder: Path) -> Path:
    """The good volume as header and image apart: a seed for the fuzz."""
    path = image(folder)
    content = path.read_bytes()
    path.unlink()
    header = bytearray(content[:348])
    struct.pack_into("<f", header, FIELDS["vox_offset"][0], 0.0)
    header[344:348] = b"ni1\0"
    (folder / "a.img").write_bytes(content[352:])
    (folder / "a.hdr").write_bytes(bytes(header))
    return folder / "a.hdr"
