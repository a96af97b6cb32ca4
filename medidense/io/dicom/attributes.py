"""What do the attributes of a DICOM header say, in plain Python values that may be missing?"""

from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.tag import BaseTag

from medidense.io.dicom import vendors
from medidense.io.dicom.elements import Found, digest, numbers, private_b_value, stated, word
from medidense.values import Refused

Mark = tuple[str, str]
"""(keyword, value) of what tells images at one position apart."""

KINDS = (
    "ImageType",
    "ComplexImageComponent",
    "EchoTime",
    "InversionTime",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "FlipAngle",
    "SeriesNumber",
    "EchoNumbers",
    "StackID",
    "ConvolutionKernel",
    "KVP",
    "SliceThickness",
    "SOPClassUID",
)
"""Attributes that say what an image shows: images that differ in one are never put into one stack for a time
they share."""

TIMES = ("TemporalPositionIdentifier", "TriggerTime", "FrameReferenceTime", "AcquisitionNumber")
CLOCKS = ("AcquisitionDateTime", "AcquisitionTime", "ContentTime")

MARKS = (*KINDS[:7], *TIMES, *KINDS[7:], *CLOCKS)
"""Attributes that may differ between images of one position, in the order they are named to the user."""

COUNTERS = ("AcquisitionDate", "InstanceNumber")
"""Kept beside the marks, for the order of images in time."""

MOVING = (*TIMES, *CLOCKS, "InstanceNumber")
"""Of both, what differs from file to file of one stack."""

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary Capture Image Storage; its multi-frame classes begin so too (PS3.6, table A-1)."""

PADDING = BaseTag(0x00280120)
"""PixelPaddingValue."""

BEYOND_REPAIR = 1e-2
"""How far direction cosines may be from unit length and right angles before they are refused."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose image this is and what it belongs to. `patient_key` is a digest of PatientID, never the ID."""

    patient_key: str
    study_uid: str
    series_uid: str
    instance_uid: str
    frame_uid: str
    """FrameOfReferenceUID."""
    modality: str

    @staticmethod
    def of(found: Found) -> "Identity":
        """Read from a data set."""
        return Identity(
            patient_key=digest(word(found, "PatientID")),
            study_uid=word(found, "StudyInstanceUID"),
            series_uid=word(found, "SeriesInstanceUID"),
            instance_uid=word(found, "SOPInstanceUID"),
            frame_uid=word(found, "FrameOfReferenceUID"),
            modality=word(found, "Modality"),
        )

    def named(self, uid: str) -> "Identity":
        """Another instance of the same series."""
        return Identity(self.patient_key, self.study_uid, self.series_uid, uid, self.frame_uid, self.modality)


@dataclass(frozen=True, slots=True)
class Plane:
    """Where the image lies, as stated: LPS millimetres, each part None where missing or not finite.

    `orientation` is the direction of a row, then of a column; `spacing` likewise: of rows, of columns.
    """

    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float | None
    acquisition_side: int
    """The larger number of AcquisitionMatrix; 0 where it is missing."""
    tiles: int = 0
    """How many slices a private element says are tiled into the picture; 0 where none does, or `UNSAID`."""

    @property
    def skew(self) -> float:
        """How far the direction cosines are from unit length and a right angle; infinite without any."""
        if self.orientation is None:
            return float("inf")
        row, column = self.orientation[:3], self.orientation[3:]
        products = (_dot(row, row) - 1, _dot(column, column) - 1, _dot(row, column))
        return max(map(abs, products))

    @staticmethod
    def of(found: Found) -> "Plane":
        """Read from a data set."""
        thickness = numbers(found, "SliceThickness", 1)
        matrix = numbers(found, "AcquisitionMatrix", 4)
        return Plane(
            position=numbers(found, "ImagePositionPatient", 3),
            orientation=numbers(found, "ImageOrientationPatient", 6),
            spacing=numbers(found, "PixelSpacing", 2),
            thickness=thickness[0] if thickness and thickness[0] > 0 else None,
            acquisition_side=int(max(matrix)) if matrix else 0,
            tiles=vendors.tiles(found, word(found, "Manufacturer")),
        )

    def moved(self, position: tuple[float, ...] | None) -> "Plane":
        """The same plane at another position."""
        return Plane(
            position, self.orientation, self.spacing, self.thickness, self.acquisition_side, self.tiles
        )


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the samples are stored and what they mean. `offset` and `length` place them in the data set.

    `length` is the number of stored bytes, -1 for an encapsulated stream; of a plain multi-frame file both
    are those of one frame. `slope` and `intercept` are 1 and 0 where missing.
    """

    rows: int
    columns: int
    samples: int
    frames: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    slope: float
    intercept: float
    lossy: bool
    padding: int | None
    """PixelPaddingValue as stored."""
    offset: int
    length: int
    in_words: bool
    """Stored as 16-bit words (OW), which big-endian files swap even where samples have 8 bits."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.rows, self.columns

    frame_start: int = 0
    """Bytes of plain samples that lie before this frame's."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of plain samples of one frame, without padding."""
        return (self.rows * self.columns * self.samples * self.bits_allocated + 7) // 8

    def at(self, offset: int, length: int, frame_start: int = 0) -> "Pixels":
        """The same samples elsewhere."""
        return replace(self, offset=offset, length=length, frame_start=frame_start)

    def rescaled(self, found: Found, path: Path) -> "Pixels":
        """With the slope and intercept that `found` states. Refused BAD_RESCALE."""
        slope, intercept = _rescale(found, path)
        return replace(self, slope=slope, intercept=intercept)

    @staticmethod
    def of(found: Found, path: Path, place: tuple[int, int, str]) -> "Pixels":
        """Read from a data set; `place` is the offset, length and value representation of its pixel data.

        Refused CORRUPT for impossible sizes or bits, BAD_RESCALE for a bad slope.
        """
        rows, columns = _whole(found, "Rows", path), _whole(found, "Columns", path)
        bits = _whole(found, "BitsAllocated", path)
        stored = _whole(found, "BitsStored", path, bits)
        high_bit = _whole(found, "HighBit", path, stored - 1)
        if min(rows, columns) < 1 or not 0 < stored <= bits or not stored - 1 <= high_bit < bits:
            said = f"{rows} x {columns} pixels, {stored} of {bits} bits, high bit {high_bit}"
            step = "export the file again"
            raise Refused("CORRUPT", path, said, "at least one pixel, and bits that fit", step)
        signed = _whole(found, "PixelRepresentation", path, 0) == 1
        slope, intercept = _rescale(found, path)
        return Pixels(
            rows=rows,
            columns=columns,
            samples=_whole(found, "SamplesPerPixel", path, 1),
            frames=max(_whole(found, "NumberOfFrames", path, 1), 1),
            photometric=word(found, "PhotometricInterpretation").upper(),
            bits_allocated=bits,
            bits_stored=stored,
            high_bit=high_bit,
            signed=signed,
            slope=slope,
            intercept=intercept,
            lossy=word(found, "LossyImageCompression") == "01",
            padding=_padding(found, signed),
            offset=place[0],
            length=place[1],
            in_words=place[2] in ("OW", ""),
        )


