"""DICOM objects that are put together from the files of a small series."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"


def item(**values: object) -> Items:
    """A sequence of one item."""
    one = Dataset()
    for keyword, value in values.items():
        setattr(one, keyword, value)
    return Items([one])


@pytest.fixture
def slices() -> Callable[[Path], list[Dataset]]:
    """The data sets of a folder, from the lowest slice on."""

    def read(folder: Path) -> list[Dataset]:
        found = [dcmread(path) for path in folder.iterdir()]
        return sorted(found, key=lambda one: float(one.ImagePositionPatient[2]))

    return read


Group = Callable[[Dataset, int], None]


@pytest.fixture
def enhance(tmp_path: Path) -> Callable[..., Path]:
    """One enhanced multi-frame file of single-frame data sets, a frame each in the order given.

    Position and rescale stand in the frames' own groups, spacing and orientation in the shared one; `also`
    may change a frame's groups. The top level is left with stale geometry.
    """

    def put_together(
        images: Sequence[Dataset], also: Group | None = None, name: str = "enhanced.dcm"
    ) -> Path:
        first = images[0]
        whole = copy.deepcopy(first)
        whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = ENHANCED_MR
        whole.SOPInstanceUID = whole.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[name])
        whole.ImagePositionPatient, whole.PixelSpacing = [9, 9, 9], [7, 7]
        whole.RescaleIntercept = 5
        whole.NumberOfFrames = len(images)
        whole.PixelData = b"".join(image.PixelData for image in images)
        shared = Dataset()
        shared.PixelMeasuresSequence = item(
            PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness
        )
        shared.PlaneOrientationSequence = item(ImageOrientationPatient=first.ImageOrientationPatient)
        whole.SharedFunctionalGroupsSequence = Items([shared])
        frames = []
        for number, image in enumerate(images):
            frame = Dataset()
            frame.PlanePositionSequence = item(ImagePositionPatient=image.ImagePositionPatient)
            frame.PixelValueTransformationSequence = item(
                RescaleSlope=image.RescaleSlope, RescaleIntercept=image.RescaleIntercept
            )
            if also is not None:
                also(frame, number)
            frames.append(frame)
        whole.PerFrameFunctionalGroupsSequence = Items(frames)
        (tmp_path / "whole").mkdir(exist_ok=True)
        path = tmp_path / "whole" / name
        whole.save_as(path, enforce_file_format=True)
        return path

    return put_together


@pytest.fixture
def tilted(series: Path) -> Callable[[float, float], Path]:
    """Shift each slice sideways by (x, y) mm per slice, as a tilted gantry does."""

    def shift(x: float, y: float) -> Path:
        lowest = min(float(dcmread(path).ImagePositionPatient[2]) for path in series.iterdir())
        for path in series.iterdir():
            found = dcmread(path)
            place = np.array(found.ImagePositionPatient, dtype=float)
            number = (place[2] - lowest) / float(found.SliceThickness)
            found.ImagePositionPatient = [
                round(place[0] + x * number, 6),
                round(place[1] + y * number, 6),
                place[2],
            ]
            found.save_as(path)
        return series

    return shift
