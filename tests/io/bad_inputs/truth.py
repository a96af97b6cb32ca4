"""What do the inputs hold before they are damaged? One small CT: its values, its place, its data sets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

COLUMNS, ROWS, SLICES = 64, 48, 4
SPACING = (0.5, 0.75, 2.0)
"""Millimetres along i (columns), j (rows), k (slices)."""
ORIGIN = (11.0, -7.0, 100.0)
"""LPS millimetres of the first voxel."""
INTERCEPT = -1024

STORED = np.random.default_rng(12).integers(0, 4096, (SLICES, ROWS, COLUMNS)).astype(np.uint16)
"""The samples (k, row, column) as the files store them."""
VALUES = STORED.transpose(2, 1, 0).astype(np.int16) + np.int16(INTERCEPT)
"""Modality values (i, j, k)."""
AFFINE = np.array([[-0.5, 0, 0, -11.0], [0, -0.75, 0, 7.0], [0, 0, 2.0, 100.0], [0, 0, 0, 1.0]])
"""To RAS+ millimetres."""

ROOT = "1.2.826.0.1.3680043.8.498.12"
"""Below it lie all UIDs of these inputs."""
STUDY, SERIES, FRAME = f"{ROOT}.1", f"{ROOT}.2", f"{ROOT}.3"
PATIENT = "invented-0815"

Edit = Callable[[Dataset, int], None]
"""Damages one data set; the slices are numbered from the lowest."""


def as_they_are(_found: Dataset, _number: int) -> None:
    """The edit that changes nothing."""


def slice_of(k: int) -> Dataset:
    """The data set of one slice, a whole CT Image object in the attributes that reading looks at."""
    found = Dataset()
    found.preamble = bytes(128)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = CTImageStorage
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.4.{k + 1}"
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    found.Modality, found.Manufacturer = "CT", "made up"
    found.PatientName, found.PatientID = "Invented^Somebody", PATIENT
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, SERIES
    found.FrameOfReferenceUID = FRAME
    found.SeriesNumber, found.AcquisitionNumber, found.InstanceNumber = 1, 1, k + 1
    found.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    found.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * SPACING[2]]
    found.PixelSpacing, found.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
    found.Rows, found.Columns = ROWS, COLUMNS
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 0
    found.RescaleIntercept, found.RescaleSlope = INTERCEPT, 1
    found.PixelData = STORED[k].tobytes()
    return found


def series(folder: Path, edit: Edit = as_they_are) -> Path:
    """The CT as a folder of files, changed by `edit`; their names run against the order of the slices."""
    folder = folder / "series"
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(SLICES):
        found = slice_of(k)
        edit(found, k)
        found.save_as(folder / name_of(k), enforce_file_format=True)
    return folder


def name_of(k: int) -> str:
    """File name of one slice."""
    return f"image-{SLICES - k}.dcm"


def single(folder: Path, edit: Edit = as_they_are) -> Path:
    """The lowest slice alone, changed by `edit`, as ``a.dcm``."""
    found = slice_of(0)
    edit(found, 0)
    folder.mkdir(parents=True, exist_ok=True)
    found.save_as(folder / "a.dcm", enforce_file_format=True)
    return folder / "a.dcm"
