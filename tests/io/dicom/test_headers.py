import struct

import pytest
from pydicom import dcmread

from medidense.io import read_volume
from medidense.io.dicom import Broken, Frame, NoImage, scan_file


@pytest.fixture
def file(series):
    return sorted(series.iterdir())[0]


def set_and_save(path, **values):
    found = dcmread(path)
    for keyword, value in values.items():
        setattr(found, keyword, value)
    found.save_as(path)


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def test_a_header_says_what_reading_needs(file):
    (frame,) = scan_file(file)
    assert isinstance(frame, Frame)
    assert frame.pixels.shape == (4, 5)
    assert frame.pixels.frame_bytes == frame.pixels.length == 40
    assert file.stat().st_size == frame.pixels.offset + 40
    assert frame.identity.modality == "CT"


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (0, "EMPTY"),
        (132, "TRUNCATED"),
        (140, "TRUNCATED"),
        (500, "TRUNCATED"),
        (700, "TRUNCATED"),
        (-10, "TRUNCATED"),
    ],
)
def test_cut_files(file, code_of, size, code):
    cut(file, size)
    assert code_of(lambda: read_volume(file)) == code


def test_every_cut_is_refused_without_a_traceback(file, code_of):
    content = file.read_bytes()
    for size in range(133, len(content), 5):
        file.write_bytes(content[:size])
        assert code_of(lambda: read_volume(file)) in {
            "TRUNCATED",
            "CORRUPT",
            "NO_TS",
            "NO_PIXELS",
            "UNKNOWN_SYNTAX",
        }


def test_damaged_bytes_never_leave_as_a_foreign_error(file, code_of):
    content = file.read_bytes()
    for at in range(128, len(content), 13):
        for value in (0, 65, 255):
            file.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            code_of(lambda: read_volume(file))


def test_the_series_of_a_cut_file_is_known(file):
    cut(file, -10)
    broken = scan_file(file)
    assert isinstance(broken, Broken)
    assert broken.series_uid


def test_files_without_a_transfer_syntax(file, code_of, tmp_path):
    found = dcmread(file)
    bare = tmp_path / "bare.dcm"
    bare.write_bytes(file.read_bytes()[file.read_bytes().index(b"\x08\0\x08\0CS") :])
    assert code_of(lambda: read_volume(bare)) == "NO_TS"
    del found.file_meta.TransferSyntaxUID
    found.save_as(file, implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert code_of(lambda: read_volume(file)) == "NO_TS"


@pytest.mark.parametrize("uid", ["1.2.840.10008.9.9.9", "1.2.840.10008.1.2.4.102"])
def test_a_syntax_nobody_decodes(file, code_of, uid):
    content = file.read_bytes()
    old = b"1.2.840.10008.1.2.1\0"
    at = content.index(old)
    new = uid.encode() + b"\0" * (len(uid) % 2)
    grown = struct.pack("<H", len(new)) + new
    content = content[: at - 2] + grown + content[at + len(old) :]
    length = struct.unpack("<I", content[140:144])[0] + len(new) - len(old)
    file.write_bytes(content[:140] + struct.pack("<I", length) + content[144:])
    assert code_of(lambda: read_volume(file)) == "UNKNOWN_SYNTAX"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Rows": 0}, "CORRUPT"),
        ({"BitsStored": 17}, "CORRUPT"),
        ({"Rows": 65535, "Columns": 65535, "NumberOfFrames": 9999}, "BOMB"),
        ({"Rows": 9}, "TRUNCATED"),
        ({"RescaleSlope": 0}, "BAD_RESCALE"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "WRONG_CLASS"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2"}, "WRONG_CLASS"),
    ],
)
def test_headers_that_cannot_be_believed(file, code_of, values, code):
    set_and_save(file, **values)
    assert code_of(lambda: read_volume(file)) == code


def test_objects_without_pixels_are_no_images(file):
    found = dcmread(file)
    del found.PixelData
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    found.save_as(file)
    scanned = scan_file(file)
    assert isinstance(scanned, NoImage)
    assert scanned.refusal.code == "NO_PIXELS"


@pytest.mark.parametrize("size", [None, -1, -7])
def test_a_report_that_is_cut_is_no_whole_report(file, code_of, size):
    found = dcmread(file)
    del found.PixelData
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    found.add_new(0x7FD00010, "LO", "the very last element, of even length ")
    found.save_as(file)
    cut(file, size)
    assert code_of(lambda: read_volume(file)) == ("NO_PIXELS" if size is None else "TRUNCATED")
    if size is None:
        giant = struct.pack("<HH2sHI", 0x7FD1, 0x0010, b"OB", 0, 0xFFFFFFF0)
        file.write_bytes(file.read_bytes() + giant + bytes(20))
        assert code_of(lambda: read_volume(file)) == "TRUNCATED"


def test_a_private_element_that_claims_four_gigabytes(file, code_of):
    content = file.read_bytes()
    at = content.index(b"\xe0\x7f\x10\x00OW")
    giant = struct.pack("<HH2sHI", 0x0029, 0x1010, b"OB", 0, 0xFFFFFFF0)
    file.write_bytes(content[:at] + giant + content[at:])
    assert code_of(lambda: read_volume(file)) in {"TRUNCATED", "CORRUPT"}


def test_a_sequence_without_an_end_and_one_without_a_bottom(file, code_of):
    content = file.read_bytes()
    at = content.index(b"\xe0\x7f\x10\x00OW")
    opened = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    file.write_bytes(content[:at] + opened + item)
    assert code_of(lambda: read_volume(file)) in {"TRUNCATED", "CORRUPT"}
    file.write_bytes(content[:at] + (opened + item) * 3000 + content[at:])
    assert code_of(lambda: read_volume(file)) == "NESTING"


def test_nothing_of_the_patient_is_kept(file):
    set_and_save(file, PatientName="Doe^Jane", PatientID="secret-17")
    (frame,) = scan_file(file)
    assert isinstance(frame, Frame)
    assert "Doe" not in repr(frame)
    assert "secret-17" not in repr(frame)
    assert len(frame.identity.patient_key) == 64
