"""Stored voxels become modality values piece by piece, in the caller's memory, and no more than asked for."""

import contextlib
import gzip
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.errors import UsageError
from medidense.io import nifti_voxels, write_nifti
from medidense.io.nifti import read_nifti
from medidense.values import ReadOptions, Refused, Source, Volume
from medidense.values.volume import cropped

NUMBERS = [
    np.uint8,
    np.int8,
    np.int16,
    np.uint16,
    np.int32,
    np.uint32,
    np.int64,
    np.uint64,
    np.float32,
    np.float64,
]


def save(array, path, slope=None, intercept=0.0, order="<", kind=nibabel.Nifti1Image):
    """The stored numbers as they are, with a scaling beside them."""
    header = kind.header_class(endianness=order)
    header.set_data_dtype(array.dtype)
    image = kind(array, np.diag([2.0, 3.0, 4.0, 1.0]), header)
    nibabel.save(image, path)
    if slope is not None:
        content = bytearray(path.read_bytes())
        struct.pack_into(f"{order}2f", content, 112, slope, intercept)
        path.write_bytes(bytes(content))


@pytest.fixture
def small_pieces(monkeypatch):
    """So that a few voxels need several pieces."""
    monkeypatch.setattr(nifti_voxels, "PIECE", 7)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("scaling", [None, (1.0, -1024.0), (0.1, 37.3), (1.0, 0.5)])
def test_values_are_those_of_one_step_in_float64(tmp_path, order, kind, scaling):
    stored = (np.random.default_rng(0).integers(0, 100, (5, 4, 3))).astype(kind)
    save(stored, tmp_path / "a.nii", *(scaling or ()), order=order)
    slope, intercept = (float(np.float32(number)) for number in scaling or (1.0, 0.0))
    volume = read_nifti(tmp_path / "a.nii")
    whole = slope == 1 and intercept == int(intercept) and np.issubdtype(kind, np.integer)
    assert volume.array.dtype == (
        np.float32 if not whole else np.int16 if np.can_cast(kind, np.int16) else np.int32
    )
    expected = (stored.astype(np.float64) * slope + intercept).astype(volume.array.dtype)
    np.testing.assert_array_equal(volume.array, expected)
    assert volume.array.dtype.isnative
    assert volume.array.flags.f_contiguous


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("kind", "values", "intercept", "expected"),
    [
        (np.int16, (-31744, 32767), -1024, np.int16),
        (np.int16, (-31745, 32767), -1024, np.int32),
        (np.uint8, (0, 255), -40000, np.int32),
        (np.uint16, (0, 65535), -70000, np.int32),
        (np.int32, (-(2**31), 2**31 - 1), 0, np.int32),
        (np.int32, (0, 2**31 - 1), 1024, np.float32),
        (np.uint32, (0, 2**31 - 1), 0, np.int32),
        (np.uint32, (0, 2**31), 0, np.float32),
        (np.int64, (-(2**31), 5), 0, np.int32),
        (np.uint64, (2**63, 2**63 + 5), -(2**63), np.int32),
        (np.uint64, (0, 2**64 - 1), 0, np.float32),
    ],
)
def test_the_next_type_is_taken_where_one_value_does_not_fit(tmp_path, kind, values, intercept, expected):
    stored = np.full((3, 3, 3), values[0], dtype=kind)
    stored[2, 2, 2] = values[1]
    save(stored, tmp_path / "a.nii", 1.0, float(intercept))
    asked = []

    def allocate(shape, dtype):
        asked.append(np.dtype(dtype))
        return np.empty(shape, dtype, order="F")

    array = read_nifti(tmp_path / "a.nii", allocate=allocate).array
    assert array.dtype == expected
    assert asked[-1] == expected
    assert array[0, 0, 0] == expected(int(values[0]) + intercept)
    assert array[2, 2, 2] == expected(int(values[1]) + intercept)


def test_common_types_never_depend_on_the_voxels():
    for kind, expected in (
        (np.int16, np.int16),
        (np.uint8, np.int16),
        (np.int8, np.int16),
        (np.uint16, np.int32),
    ):
        assert [*types_of(kind, 1.0, 0.0)] == [expected]
    assert [*types_of(np.float32, 1.0, 0.0)] == [*types_of(np.int16, 0.5, 0.0)] == [np.float32]
    assert [*types_of(np.int16, 1.0, -1024.0)] == [np.int16, np.int32]


