"""How is a volume written as a DICOM series? Single-frame files for phantoms, tests and workflows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from medidense.durable import replacing
from medidense.errors import UsageError
from medidense.io.dicom.geometry import lps_from_ras
from medidense.values import Volume

CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage}
"""Modality -> storage class; others are written by a later version."""

CT_INTERCEPT = -1024


@dataclass(frozen=True)
class SeriesUids:
    """What a written series is called."""

    study_uid: str
    series_uid: str


def write_series(volume: Volume, folder: Path, *, patient: str, seed: int) -> SeriesUids:
    """Write `volume` as single-frame files of `volume.source.modality` (CT where None) into `folder`.

    Explicit VR little endian, int16 samples, intercept -1024 for CT; UIDs and file names follow from `seed`
    and `patient` alone, and the names tell no order. Geometry comes from the affine (RAS+ mm), so its axes
    must be at right angles. `patient` becomes PatientID and PatientName: invented people only.

    Raises UsageError for another modality, sheared axes, or values that are not whole or exceed 16 bits, and
    WriteError.
    """
    modality = volume.source.modality or "CT"
    if modality not in CLASSES:
        raise UsageError("modality", "write_series writes CT and MR", modality, "convert it to NIfTI")
    intercept = CT_INTERCEPT if modality == "CT" else 0
    stored = _stored(volume, intercept)
    row, column = _directions(volume)
    spacing = volume.spacing_mm
    uids = SeriesUids(*(str(_uid(patient, seed, part)) for part in ("study", "series")))
    for k in range(volume.shape[2]):
        slice_ = _shared(modality, patient, intercept, uids)
        slice_.SOPInstanceUID = _uid(patient, seed, f"slice {k}")
        slice_.FrameOfReferenceUID = _uid(patient, seed, "frame of reference")
        slice_.InstanceNumber = k + 1
        slice_.Rows, slice_.Columns = stored.shape[1], stored.shape[0]
        slice_.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]
        slice_.SliceThickness = _decimal(spacing[2])
        slice_.ImageOrientationPatient = [_decimal(part) for part in (*row, *column)]
        origin = lps_from_ras(volume.affine) @ np.array([0.0, 0.0, k, 1.0])
        slice_.ImagePositionPatient = [_decimal(part) for part in origin[:3]]
        slice_.PixelData = np.ascontiguousarray(stored[:, :, k].T).tobytes()
        name = hashlib.sha256(f"{patient}/{seed}/{k}".encode()).hexdigest()[:12]
        with replacing(folder / f"{name}.dcm") as draft:
            slice_.save_as(draft, enforce_file_format=True)
    return uids


def _stored(volume: Volume, intercept: int) -> NDArray[np.int16]:
    """Stored samples (i, j, k), int16."""
    values = np.asarray(volume.array, dtype=np.float64) - intercept
    bounds = np.iinfo(np.int16)
    if not np.isfinite(values).all() or (values != np.rint(values)).any():
        raise UsageError("volume", "write_series writes whole numbers", "fractions", "round the values first")
    if values.min() < bounds.min or values.max() > bounds.max:
        said = f"{values.min() + intercept:g} to {values.max() + intercept:g}"
        raise UsageError("volume", "values must fit into 16 bits", said, "clip the values first")
    return values.astype(np.int16)


def _directions(volume: Volume) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors of i and j in LPS; UsageError unless i, j and k are at right angles."""
    axes = lps_from_ras(volume.affine)[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    off = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if off > 1e-4:
        raise UsageError("affine", "axes must be at right angles", f"cosine {off:.2g}", "resample the volume")
    return axes[:, 0], axes[:, 1]


def _shared(modality: str, patient: str, intercept: int, uids: SeriesUids) -> Dataset:
    """What all slices of the series say."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = CLASSES[modality]
    found.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    found.Modality = modality
    found.Manufacturer = "medidense"
    found.PatientName, found.PatientID = patient, patient
    found.PatientBirthDate, found.PatientSex = "", ""
    found.StudyInstanceUID, found.SeriesInstanceUID = uids.study_uid, uids.series_uid
    found.StudyDate, found.StudyTime, found.AccessionNumber, found.StudyID = "", "", "", ""
    found.ReferringPhysicianName, found.SeriesNumber = "", 1
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 1
    found.RescaleIntercept, found.RescaleSlope = intercept, 1
    if modality == "CT":
        found.RescaleType = "HU"
    return found


def _uid(patient: str, seed: int, part: str) -> UID:
    """A UID that follows from what it names (PS3.5, B.2: below pydicom's root, from a hash)."""
    return generate_uid(entropy_srcs=[patient, str(seed), part])


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5, 6.2), as exact as these allow.

    >>> _decimal(-0.70710678118654752), _decimal(1e-17)
    ('-0.7071067811865', '0.0')
    """
    value = float(value)
    if abs(value) < 1e-12:
        return "0.0"
    for digits in range(17, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return text
    return f"{value:.6e}"
