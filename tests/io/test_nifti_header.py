import gzip
import struct

import nibabel
import numpy as np
import pytest

from medidense.io import read_volume, write_nifti
from medidense.io.nifti_header import is_nifti, read_header
from medidense.values import Refused


@pytest.fixture
def file(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    return tmp_path / "a.nii"


def put(path, at, form, *values):
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{form}", content, at, *values)
    path.write_bytes(bytes(content))


DIM, DATATYPE, VOX_OFFSET, SLOPE, INTER, XYZT, QCODE, SCODE, QUATERN, SROWS, MAGIC = (
    40, 70, 108, 112, 116, 123, 252, 254, 256, 280, 344,
)  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([(QCODE, "2h", 0, 0)], "IDENTITY"),
        ([(SROWS, "f", float("nan"))], "NO_GEOMETRY"),
        ([(SROWS, "4f", 0, 0, 0, 0)], "NO_GEOMETRY"),
        ([(SROWS + 16, "4f", -0.5, 0, 0, 0)], "NO_GEOMETRY"),
        ([(QCODE, "h", 0), (SROWS + 4, "f", 0.27)], "TILTED"),
        ([(SROWS + 12, "f", 41.0)], "CONFLICT"),
        ([(SROWS + 12, "f", 11.5)], ""),
        ([(DIM, "4h", 3, 32767, 32767, 32767)], "BOMB"),
        ([(DIM, "4h", 3, 5, 4, 30)], "TRUNCATED"),
        ([(DIM, "4h", 3, 5, 0, 3)], "NOT_NIFTI"),
        ([(DIM, "4h", 3, 5, -5, 3)], "NOT_NIFTI"),
        ([(DIM, "h", 9)], "NOT_NIFTI"),
        ([(DIM, "5h", 4, 5, 4, 1, 3)], "DIMENSIONS"),
        ([(DIM, "2h", 1, 60)], "DIMENSIONS"),
        ([(DATATYPE, "h", 0)], "NOT_NIFTI"),
        ([(DATATYPE, "h", 32)], "BAD_TYPE"),
        ([(DATATYPE, "h", 128)], "COLOUR"),
        ([(DATATYPE, "h", 2304)], "COLOUR"),
        ([(MAGIC, "4s", b"abcd")], "NOT_NIFTI"),
        ([(MAGIC, "4s", b"ni1\0")], "NO_ACCESS"),
        ([(MAGIC, "4s", b"\0\0\0\0")], "NOT_NIFTI"),
        ([(0, "i", 340)], "NOT_NIFTI"),
        ([(VOX_OFFSET, "f", 100000.0)], "TRUNCATED"),
        ([(VOX_OFFSET, "f", float("nan"))], "NOT_NIFTI"),
        ([(VOX_OFFSET, "f", 0.0)], "NOT_NIFTI"),
        ([(VOX_OFFSET, "f", 347.0)], "NOT_NIFTI"),
        ([(VOX_OFFSET, "f", 352.5)], "NOT_NIFTI"),
        ([(XYZT, "b", 7)], "UNITS"),
        ([(SLOPE, "2f", 2.0, float("inf"))], "BAD_RESCALE"),
    ],
)
def test_headers_that_are_not_believed(file, code_of, edits, code):
    for edit in edits:
        put(file, *edit)
    assert code_of(lambda: read_volume(file)) == code
    assert code_of(lambda: read_header(file)) == code


@pytest.mark.parametrize(("unit", "factor"), [(0, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001)])
def test_lengths_become_millimetres(file, ct, unit, factor):
    put(file, XYZT, "b", unit)
    np.testing.assert_allclose(read_volume(file).affine[:3], ct.affine[:3] * factor, rtol=1e-6)


def test_the_qform_counts_where_the_sform_has_no_code(file, ct):
    put(file, SCODE, "h", 0)
    put(file, SROWS, "4f", 9, 9, 9, 9)
    np.testing.assert_allclose(read_volume(file).affine, ct.affine, atol=1e-5)


def test_trailing_axes_of_one_are_dropped_and_two_axes_are_one_slice(file, ct):
    put(file, DIM, "6h", 5, 5, 4, 3, 1, 1)
    assert read_volume(file).shape == ct.shape
    put(file, DIM, "4h", 2, 5, 4, 0)
    assert read_volume(file).shape == (5, 4, 1)


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_no_slope_is_no_scaling(file, ct, slope):
    put(file, SLOPE, "2f", slope, 5.0)
    np.testing.assert_array_equal(read_volume(file).array, ct.array)


def test_big_endian_and_nifti_2_are_read(ct, tmp_path):
    swapped = nibabel.Nifti1Image(ct.array, ct.affine).header.as_byteswapped(">")
    nibabel.save(nibabel.Nifti1Image(ct.array.astype(">i2"), ct.affine, swapped), tmp_path / "b.nii")
    nibabel.save(nibabel.Nifti2Image(ct.array, ct.affine), tmp_path / "c.nii.gz")
    for name in ("b.nii", "c.nii.gz"):
        back = read_volume(tmp_path / name)
        np.testing.assert_array_equal(back.array, ct.array)
        assert back.array.dtype == np.int16
        assert is_nifti(tmp_path / name)


def test_voxels_may_follow_the_header_at_once(file, ct):
    """nifti1.h, "DATA STORAGE": a vox_offset of 348 is the byte behind the header."""
    content = file.read_bytes()
    file.write_bytes(content[:348] + content[352:])
    put(file, VOX_OFFSET, "f", 348.0)
    np.testing.assert_array_equal(read_volume(file).array, ct.array)


def test_a_qfac_of_0_is_1(file, ct):
    put(file, SCODE, "h", 0)
    put(file, 76, "f", 0.0)
    expected = nibabel.load(file).header
    expected["pixdim"][0] = 1
    np.testing.assert_allclose(read_volume(file).affine, expected.get_qform(), atol=1e-5)


def test_no_memory_is_taken_for_more_than_a_gzipped_file_can_hold(file, tmp_path):
    put(file, DIM, "4h", 3, 2000, 2000, 200)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(file.read_bytes()))
    with pytest.raises(Refused, match="TRUNCATED"):
        read_header(tmp_path / "a.nii.gz")


def test_where_analyze_differs(file):
    put(file, MAGIC, "4s", bytes(4))
    with pytest.raises(Refused, match="left from right"):
        read_header(file)
    assert not is_nifti(file)


def test_broken_gzip(file, code_of, tmp_path):
    packed = gzip.compress(file.read_bytes(), mtime=0)
    path = tmp_path / "a.nii.gz"
    for content, codes in (
        (packed[:-12], {"TRUNCATED"}),
        (packed[:30], {"TRUNCATED"}),
        (packed[:2] + b"xx" + packed[4:], {"CORRUPT"}),
        (packed[:60] + b"\xff\xff\xff" + packed[63:], {"CORRUPT", "NOT_NIFTI", "TRUNCATED"}),
        (packed[:-8] + b"\0\0\0\0" + packed[-4:], {"CORRUPT"}),
    ):
        path.write_bytes(content)
        assert code_of(lambda: read_volume(path)) in codes
