"""Facts are worked out once for files that state them in the same bytes, and for no others."""

import pytest
from pydicom import dcmread

from medidense.io.dicom import scan_file
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
