"""Which made-up DICOM files do the benchmarks read? One CT series, or a tree of many small studies.

Headers as a scanner writes them: about 85 elements a file, 60 of them private. The same arguments give the
same files.
"""

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

STEP_MM = 1.0
PIXEL_MM = 0.7
CORNER_MM = (-180.0, -170.0, 100.0)
"""Centre of the first voxel of the lowest slice, in DICOM's own axes (LPS)."""
INTERCEPT = -1024
PICTURES = 20
"""Different pictures in a series; they come again in turn, so that a long series is written quickly."""

Picture = NDArray[np.int16]


@dataclass(frozen=True)
class Series:
    """A series on disk: its files from the lowest slice up, and what is known of its values.

    `total` is the sum of all its voxels in HU, `centre_mm` the middle of the volume in RAS+ millimetres.
    """

    folder: Path
    files: tuple[Path, ...]
    total: int
    centre_mm: tuple[float, float, float]


def write_series(folder: Path, slices: int, size: int, syntax: UID = ExplicitVRLittleEndian) -> Series:
    """A CT of `slices` pictures of size x size int16 samples, a file each, its names in no order.

    Compressed by pydicom's own encoders where `syntax` asks for it.
    """
    folder.mkdir(parents=True)
    templates = [instance(0, picture) for picture in pictures(min(slices, PICTURES), size)]
    sums = [int(np.frombuffer(one.PixelData, "<i2").sum(dtype=np.int64)) for one in templates]
    if syntax != ExplicitVRLittleEndian:
        for one in templates:
            one.compress(syntax, generate_instance_uid=False)
    files, total = [], 0
    for number in range(slices):
        one = templates[number % PICTURES]
        _rename(one, identity(0, number))
        files.append(folder / f"{hashlib.sha256(str(number).encode()).hexdigest()[:12]}.dcm")
        one.save_as(files[-1], enforce_file_format=True)
        total += sums[number % PICTURES] + INTERCEPT * size * size
    half = (size - 1) * PIXEL_MM / 2
    x, y, z = CORNER_MM
    return Series(folder, tuple(files), total, (-(x + half), -(y + half), z + (slices - 1) * STEP_MM / 2))


def write_tree(folder: Path, instances: int, per_study: int, size: int = 16) -> None:
    """`instances` small CT files, `per_study` in each study, a folder a study.

    Written by putting other names and positions into the bytes of one file.
    """
    names = identity(0, 0)
    stream = io.BytesIO()
    instance(0, next(pictures(1, size))).save_as(stream, enforce_file_format=True)
    content = bytearray(stream.getvalue())
    places = {keyword: _place(content, keyword, value) for keyword, value in names.items()}
    for number in range(instances):
        study, within = divmod(number, per_study)
        for keyword, value in identity(study, within).items():
            content[places[keyword] : places[keyword] + len(value)] = value.encode()
        home = folder / f"{study // 100:03d}" / f"study{study:06d}"
        if not within:
            home.mkdir(parents=True)
        (home / f"{within:05d}.dcm").write_bytes(content)


def identity(study: int, number: int) -> dict[str, str]:
    """What tells instance `number` of a study from all others, by DICOM keyword. Lengths never change."""
    x, y, z = CORNER_MM
    sop = _uid(4, study * 10_000 + number)
    return {
        "MediaStorageSOPInstanceUID": sop,
        "SOPInstanceUID": sop,
        "PatientName": f"Made^{study:06d}",
        "PatientID": f"MADE-{study:06d}",
        "StudyInstanceUID": _uid(1, study),
        "SeriesInstanceUID": _uid(2, study),
        "FrameOfReferenceUID": _uid(3, study),
        "InstanceNumber": f"{number + 1:06d}",
        "ImagePositionPatient": f"{x:.3f}\\{y:.3f}\\{z + number * STEP_MM:08.3f}",
    }


def instance(study: int, picture: Picture) -> Dataset:
    """The first instance of a study as a data set: stored samples (rows, columns), explicit little endian."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = CTImageStorage
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    found.StudyDate, found.StudyTime, found.AccessionNumber = "20200102", "101112", ""
    found.Modality, found.Manufacturer = "CT", "Made up"
    found.SliceThickness, found.KVP = f"{STEP_MM:g}", "120"
    found.PixelSpacing = [PIXEL_MM, PIXEL_MM]
    found.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.Rows, found.Columns = picture.shape
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 1
    found.RescaleIntercept, found.RescaleSlope = INTERCEPT, 1
    found.PixelData = picture.astype("<i2").tobytes()
    for group in (0x0019, 0x0043, 0x0045):
        block = found.private_block(group, f"MADE UP {group:04X}", create=True)
        for offset in range(19):
            value, kind = ((offset * 1.25, "FD"), (f"value {offset}", "LO"), (bytes(32), "OB"))[offset % 3]
            block.add_new(offset, kind, value)
    _rename(found, identity(study, 0))
    return found


def _rename(found: Dataset, names: dict[str, str]) -> None:
    """Give a data set the names and the position of an instance."""
    for keyword, value in names.items():
        home = found.file_meta if keyword.startswith("Media") else found
        setattr(home, keyword, value.split("\\") if "\\" in value else value)


def _place(content: bytes | bytearray, keyword: str, value: str) -> int:
    """Where the value of a short element lies in an explicit little-endian file (PS3.5, 7.1.2)."""
    tag = tag_for_keyword(keyword) or 0
    length = len(value) + len(value) % 2
    return (
        content.index(struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, dictionary_VR(tag).encode(), length)) + 8
    )


def pictures(count: int, size: int) -> Iterator[Picture]:
    """Stored samples of axial slices: a body with two lungs that grow, and a scanner's noise."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    for number in range(count):
        width = 0.22 + 0.08 * number / PICTURES
        values = np.where((x / 0.9) ** 2 + (y / 0.7) ** 2 < 1, 40.0, -1000.0)
        values[((np.abs(x) - 0.4) / width) ** 2 + (y / 0.45) ** 2 < 1] = -850.0
        values += random.normal(scale=20.0, size=values.shape)
        yield np.rint(np.maximum(values, -1024) - INTERCEPT).astype(np.int16)


def _uid(kind: int, number: int) -> str:
    """A UID of constant length below pydicom's root."""
    return f"1.2.826.0.1.3680043.8.498.{kind}{number:012d}"
