"""Series as scanners make them: a data set for each image, whose every voxel holds the image's own number."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SPACING, STEP = [0.75, 0.5], 2.0
ROWS, COLUMNS = 4, 5
AXIAL = (1, 0, 0, 0, 1, 0)

Change = Callable[[Dataset, int, int], object]
"""Changes the image of a slice (from 0) and of a time or kind (from 0)."""


def image(number: int, z: float, orientation: Sequence[float] = AXIAL) -> Dataset:
    """A CT image `number` (its voxels hold it), `z` mm along the normal from the origin."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = CTImageStorage
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=[str(number)]
    )
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    found.Modality, found.Manufacturer, found.PatientID = "CT", "made up", "invented"
    found.StudyInstanceUID, found.SeriesInstanceUID, found.FrameOfReferenceUID = "1.2.3", "1.2.3.4", "1.2.3.5"
    found.SeriesNumber, found.InstanceNumber = 1, number + 1
    place(found, z, orientation)
    found.PixelSpacing, found.SliceThickness = SPACING, STEP
    found.Rows, found.Columns = ROWS, COLUMNS
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, 16, 15, 0
    found.RescaleIntercept, found.RescaleSlope = 0, 1
    found.PixelData = np.full((ROWS, COLUMNS), number, dtype=np.uint16).tobytes()
    return found


def place(found: Dataset, z: float, orientation: Sequence[float] = AXIAL) -> None:
    """Put an image `z` mm along its normal."""
    normal = np.cross(orientation[:3], orientation[3:])
    found.ImageOrientationPatient = [round(float(part), 9) for part in orientation]
    found.ImagePositionPatient = [round(float(part), 6) for part in z * normal]


def several(change: Change, slices: int = 3, kinds: int = 2, *, by_slice: bool = False) -> list[Dataset]:
    """An image for each kind (or time) of each slice, numbered kind after kind, or slice after slice.

    The number of the image of `kind` and `k` is ``kind * slices + k`` (``k * kinds + kind`` by slice).
    """
    found = []
    for kind in range(kinds):
        for k in range(slices):
            number = k * kinds + kind if by_slice else kind * slices + k
            found.append(one := image(number, STEP * k))
            change(one, k, kind)
    return found


def write(folder: Path, images: Iterable[Dataset]) -> Path:
    """Write each image into a file, in an order that tells nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(images):
        one.save_as(folder / f"{number * 7919 % 1009:04d}-{number}", enforce_file_format=True)
    return folder


def states(**values: Sequence[object]) -> Change:
    """Attributes that have one value for each kind."""
    return lambda found, _k, kind: [setattr(found, name, value[kind]) for name, value in values.items()]


def private(tag: int, kind: str, values: Sequence[object], creator: str) -> Change:
    """A private element with a value for each kind, None for no element; its block is reserved."""

    def state(found: Dataset, _: int, number: int) -> None:
        group, element = tag >> 16, tag & 0xFFFF
        found.add_new((group << 16) | (element >> 8), "LO", creator)
        if values[number] is not None:
            found.add_new(tag, kind, values[number])

    return state


def all_of(*changes: Change) -> Change:
    """One change after another."""
    return lambda found, k, kind: [change(found, k, kind) for change in changes]


def item(**values: object) -> Items:
    """A sequence of one item."""
    one = Dataset()
    for keyword, value in values.items():
        setattr(one, keyword, value)
    return Items([one])
