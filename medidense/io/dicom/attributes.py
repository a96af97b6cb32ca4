"""What do the attributes of a DICOM header say, in plain Python values that may be missing?"""

from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import Dataset

from medidense.io.dicom.elements import digest, numbers, stated, word
from medidense.values import Refused


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
    image_type: tuple[str, ...]

    @staticmethod
    def of(found: Dataset) -> "Identity":
        """Read from a data set."""
        return Identity(
            patient_key=digest(word(found, "PatientID")),
            study_uid=word(found, "StudyInstanceUID"),
            series_uid=word(found, "SeriesInstanceUID"),
            instance_uid=word(found, "SOPInstanceUID"),
            frame_uid=word(found, "FrameOfReferenceUID"),
            modality=word(found, "Modality"),
            image_type=tuple(part.strip() for part in word(found, "ImageType").upper().split("\\")),
        )


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

    @staticmethod
    def of(found: Dataset) -> "Plane":
        """Read from a data set."""
        thickness = numbers(found, "SliceThickness", 1)
        matrix = numbers(found, "AcquisitionMatrix", 4)
        return Plane(
            position=numbers(found, "ImagePositionPatient", 3),
            orientation=numbers(found, "ImageOrientationPatient", 6),
            spacing=numbers(found, "PixelSpacing", 2),
            thickness=thickness[0] if thickness and thickness[0] > 0 else None,
            acquisition_side=int(max(matrix)) if matrix else 0,
        )


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the samples are stored and what they mean. `offset` and `length` place them in the data set.

    `length` is the number of stored bytes, -1 for an encapsulated stream. `slope` and `intercept` are 1 and 0
    where missing.
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
    offset: int
    length: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.rows, self.columns

    @property
    def native_bytes(self) -> int:
        """Bytes of plain samples of one file, without padding."""
        return (self.rows * self.columns * self.samples * self.frames * self.bits_allocated + 7) // 8

    def with_length(self, length: int) -> "Pixels":
        """The same with another length."""
        return replace(self, length=length)

    @staticmethod
    def of(found: Dataset, path: Path, offset: int, length: int) -> "Pixels":
        """Read from a data set. Refused CORRUPT for impossible sizes or bits, BAD_RESCALE for a bad slope."""
        rows, columns = _whole(found, "Rows", path), _whole(found, "Columns", path)
        bits = _whole(found, "BitsAllocated", path)
        stored = _whole(found, "BitsStored", path, bits)
        high_bit = _whole(found, "HighBit", path, stored - 1)
        if min(rows, columns) < 1 or not 0 < stored <= bits or not stored - 1 <= high_bit < bits:
            said = f"{rows} x {columns} pixels, {stored} of {bits} bits, high bit {high_bit}"
            step = "export the file again"
            raise Refused("CORRUPT", path, said, "at least one pixel, and bits that fit", step)
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
            signed=_whole(found, "PixelRepresentation", path, 0) == 1,
            slope=slope,
            intercept=intercept,
            lossy=word(found, "LossyImageCompression") == "01",
            offset=offset,
            length=length,
        )


def _whole(found: Dataset, keyword: str, path: Path, default: int | None = None) -> int:
    """An integer attribute; Refused CORRUPT where it is missing without a default, or no integer."""
    values = numbers(found, keyword, 1)
    if values is None or values[0] != int(values[0]):
        missing = word(found, keyword) == ""
        if missing and default is not None:
            return default
        said = "nothing" if missing else "no whole number"
        raise Refused("CORRUPT", f"{path} {keyword}", said, "a whole number", "export the file again")
    return int(values[0])


def _rescale(found: Dataset, path: Path) -> tuple[float, float]:
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
    if "RescaleSlope" not in found and stated(found, "ModalityLUTSequence"):
        step = "export the file with a rescale slope"
        raise Refused("BAD_RESCALE", path, "a modality lookup table", "slope and intercept", step)
    return values[0], values[1]