def _dot(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Scalar product."""
    (a, b, c), (x, y, z) = first, second
    return a * x + b * y + c * z


def _whole(found: Found, keyword: str, path: Path, default: int | None = None) -> int:
    """An integer attribute; Refused CORRUPT where it is missing without a default, or no integer."""
    values = numbers(found, keyword, 1)
    if values is None or values[0] != int(values[0]):
        missing = word(found, keyword) == ""
        if missing and default is not None:
            return default
        said = "nothing" if missing else "no whole number"
        raise Refused("CORRUPT", f"{path} {keyword}", said, "a whole number", "export the file again")
    return int(values[0])


def _rescale(found: Found, path: Path) -> tuple[float, float]:
    """(slope, intercept), 1 and 0 where missing; Refused BAD_RESCALE for 0, no number, or a lookup table."""
    values = []
    for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        value = numbers(found, keyword, 1)
        if value is None and stated(found, keyword):
            where = f"{path} {keyword}"
            raise Refused(
                "BAD_RESCALE", where, "no finite number", "a finite number", "export the file again"
            )
        values.append(value[0] if value else default)
    if values[0] == 0:
        raise Refused(
            "BAD_RESCALE", f"{path} RescaleSlope", 0, "a slope other than 0", "export the file again"
        )
    if not stated(found, "RescaleSlope") and stated(found, "ModalityLUTSequence"):
        step = "export the file with a rescale slope"
        raise Refused("BAD_RESCALE", path, "a modality lookup table", "slope and intercept", step)
    return values[0], values[1]


def _padding(found: Found, signed: bool) -> int | None:
    """PixelPaddingValue, whose representation follows PixelRepresentation (PS3.3, C.7.5.1.1.2)."""
    element = found.get_item(PADDING)
    value = getattr(element, "value", None)
    if element is None or not isinstance(value, bytes) or len(value) != 2:
        return None
    little = bool(getattr(element, "is_little_endian", True))
    return int.from_bytes(value, "little" if little else "big", signed=signed)


def image_marks(found: Found) -> tuple[Mark, ...]:
    """What the top level of a data set says to tell this image from others at its position."""
    return (*steady_marks(found), *moving_marks(found))


def moving_marks(found: Found) -> tuple[Mark, ...]:
    """Those of `MOVING`."""
    return tuple([(name, value) for name in MOVING if (value := word(found, name))])


def steady_marks(found: Found) -> tuple[Mark, ...]:
    """All others."""
    marks = {name: value for name in _ASKED if (value := mark_value(name, word(found, name)))}
    if "DiffusionBValue" not in marks and (value := private_b_value(found) or vendors.b_value(found)):
        marks["DiffusionBValue"] = value
    if "DiffusionBValue" in marks and "DiffusionGradientOrientation" not in marks:
        marks |= {"DiffusionGradientOrientation": direction(vendors.gradient(found))}
    if "ComplexImageComponent" not in marks and (value := vendors.component(found)):
        marks["ComplexImageComponent"] = value
    if (value := word(found, "SOPClassUID")).startswith((CAPTURE, f"{CAPTURE}.")):
        marks["SOPClassUID"] = value
    return tuple((name, value) for name, value in marks.items() if value)


_ASKED = tuple(name for name in (*MARKS, *COUNTERS) if name not in ("SOPClassUID", *MOVING))


def mark_value(name: str, value: str) -> str:
    """A mark as it is compared: the parts of an image type in capitals, without blanks; cosines rounded."""
    if name == "DiffusionGradientOrientation":
        return direction(value)
    if name != "ImageType":
        return value
    return "\\".join(part.strip() for part in value.upper().split("\\"))


def direction(value: str) -> str:
    """Three cosines with three decimals, "" where they are not three numbers.

    >>> direction("0.70710678\\\\-1e-9\\\\0.70710678")
    '0.707\\\\0\\\\0.707'
    """
    try:
        cosines = [round(float(part), 3) + 0.0 for part in value.split("\\")]
    except ValueError:
        return ""
    return "\\".join(f"{cosine:g}" for cosine in cosines) if len(cosines) == 3 else ""
