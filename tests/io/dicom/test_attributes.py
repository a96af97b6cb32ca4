from pathlib import Path

import pytest
from pydicom import Dataset

from medidense.io.dicom.attributes import Identity, Pixels, Plane, image_marks


def test_what_is_missing_is_none_or_empty():
    plane, identity = Plane.of(Dataset()), Identity.of(Dataset())
    assert (plane.position, plane.orientation, plane.spacing, plane.thickness) == (None,) * 4
    assert plane.acquisition_side == 0
    assert identity.patient_key == identity.modality == ""


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_image_type_is_compared_in_capitals_without_blanks():
    found = Dataset()
    found.ImageType = ["Original", " Localizer "]
    assert dict(image_marks(found))["ImageType"] == "ORIGINAL\\LOCALIZER"


@pytest.fixture
def image():
    found = Dataset()
    found.Rows, found.Columns, found.BitsAllocated = 3, 5, 16
    return found


def test_pixels_have_the_standard_defaults(image):
    pixels = Pixels.of(image, Path("a"), (100, 30, "OW"))
    assert (pixels.samples, pixels.frames, pixels.bits_stored, pixels.high_bit) == (1, 1, 16, 15)
    assert (pixels.slope, pixels.intercept, pixels.signed) == (1.0, 0.0, False)
    assert pixels.frame_bytes == 30
    assert (pixels.at(9, 7).offset, pixels.at(9, 7).length) == (9, 7)


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("Rows", None, "CORRUPT"),
        ("Columns", 0, "CORRUPT"),
        ("BitsStored", 0, "CORRUPT"),
        ("BitsStored", 20, "CORRUPT"),
        ("HighBit", 16, "CORRUPT"),
        ("RescaleSlope", 0, "BAD_RESCALE"),
        ("ModalityLUTSequence", [Dataset()], "BAD_RESCALE"),
    ],
)
def test_impossible_pixels(image, code_of, keyword, value, code):
    if value is None:
        delattr(image, keyword)
    else:
        setattr(image, keyword, value)
    assert code_of(lambda: Pixels.of(image, Path("a"), (0, 0, "OW"))) == code
