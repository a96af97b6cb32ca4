"""What does one element of a DICOM header say, as text or as finite numbers?

The attributes that every slice is asked for are taken from the stored bytes; pydicom converts the rest. Its
checks of every value would take most of the time of reading a series, and what matters is checked here.
"""

import hashlib
import math
import struct
from types import MappingProxyType
from typing import Any, cast

from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag

from medidense.io.dicom import vendors
from medidense.io.dicom.items import Coding

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
    {
        keyword: (int(_tag(keyword)), dictionary_VR(keyword), dictionary_VR(keyword).encode())
        for keyword in (*_TEXT, *_SHORTS, *_DOUBLES)
    }
)
"""Keyword -> (tag, value representation, also in bytes) of what is taken from the stored bytes."""

CHARSET = int(_tag("SpecificCharacterSet"))

GE_B_VALUE, SIEMENS_B_VALUE, PHILIPS_B_VALUE = BaseTag(0x00431039), BaseTag(0x0019100C), BaseTag(0x20011003)
"""Where scanners keep the b-value that older MR objects have no standard attribute for."""

WANTED = MappingProxyType(
    {
        int(tag): BaseTag(tag)
        for tag in (
            *(tag for tag, _, _ in QUICK.values()),
            *map(_tag, _OTHERS),
            *(GE_B_VALUE, SIEMENS_B_VALUE, PHILIPS_B_VALUE),
            *vendors.TAGS,
        )
    }
)
"""The tags that reading asks for, by number; a header scan keeps no others."""


class Elements:
    """The wanted elements of a data set as stored; pydicom's own are made of them when they are needed.

    `stored` is (value representation, b"" where none is stated; value) by tag, a plain number: pydicom's tags
    compare themselves in Python.
    """

    __slots__ = ("_begins", "_converted", "coding", "stored")

    def __init__(
        self, stored: dict[int, tuple[bytes, bytes]], begins: dict[int, int], coding: Coding
    ) -> None:
        """`begins` says where in the stream each value begins."""
        self.stored, self.coding, self._begins = stored, coding, begins
        self._converted: Dataset | None = None

    def __contains__(self, tag: int) -> bool:
        """Whether there is an element of this tag."""
        return tag in self.stored

    def get_item(self, tag: int) -> RawDataElement | None:
        """The element as pydicom reads it."""
        known = self.stored.get(int(tag))
        if known is None:
            return None
        kind, value = known
        named = None if self.coding.implicit else kind.decode("latin-1")
        about = (self._begins[int(tag)], self.coding.implicit, self.coding.order == "<")
        return RawDataElement(BaseTag(tag), named, len(value), value, *about)

    def get(self, keyword: str) -> Any:
        """The value as pydicom has it, None where it is missing."""
        if self._converted is None:
            raw: dict[BaseTag, DataElement | RawDataElement] = {}
            for tag in self.stored:
                raw[BaseTag(tag)] = cast("RawDataElement", self.get_item(tag))
            found = Dataset(raw)
            _, charset = self.stored.get(CHARSET, (b"", b""))
            names = str(charset, "ascii", "replace").strip().split("\\")
            found.set_original_encoding(
                self.coding.implicit, self.coding.order == "<", convert_encodings(names)
            )
            self._converted = found
        return self._converted.get(keyword)


Found = Elements | Dataset
"""What attributes are read from."""


def word(found: Found, keyword: str) -> str:
    """The attribute as text, values joined by a backslash; "" where it is missing or unreadable."""
    known = QUICK.get(keyword)
    if known is not None and known[0] not in found:
        return ""
    return "\\".join(map(str, _values(found, keyword))).strip()


def numbers(found: Found, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers of an attribute; None where they are missing, too few, or no finite numbers."""
    known = QUICK.get(keyword)
    if known is not None and known[0] not in found:
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
        tag, kind, _ = QUICK[keyword]
        if tag not in found:
            return []
        value, little = _as_stored(found, keyword)
        if value is not None and (kind in FORMATS or value.isascii()):
            return _parsed(value, kind, little)
    try:
        converted = found.get(keyword)
    except (ValueError, TypeError, NotImplementedError):
        return []
    if converted is None or converted == "":
        return []
    is_list = not isinstance(converted, str) and hasattr(converted, "__iter__")
    return list(converted) if is_list else [converted]


def _as_stored(found: Found, keyword: str) -> tuple[bytes | None, bool]:
    """(bytes of an element that is there, None in another representation; whether little-endian)."""
    tag, kind, letters = QUICK[keyword]
    if isinstance(found, Elements):
        stated, value = found.stored[tag]
        return value if found.coding.implicit or stated == letters else None, found.coding.order == "<"
    element = found.get_item(tag)
    if isinstance(element, RawDataElement) and element.VR in (None, kind):
        return element.value or b"", element.is_little_endian
    return None, True


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
