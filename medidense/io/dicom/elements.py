"""What does one element of a DICOM header say, as text or as finite numbers?

The attributes that every slice is asked for are taken from the stored bytes; pydicom converts the rest. Its
checks of every value would take most of the time of reading a series, and what matters is checked here.
"""

import hashlib
import math
import struct
from types import MappingProxyType
from typing import Any

from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag

from medidense.io.dicom import vendors

_TEXT = (
    "AcquisitionDate",
    "AcquisitionDateTime",
    "AcquisitionNumber",
    "AcquisitionTime",
    "ComplexImageComponent",
    "ContentTime",
    "ConvolutionKernel",
    "EchoNumbers",
    "EchoTime",
    "FlipAngle",
    "FrameOfReferenceUID",
    "FrameReferenceTime",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImageType",
    "InstanceNumber",
    "InversionTime",
    "KVP",
    "LossyImageCompression",
    "Manufacturer",
    "MediaStorageSOPClassUID",
    "Modality",
    "NumberOfFrames",
    "PatientID",
    "PhotometricInterpretation",
    "PixelSpacing",
    "RescaleIntercept",
    "RescaleSlope",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SliceThickness",
    "StackID",
    "StudyInstanceUID",
    "TemporalPositionIdentifier",
    "TransferSyntaxUID",
    "TriggerTime",
)
_SHORTS = (
    "AcquisitionMatrix",
    "BitsAllocated",
    "BitsStored",
    "Columns",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
    "Rows",
    "SamplesPerPixel",
)
_DOUBLES = ("DiffusionBValue", "DiffusionGradientOrientation")
_OTHERS = (
    "ModalityLUTSequence",
    "PerFrameFunctionalGroupsSequence",
    "PixelPaddingValue",
    "SharedFunctionalGroupsSequence",
    "SpecificCharacterSet",
)


def _tag(keyword: str) -> BaseTag:
    """The tag of a keyword."""
    return BaseTag(tag_for_keyword(keyword) or 0)


QUICK = MappingProxyType(
    {keyword: (_tag(keyword), dictionary_VR(keyword)) for keyword in (*_TEXT, *_SHORTS, *_DOUBLES)}
)
"""Keyword -> (tag, value representation) of what is taken from the stored bytes."""

GE_B_VALUE, SIEMENS_B_VALUE, PHILIPS_B_VALUE = BaseTag(0x00431039), BaseTag(0x0019100C), BaseTag(0x20011003)
"""Where scanners keep the b-value that older MR objects have no standard attribute for."""

WANTED = MappingProxyType(
    {
        int(tag): tag
        for tag in (
            *(tag for tag, _ in QUICK.values()),
            *map(_tag, _OTHERS),
            *(GE_B_VALUE, SIEMENS_B_VALUE, PHILIPS_B_VALUE),
            *vendors.TAGS,
        )
    }
)
"""The tags that reading asks for, by number; a header scan keeps no others."""


class Elements:
    """The wanted elements of a data set as stored; a pydicom data set of them is made when it is needed."""

    __slots__ = ("_converted", "_raw")

    def __init__(self, raw: dict[BaseTag, DataElement | RawDataElement]) -> None:
        self._raw = raw
        self._converted: Dataset | None = None

    def get_item(self, tag: BaseTag) -> DataElement | RawDataElement | None:
        """The element as stored."""
        return self._raw.get(tag)

    def get(self, keyword: str) -> Any:
        """The value as pydicom has it, None where it is missing."""
        if self._converted is None:
            found = Dataset(dict(self._raw))
            first = next(iter(self._raw.values()), None)
            raw = first if isinstance(first, RawDataElement) else None
            implicit, little = (raw.is_implicit_VR, raw.is_little_endian) if raw else (False, True)
            charset = self._raw.get(_tag("SpecificCharacterSet"))
            names = str(charset.value or b"", "ascii", "replace").strip().split("\\") if charset else [""]
            found.set_original_encoding(implicit, little, convert_encodings(names))
            self._converted = found
        return self._converted.get(keyword)


Found = Elements | Dataset
"""What attributes are read from."""


def word(found: Found, keyword: str) -> str:
    """The attribute as text, values joined by a backslash; "" where it is missing or unreadable."""
    known = QUICK.get(keyword)
    if known is not None and found.get_item(known[0]) is None:
        return ""
    return "\\".join(str(part) for part in _values(found, keyword)).strip()


def numbers(found: Found, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers of an attribute; None where they are missing, too few, or no finite numbers."""
    known = QUICK.get(keyword)
    if known is not None and found.get_item(known[0]) is None:
        return None
    try:
        values = tuple([float(part) for part in _values(found, keyword)])
    except (ValueError, TypeError, OverflowError):
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def stated(found: Found, keyword: str) -> bool:
    """Whether an attribute is there and not empty, without converting its value."""
    element = found.get_item(_tag(keyword))
    return element is not None and bool(element.value)


def private_b_value(found: Found) -> str:
    """The b-value that GE, Siemens or Philips keep in a private element, "" where there is none.

    GE stores it first of four numbers and may add 10^9 as a mark of its software.
    """
    raw = found.get_item(GE_B_VALUE)
    if raw is not None and isinstance(raw.value, bytes):
        first = raw.value.split(b"\\")[0].strip(b" \0")
        return str(int(first) % 10**9) if first.isdigit() else ""
    raw = found.get_item(SIEMENS_B_VALUE)
    if raw is not None and isinstance(raw.value, bytes):
        text = raw.value.strip(b" \0")
        return text.decode() if text.isdigit() else ""
    raw = found.get_item(PHILIPS_B_VALUE)
    if isinstance(raw, RawDataElement) and raw.value is not None and len(raw.value) == 4:
        (value,) = struct.unpack("<f" if raw.is_little_endian else ">f", raw.value)
        return f"{value:g}" if math.isfinite(value) else ""
    return ""


def digest(patient_id: str) -> str:
    """Hex sha256 of a PatientID, "" for an empty one: joins files of a patient without naming the patient."""
    return hashlib.sha256(patient_id.encode("utf-8", "surrogateescape")).hexdigest() if patient_id else ""


def _values(found: Found, keyword: str) -> list[str] | list[float]:
    """The attribute's values: numbers for US and what pydicom has as numbers, else text."""
    if keyword in QUICK:
        tag, kind = QUICK[keyword]
        element = found.get_item(tag)
        if element is None:
            return []
        if isinstance(element, RawDataElement) and (element.VR is None or kind == element.VR):
            value = element.value or b""
            if kind in FORMATS or value.isascii():
                return _parsed(value, kind, element.is_little_endian)
    try:
        converted = found.get(keyword)
    except (ValueError, TypeError, NotImplementedError):
        return []
    if converted is None or converted == "":
        return []
    is_list = not isinstance(converted, str) and hasattr(converted, "__iter__")
    return list(converted) if is_list else [converted]


FORMATS = MappingProxyType({"US": "H", "FD": "d"})
"""Value representation -> its letter for `struct`."""


def _parsed(value: bytes, kind: str, little_endian: bool) -> list[str] | list[float]:
    """Values of an ASCII text element, or of binary numbers (a broken length gives struct.error)."""
    if kind in FORMATS:
        order = "<" if little_endian else ">"
        return [number for (number,) in struct.iter_unpack(order + FORMATS[kind], value)]
    text = value.decode("ascii").strip(" \0")
    if "\\" in text:
        return [part.strip() for part in text.split("\\")]
    return [text] if text else []
