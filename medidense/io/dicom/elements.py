"""What does one element of a DICOM header say, as text or as finite numbers?

The attributes that every slice is asked for are taken from the stored bytes; pydicom converts the rest. Its
checks of every value would take most of the time of reading a series, and what matters is checked here.
"""

import hashlib
import math
import struct
from types import MappingProxyType

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

TELLS_COPIES_APART = (
    "TemporalPositionIdentifier",
    "EchoTime",
    "DiffusionBValue",
    "ImageType",
    "AcquisitionNumber",
    "ContentTime",
    "TriggerTime",
    "SeriesNumber",
)
"""Attributes that usually differ between images of one position, in the order they are named to the user."""


QUICK = MappingProxyType(
    {
        keyword: (BaseTag(tag_for_keyword(keyword) or 0), dictionary_VR(keyword))
        for keyword in (
            "AcquisitionMatrix",
            "BitsAllocated",
            "BitsStored",
            "Columns",
            "FrameOfReferenceUID",
            "HighBit",
            "ImageOrientationPatient",
            "ImagePositionPatient",
            "ImageType",
            "LossyImageCompression",
            "Modality",
            "NumberOfFrames",
            "PatientID",
            "PhotometricInterpretation",
            "PixelRepresentation",
            "PixelSpacing",
            "RescaleIntercept",
            "RescaleSlope",
            "Rows",
            "SOPClassUID",
            "SOPInstanceUID",
            "SamplesPerPixel",
            "SeriesInstanceUID",
            "SliceThickness",
            "StudyInstanceUID",
        )
    }
)
"""Keyword -> (tag, value representation) of what is taken from the stored bytes: text in ASCII, and US."""


def word(found: Dataset, keyword: str) -> str:
    """The attribute as text, values joined by a backslash; "" where it is missing or unreadable."""
    return "\\".join(str(part) for part in _values(found, keyword)).strip()


def numbers(found: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers of an attribute; None where they are missing, too few, or no finite numbers."""
    try:
        values = tuple(float(part) for part in _values(found, keyword))
    except (ValueError, TypeError, OverflowError):
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def stated(found: Dataset, keyword: str) -> bool:
    """Whether an attribute is there and not empty, without converting its value."""
    element = found.get_item(keyword)
    return element is not None and bool(element.value)


def frame_positions(found: Dataset) -> tuple[tuple[float, ...], ...]:
    """ImagePositionPatient of every frame that states one, in the per-frame groups of a multi-frame file."""
    groups = found.get_item("PerFrameFunctionalGroupsSequence")
    if groups is None or groups.value is None:  # absent, or too large to be read with the header
        return ()
    places = []
    for frame in found.PerFrameFunctionalGroupsSequence:
        for plane in frame.get("PlanePositionSequence") or ():
            place = numbers(plane, "ImagePositionPatient", 3)
            places += [place] if place is not None else []
    return tuple(places)


def digest(patient_id: str) -> str:
    """Hex sha256 of a PatientID, "" for an empty one: joins files of a patient without naming the patient."""
    return hashlib.sha256(patient_id.encode("utf-8", "surrogateescape")).hexdigest() if patient_id else ""


def _values(found: Dataset, keyword: str) -> list[str] | list[float]:
    """The attribute's values: numbers for US and what pydicom has as numbers, else text."""
    if keyword in QUICK:
        tag, kind = QUICK[keyword]
        element = found.get_item(tag)
        if element is None:
            return []
        if isinstance(element, RawDataElement) and element.VR in (None, kind):
            value = element.value or b""
            if kind == "US" or value.isascii():
                return _parsed(value, kind, element.is_little_endian)
    try:
        converted = found.get(keyword)
    except (ValueError, TypeError, NotImplementedError):
        return []
    if converted is None or converted == "":
        return []
    is_list = not isinstance(converted, str) and hasattr(converted, "__iter__")
    return list(converted) if is_list else [converted]


def _parsed(value: bytes, kind: str, little_endian: bool) -> list[str] | list[float]:
    """Values of an ASCII text element, or of unsigned shorts (a broken length gives struct.error)."""
    if kind == "US":
        order = "<" if little_endian else ">"
        return [number for (number,) in struct.iter_unpack(f"{order}H", value)]
    text = value.decode("ascii").strip(" \0")
    return [part.strip() for part in text.split("\\")] if text else []
