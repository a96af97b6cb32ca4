import hashlib
import struct

import pytest
from pydicom import Dataset, dcmread

from medidense.io.dicom.elements import QUICK, digest, numbers, stated, word


def test_numbers_are_finite_and_as_many_as_asked():
    found = Dataset()
    found.PixelSpacing = ["0.5", "0.25"]
    found.SliceThickness = "3"
    assert numbers(found, "PixelSpacing", 2) == (0.5, 0.25)
    assert numbers(found, "PixelSpacing", 3) is None
    assert numbers(found, "SliceThickness", 1) == (3.0,)
    assert numbers(found, "RescaleSlope", 1) is None


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("text", ["nan", "inf", "1e400"])
def test_what_is_no_finite_number_counts_as_missing(text):
    found = Dataset()
    found.SliceThickness = text
    assert numbers(found, "SliceThickness", 1) is None


def test_words_join_values():
    found = Dataset()
    found.ImageType = ["ORIGINAL", "PRIMARY"]
    assert word(found, "ImageType") == "ORIGINAL\\PRIMARY"
    assert word(found, "Modality") == ""
    assert digest("17") == hashlib.sha256(b"17").hexdigest()
    assert digest("") == ""


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_stored_bytes_say_what_pydicom_says(series, tmp_path, syntax):
    found = dcmread(sorted(series.iterdir())[0])
    found.PatientID, found.AcquisitionMatrix, found.NumberOfFrames = " 17 ", [0, 64, 48, 0], 1
    found.file_meta.TransferSyntaxUID = syntax
    found.save_as(tmp_path / "a", implicit_vr=syntax.endswith(".1.2"))
    raw, converted = dcmread(tmp_path / "a"), dcmread(tmp_path / "a")
    for keyword in QUICK:
        value = converted.get(keyword)
        values = [] if value in (None, "") else list(value) if hasattr(value, "__getitem__") else [value]
        values = [value] if isinstance(value, str) and value else values
        assert word(raw, keyword).split("\\") == [str(one).strip() for one in values] or not values
        assert stated(raw, keyword) == bool(values)
    assert numbers(raw, "AcquisitionMatrix", 4) == (0, 64, 48, 0)
    assert word(raw, "PatientID") == "17"


def test_letters_beyond_ascii_are_left_to_pydicom(series, tmp_path):
    found = dcmread(sorted(series.iterdir())[0])
    keys = set()
    for charset in ("ISO_IR 100", "ISO_IR 192"):
        found.SpecificCharacterSet, found.PatientID = charset, "Mühl"
        found.save_as(tmp_path / "a")
        keys.add(digest(word(dcmread(tmp_path / "a"), "PatientID")))
    assert keys == {hashlib.sha256("Mühl".encode()).hexdigest()}


def test_a_number_of_an_impossible_length(series, tmp_path):
    path = sorted(series.iterdir())[0]
    content = path.read_bytes()
    at = content.index(b"\x28\0\x10\0US\x02\0")
    path.write_bytes(content[: at + 6] + b"\x03\0" + content[at + 8 :])
    with pytest.raises((struct.error, ValueError)):
        numbers(dcmread(path, stop_before_pixels=True), "Rows", 1)
