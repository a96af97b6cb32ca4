"""Facts are worked out once for files that state them in the same bytes, and for no others."""

import io
import struct

import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_VR

from medidense.io.dicom import scan_file
from medidense.io.dicom.elements import WANTED
from medidense.io.dicom.items import LONG
from medidense.io.dicom.seen import LONGEST, MOST, Known, Seen


def test_known_results_are_made_once_and_forgotten_when_too_many():
    known, made = Known(), []

    def make():
        made.append(1)
        return len(made)

    assert [known.of("a", make), known.of("a", make), known.of("b", make)] == [1, 1, 2]
    for number in range(MOST):
        known.of(number, make)
    assert len(known) <= MOST
    with pytest.raises(ZeroDivisionError):
        known.of("bad", lambda: 1 // 0)
    assert "bad" not in known


def test_files_of_one_series_share_what_is_equal(series):
    seen = Seen()
    first, second = (scan_file(file, seen=seen)[0] for file in sorted(series.iterdir())[:2])
    assert first.pixels is second.pixels
    assert first.plane.orientation is second.plane.orientation
    assert first.plane.position != second.plane.position
    assert first.identity.instance_uid != second.identity.instance_uid


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "other"),
        ("StudyInstanceUID", "1.2.3"),
        ("SeriesInstanceUID", "1.2.3"),
        ("FrameOfReferenceUID", "1.2.3"),
        ("SOPInstanceUID", "1.2.3"),
        ("Modality", "OT"),
        ("ImagePositionPatient", [1, 2, 3]),
        ("ImageOrientationPatient", [0, 1, 0, 1, 0, 0]),
        ("PixelSpacing", [9, 9]),
        ("RescaleSlope", 7),
        ("AcquisitionTime", "101010"),
        ("InstanceNumber", 77),
        ("EchoTime", 5),
        ("ImageType", ["DERIVED", "PRIMARY"]),
        ("PhotometricInterpretation", "MONOCHROME1"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.66.4"),
        ("PatientComments", "x" * LONGEST),
        ("ImageComments", "x" * LONGEST),
        ("Manufacturer", "x" * LONGEST),
    ],
)
def test_a_file_that_differs_says_so(series, tmp_path, keyword, value):
    seen, file = Seen(), sorted(series.iterdir())[0]
    for _ in range(3):
        scan_file(file, seen=seen)
    found = dcmread(file)
    setattr(found, keyword, value)
    found.save_as(tmp_path / "a.dcm")
    assert scan_file(tmp_path / "a.dcm", seen=seen) == scan_file(tmp_path / "a.dcm")


def test_the_same_bytes_in_another_character_set_are_another_patient(series, tmp_path):
    seen, files = Seen(), [tmp_path / "a.dcm", tmp_path / "b.dcm"]
    found = dcmread(sorted(series.iterdir())[0])
    found.SpecificCharacterSet, found.PatientID = "ISO_IR 100", "M\xf1l"
    found.save_as(files[0])
    files[1].write_bytes(files[0].read_bytes().replace(b"ISO_IR 100", b"ISO_IR 101"))
    for file in (*files, *files):
        assert scan_file(file, seen=seen) == scan_file(file)
    assert len({scan_file(file)[0].identity.patient_key for file in files}) == 2


def test_a_header_longer_than_what_is_read_first(series, tmp_path):
    found, seen = dcmread(sorted(series.iterdir())[0]), Seen()
    short = scan_file(sorted(series.iterdir())[0], seen=seen)
    found.add_new(0x00090010, "LO", "INVENTED")
    found.add_new(0x00091010, "OB", bytes(100_000))
    found.save_as(tmp_path / "a.dcm")
    for _ in range(3):
        (frame,) = scan_file(tmp_path / "a.dcm", seen=seen)
        assert frame.pixels.offset > 100_000
        assert (frame.identity, frame.plane) == (short[0].identity, short[0].plane)


CODINGS = (("1.2.840.10008.1.2", "<"), ("1.2.840.10008.1.2.1", "<"), ("1.2.840.10008.1.2.2", ">"))
VALUES = (b"1 ", b"2 ", b"", b"-1.5\\0.25\\7 ", b"\0\1" * 12, b"\xf1\\")


@pytest.fixture
def elements(series):
    """Tag -> (representation, value) of a file of the series, as stored; numbers are US."""
    found = dcmread(sorted(series.iterdir())[0])
    found.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    found.add_new("PixelPaddingValue", "US", 7)
    buffer = io.BytesIO()
    found.save_as(buffer)
    buffer.seek(0)
    raw = dcmread(buffer)
    plain = [raw.get_item(tag) for tag in list(raw.keys())]
    return {int(one.tag): (one.VR.encode(), one.value) for one in plain}


def stored(elements, syntax, order):
    """The bytes of a DICOM file of these elements."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    group = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    head = bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(group)) + group
    for tag, (kind, value) in sorted(elements.items()):
        content = value[::-1] if order == ">" and kind == b"US" else value
        if syntax == CODINGS[0][0]:
            head += struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + content
        elif kind in LONG:
            head += struct.pack(f"{order}HH2s2xI", tag >> 16, tag & 0xFFFF, kind, len(value)) + content
        else:
            head += struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, kind, len(value)) + content
    return head


def said_alike(file, seen):
    """Whether a file says the same to who knows its series and to who does not."""
    return repr(scan_file(file, seen=seen)) == repr(scan_file(file))


@pytest.mark.parametrize(("syntax", "order"), CODINGS)
def test_a_file_with_any_one_byte_changed_says_so(elements, tmp_path, syntax, order):
    content = stored(elements, syntax, order)
    file, seen = tmp_path / "a.dcm", Seen()
    file.write_bytes(content)
    for _ in range(3):
        assert isinstance(scan_file(file, seen=seen), tuple)
    for at in range(128, scan_file(file)[0].pixels.offset, 1 if syntax == CODINGS[1][0] else 5):
        for value in (content[at] ^ 1, 0x5C):
            file.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            assert said_alike(file, seen), (at, value)


@pytest.mark.parametrize("tag", [tag for tag in WANTED if tag > 0x00080000], ids=hex)
def test_a_file_with_any_one_element_changed_says_so(elements, tmp_path, tag):
    kind = elements.get(tag, (b"LO" if tag >> 16 & 1 else dictionary_VR(tag).encode()[:2], b""))[0]
    others = [elements | {tag: (form, value)} for value in VALUES for form in {kind, b"UN"}]
    without = {other: stated for other, stated in elements.items() if other != tag}
    for syntax, order in CODINGS:
        seen, file = Seen(), tmp_path / "a.dcm"
        for one in 2 * (elements, without, *others, elements):
            file.write_bytes(stored(one, syntax, order))
            assert said_alike(file, seen)
