import gzip
import stat

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.errors import OutputExistsError, UsageError, WriteError
from medidense.io import read_volume, write_map, write_nifti
from medidense.io.nifti import read_nifti
from medidense.values import ReadOptions, Source, Volume, canonical


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize("name", ["a.nii", "a.b.nii.gz"])
def test_what_is_written_is_read_back(ct, tmp_path, kind, name):
    volume = ct.with_array(ct.array.astype(kind) * (70 if kind == np.int32 else 1))
    write_nifti(volume, tmp_path / name)
    back = read_volume(tmp_path / name)
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.array.dtype == kind
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-4)
    image = nibabel.load(tmp_path / name)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)
    np.testing.assert_array_equal(np.asarray(image.dataobj), volume.array)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float16, np.float64])
def test_any_numbers_that_fit_can_be_written(ct, tmp_path, kind):
    array = (ct.array % 2).astype(kind)
    write_nifti(ct.with_array(array), tmp_path / "a.nii")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii").array, array.astype(np.float64))


def test_colour_is_written_as_rgb24(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 3)).astype(np.uint8)
    write_nifti(Volume(array, np.eye(4), Source("picture")), tmp_path / "a.nii.gz")
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert int(image.header["datatype"]) == 128
    assert image.shape == (5, 4, 3)
    np.testing.assert_array_equal(np.asarray(image.dataobj)["G"], array[..., 1])
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii.gz", ReadOptions(colour=True)).array, array)
    with pytest.raises(ValueError, match="8 bits"):
        write_nifti(Volume(array.astype(np.int16), np.eye(4), Source("picture")), tmp_path / "b.nii")


def test_integers_beyond_32_bits_are_not_cut(ct, tmp_path):
    with pytest.raises(ValueError, match="32 bits"):
        write_nifti(ct.with_array(ct.array.astype(np.int64) << 40), tmp_path / "a.nii")


def test_equal_volumes_give_equal_private_files_and_nothing_else(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii.gz")
    write_nifti(ct, tmp_path / "b.nii.gz")
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert (tmp_path / "a.nii.gz").read_bytes()[4:8] == bytes(4)  # no time stamp
    assert stat.S_IMODE((tmp_path / "a.nii.gz").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nii.gz", "b.nii.gz"]


def test_outputs_that_cannot_be_written(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    with pytest.raises(OutputExistsError):
        write_nifti(ct, tmp_path / "a.nii")
    write_nifti(ct.with_array(ct.array + 1), tmp_path / "a.nii", overwrite=True)
    assert (read_volume(tmp_path / "a.nii").array == ct.array + 1).all()
    with pytest.raises(UsageError):
        write_nifti(ct, tmp_path / "a.img")
    with pytest.raises(WriteError):
        write_nifti(ct, tmp_path / "a.nii" / "below" / "b.nii")


def test_a_map_lies_on_the_stored_grid(ct, tmp_path):
    values = np.linspace(0, 1, 60, dtype=np.float32).reshape(ct.shape)
    write_map(values, ct, tmp_path / "m.nii.gz")
    write_map(values, ct, tmp_path / "m.nii.gz")
    back = read_volume(tmp_path / "m.nii.gz")
    assert back.array.tobytes() == values.tobytes()
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-4)
    with pytest.raises(ValueError, match="does not lie"):
        write_map(values[1:], ct, tmp_path / "n.nii.gz")


def test_scaling_is_computed_in_float64(ct, tmp_path):
    write_nifti(ct, tmp_path / "s.nii")
    content = bytearray((tmp_path / "s.nii").read_bytes())
    content[112:120] = np.array([0.1, 37.3], dtype="<f4").tobytes()
    (tmp_path / "s.nii").write_bytes(bytes(content))
    back = read_volume(tmp_path / "s.nii")
    expected = ct.array.astype(np.float64) * float(np.float32(0.1)) + float(np.float32(37.3))
    assert back.array.dtype == np.float32
    np.testing.assert_array_equal(back.array, expected.astype(np.float32))
    assert (back.array != ct.array.astype(np.float32) * np.float32(0.1) + np.float32(37.3)).any()


@pytest.mark.parametrize(
    ("kind", "low", "high", "expected"),
    [
        (np.uint8, 0, 255, np.int16),
        (np.int8, -128, 127, np.int16),
        (np.uint16, 0, 65535, np.int32),
        (np.int64, -5, 2**31 - 1, np.int32),
        (np.int64, 0, 2**40, np.float32),
        (np.float64, -1e-3, 1e6, np.float32),
    ],
)
def test_types_narrow_to_three(tmp_path, kind, low, high, expected):
    array = np.zeros((2, 2, 2), dtype=kind)
    array[0, 0, 0], array[1, 1, 1] = low, high
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4), dtype=kind), tmp_path / "a.nii")
    back = read_volume(tmp_path / "a.nii")
    assert back.array.dtype == expected
    np.testing.assert_array_equal(back.array, array.astype(expected))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_voxels_that_are_not_finite_are_counted(tmp_path, bad):
    array = np.zeros((2, 2, 2))
    array[0, 1, 0] = bad
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(Exception, match=r"NOT_FINITE: .* found 1 of 8"):
        read_volume(tmp_path / "a.nii")


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_bytes_behind_the_voxels_are_told_and_not_read(ct, tmp_path, suffix):
    write_nifti(ct, tmp_path / "a.nii")
    content = (tmp_path / "a.nii").read_bytes() + bytes(1000)
    path = tmp_path / f"b.{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    back = read_volume(path)
    np.testing.assert_array_equal(back.array, ct.array)
    assert back.warnings[0].startswith("TRAILING_BYTES")