def types_of(kind, slope, intercept):
    """The types to try for a stored type."""

    class Header:
        stored, samples = np.dtype(kind), 1

    Header.slope, Header.intercept = slope, intercept
    return nifti_voxels.value_types(Header())


def test_the_result_lies_in_the_memory_that_was_given(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii.gz")
    desk = np.full(60, 7, np.int16)
    given_out = []

    def allocate(shape, dtype):
        assert (shape, dtype) == ((5, 4, 3), np.int16)
        given_out.append(desk.reshape(shape, order="F"))
        return given_out[-1]

    volume = read_nifti(tmp_path / "a.nii.gz", allocate=allocate)
    assert volume.array is given_out[0]
    np.testing.assert_array_equal(desk, ct.array.ravel(order="F"))
    with pytest.raises(ValueError, match="Fortran"):
        read_nifti(tmp_path / "a.nii.gz", allocate=lambda shape, dtype: np.empty(shape, dtype))


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
@pytest.mark.parametrize(
    ("kind", "slope"), [(np.int16, None), (np.uint16, None), (np.int16, 0.5), (np.float64, None)]
)
def test_nothing_of_the_images_size_is_held_beside_the_result(tmp_path, monkeypatch, suffix, kind, slope):
    monkeypatch.setattr(nifti_voxels, "PIECE", 1 << 15)
    save(np.ones((64, 64, 160), dtype=kind), tmp_path / "a.nii", slope)
    path = tmp_path / f"b.{suffix}"
    content = (tmp_path / "a.nii").read_bytes()
    path.write_bytes(gzip.compress(content, 1) if suffix == "nii.gz" else content)
    read_nifti(path)
    tracemalloc.start()
    try:
        volume = read_nifti(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * volume.array.nbytes + 4 * 8 * (1 << 15)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.usefixtures("small_pieces")
def test_voxels_that_are_not_finite_become_the_fill(tmp_path, bad):
    array = np.arange(24.0).reshape(2, 3, 4)
    array[0, 1, 0] = array[1, 2, 3] = bad
    save(array, tmp_path / "a.nii")
    with pytest.raises(Refused, match=r"NOT_FINITE: .* found 2 of 24.*--fill"):
        read_nifti(tmp_path / "a.nii")
    volume = read_nifti(tmp_path / "a.nii", ReadOptions(fill=-3.0))
    array[0, 1, 0] = array[1, 2, 3] = -3
    np.testing.assert_array_equal(volume.array, array.astype(np.float32))
    assert volume.warnings[0].startswith("REPAIRED_VALUE: 2 of 24")


@pytest.mark.parametrize("fill", [np.inf, np.nan, 1e39])
def test_a_fill_is_a_number_of_float32(fill):
    with pytest.raises(UsageError, match="--fill"):
        ReadOptions(fill=fill)


def test_a_fill_that_is_not_needed_is_not_told(ct, tmp_path):
    write_nifti(ct.with_array(ct.array.astype(np.float32)), tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii", ReadOptions(fill=0.0)).warnings == ()


boxes = st.tuples(*[st.tuples(st.integers(0, 6), st.integers(1, 6)) for _ in range(3)])


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    ends=boxes,
    kind=st.sampled_from([np.int16, np.uint16, np.float32, "colour"]),
    zipped=st.booleans(),
    piece=st.sampled_from([1, 5, 9, 1 << 21]),
)
def test_a_box_is_the_part_of_the_whole(tmp_path_factory, shape, ends, kind, zipped, piece):
    rng = np.random.default_rng(0)
    if kind == "colour":
        array = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    else:
        array = rng.integers(0, 3000, shape).astype(kind)
    affine = np.array([[0, 0, -2.0, 5], [0.5, 0, 0, -7], [0, 3.0, 0, 11], [0, 0, 0, 1]])
    path = tmp_path_factory.mktemp("box") / ("a.nii.gz" if zipped else "a.nii")
    write_nifti(Volume(array, affine, Source("nifti")), path)
    box = tuple(
        (low % side, low % side + 1 + more % (side - low % side))
        for (low, more), side in zip(ends, shape, strict=True)
    )
    options = ReadOptions(colour=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nifti_voxels, "PIECE", piece)
        part, whole = read_nifti(path, options, box=box), read_nifti(path, options)
    expected = cropped(whole, box)
    np.testing.assert_array_equal(part.array, expected.array)
    assert part.array.dtype == expected.array.dtype
    np.testing.assert_allclose(part.affine, expected.affine, atol=1e-9)
    np.testing.assert_array_equal(whole.array, array)


def test_only_the_rows_of_a_box_are_read(tmp_path, monkeypatch):
    save(np.arange(20 * 30 * 40, dtype=np.int16).reshape(20, 30, 40), tmp_path / "a.nii")
    read = []

    @contextlib.contextmanager
    def counting(path):
        with path.open("rb", buffering=0) as stream:
            plain = stream.readinto

            class Counting:
                seek, tell = stream.seek, stream.tell

                def readinto(self, place):
                    read.append(len(place))
                    return plain(place)

            yield Counting()

    monkeypatch.setattr(nifti_voxels, "unpacked", counting)
    volume = read_nifti(tmp_path / "a.nii", box=((3, 9), (10, 15), (7, 9)))
    assert sum(read) == 20 * 5 * 2 * 2
    assert volume.warnings == ()


@pytest.mark.parametrize(
    "box", [((0, 0), (0, 4), (0, 3)), ((0, 6), (0, 4), (0, 3)), ((-1, 5), (0, 4), (0, 3))]
)
def test_a_box_that_is_not_inside_is_a_mistake(ct, tmp_path, box):
    write_nifti(ct, tmp_path / "a.nii")
    with pytest.raises(ValueError, match="does not lie"):
        read_nifti(tmp_path / "a.nii", box=box)


def test_zeros_behind_the_volume_are_not_inflated(ct, tmp_path):
    """Row 83: the stream breaks off far behind the voxels, which only who looks there would notice."""
    write_nifti(ct, tmp_path / "a.nii")
    packed = gzip.compress((tmp_path / "a.nii").read_bytes() + bytes(100_000_000), 1)
    (tmp_path / "b.nii.gz").write_bytes(packed[: len(packed) // 2])
    volume = read_nifti(tmp_path / "b.nii.gz")
    np.testing.assert_array_equal(volume.array, ct.array)
    assert volume.warnings[0].startswith("TRAILING_BYTES")


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_a_cut_file_says_how_much_is_there(ct, tmp_path, suffix):
    write_nifti(ct, tmp_path / f"a.{suffix}")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(content[:-30])
    with pytest.raises(Refused, match="TRUNCATED"):
        read_nifti(tmp_path / f"a.{suffix}")


def rgba(array, path):
    """Colour with its alpha, as RGBA32."""
    kind = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array).view(kind)[..., 0], np.eye(4)), path)


def test_colour_is_read_where_it_is_asked_for(tmp_path, code_of):
    array = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 4)).astype(np.uint8)
    array[..., 3] = 255
    rgba(array, tmp_path / "a.nii")
    assert code_of(lambda: read_nifti(tmp_path / "a.nii")) == "COLOUR"
    volume = read_nifti(tmp_path / "a.nii", ReadOptions(colour=True))
    np.testing.assert_array_equal(volume.array, array[..., :3])
    array[3, 2, 1, 3] = 254
    rgba(array, tmp_path / "a.nii")
    assert code_of(lambda: read_nifti(tmp_path / "a.nii", ReadOptions(colour=True))) == "COLOUR"


def test_the_scaling_of_colour_is_ignored(tmp_path):
    """nifti1.h, "DATA SCALING"."""
    array = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 3)).astype(np.uint8)
    write_nifti(Volume(array, np.eye(4), Source("picture")), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<2f", content, 112, 2.0, np.inf)
    (tmp_path / "a.nii").write_bytes(bytes(content))
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii", ReadOptions(colour=True)).array, array)
