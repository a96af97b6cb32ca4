"""Is a file of lesions known by its class, and a broken one refused?"""

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medidense.io.dicom.objects import choose, lesion_class, read_object, understood
from medidense.io.guard import Limits
from medidense.values import Refused


@pytest.fixture
def structures(tmp_path, write_rtstruct):
    return write_rtstruct(tmp_path / "r.dcm", {"a": []})


def test_the_class_decides(tmp_path, series, structures):
    assert lesion_class(structures) == "1.2.840.10008.5.1.4.1.1.481.3"
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "short.dcm").write_bytes(structures.read_bytes()[:140])
    for path in (next(series.iterdir()), tmp_path / "note.txt", tmp_path / "short.dcm", tmp_path / "absent"):
        assert lesion_class(path) == ""


def test_a_file_without_syntax_or_too_large(structures, code_of):
    assert code_of(lambda: read_object(structures, Limits(decoded_bytes=100))) == "TOO_LARGE"
    found = dcmread(structures)
    del found.file_meta.TransferSyntaxUID
    found.save_as(structures, implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert code_of(lambda: read_object(structures)) == "NO_TS"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_thousand_levels(tmp_path, code_of, syntax):
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = syntax
    found.SOPClassUID, found.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.3"
    found.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    sequence = b"\x06\x30\x20\x00" + (b"SQ\0\0" if syntax == ExplicitVRLittleEndian else b"")
    opening = sequence + b"\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with (tmp_path / "a.dcm").open("ab") as stream:
        stream.write(opening * 1000)
    assert code_of(lambda: read_object(tmp_path / "a.dcm")) == "NESTING"
    assert lesion_class(tmp_path / "a.dcm") == ""


def test_refusals_pass_through_and_mistakes_do_not_hide(structures, code_of):
    def refuse():
        with understood(structures):
            raise Refused("GRID", "a", "b", "c", "d")

    assert code_of(refuse) == "GRID"
    with pytest.raises(ZeroDivisionError), understood(structures):
        raise ZeroDivisionError


def test_a_choice_must_be_true_of_one():
    many = [(number, f"s{number}") for number in range(1, 20)]
    with pytest.raises(Refused) as caught:
        choose(many, "", "a.dcm")
    assert caught.value.refusal.found.endswith("8 's8' ...")
    assert choose([(7, "only")], "", "a.dcm") == 7
    for offered, wanted, code in (([], "", "NO_MASK"), ([(1, "2"), (2, "x")], "2", "CONFLICT")):
        with pytest.raises(Refused) as caught:
            choose(offered, wanted, "a.dcm")
        assert caught.value.refusal.code == code