def test_left_handed_volumes_survive(tmp_path):
    affine = np.array([[0, 0, 2.0, 1], [-1.5, 0, 0, 2], [0, 3.0, 0, 3], [0, 0, 0, 1]])
    volume = Volume(np.arange(24, dtype=np.int16).reshape(2, 3, 4), affine, Source("nifti"))
    write_nifti(volume, tmp_path / "a.nii")
    np.testing.assert_allclose(read_volume(tmp_path / "a.nii").affine, affine, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    kind=st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64]),
    written=st.sampled_from(["ours", "ours zipped", "one", "one 2", "pair", "pair 2", "big", "big pair"]),
)
def test_what_anyone_wrote_is_read_as_nibabel_reads_it(tmp_path_factory, seed, shape, kind, written):
    """Any orientation, stored type, byte order, and kind of file."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation[:, rng.permutation(3)] * rng.uniform(0.3, 5, 3) * rng.choice([-1, 1], 3)
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    array = rng.integers(0, 200, shape).astype(kind)
    folder = tmp_path_factory.mktemp("written")
    if written.startswith("ours"):
        path = folder / ("a.nii.gz" if written.endswith("zipped") else "a.nii")
        write_nifti(Volume(array, affine, Source("nifti")), path)
    else:
        kinds = (nibabel.Nifti1Image, nibabel.Nifti2Image, nibabel.Nifti1Pair, nibabel.Nifti2Pair)
        image = kinds[("pair" in written) * 2 + ("2" in written)]
        header = image.header_class(endianness=">" if "big" in written else "<")
        header.set_data_dtype(kind)
        path = folder / ("a.hdr" if "pair" in written else "a.nii")
        nibabel.save(image(array, affine, header), path)

    volume, theirs = read_nifti(path), nibabel.load(path)

    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_array_equal(volume.array, np.asarray(theirs.dataobj))
    np.testing.assert_allclose(volume.affine, theirs.affine, atol=1e-9)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-3)
    np.testing.assert_array_equal(
        canonical(volume).array, np.asarray(nibabel.as_closest_canonical(theirs).dataobj)
    )
