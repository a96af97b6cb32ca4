import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

from medidense.io import read_volume, write_series
from medidense.io.dicom import decoding
from medidense.io.reading import read_here
from medidense.values import Refused


def stored(found, array):
    found.PixelData = np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("high_bit", [11, 15, 13])
def test_junk_outside_the_stored_bits_is_masked(series, edit, signed, high_bit):
    rng = np.random.default_rng(7)
    values = rng.integers(-2048 if signed else 0, 2048 if signed else 4096, (3, 4, 5))
    junk = rng.integers(0, 1 << 16, values.shape)
    keep = 0xFFF << (high_bit - 11)

    def twelve_bits(found, number):
        found.BitsStored, found.HighBit, found.PixelRepresentation = 12, high_bit, int(signed)
        found.RescaleIntercept = 0
        bits = (values[number] & 0xFFF) << (high_bit - 11)
        stored(found, ((bits & keep) | (junk[number] & ~keep & 0xFFFF)).astype(np.uint16))

    back = read_volume(edit(series, twelve_bits))
    np.testing.assert_array_equal(back.array, values.transpose(2, 1, 0))
    assert back.array.dtype == np.int16


def test_slope_and_intercept_belong_to_the_slice(series, edit):
    slopes, shifts = [0.5, 1.25, 2.0], [10.0, -3.5, 0.0]
    raw = {}

    def own(found, number):
        raw[number] = found.pixel_array.astype(np.float64)
        found.RescaleSlope, found.RescaleIntercept = slopes[number], shifts[number]

    back = read_volume(edit(series, own))
    for k in range(3):
        expected = (raw[k] * slopes[k] + shifts[k]).astype(np.float32)
        np.testing.assert_array_equal(back.array[:, :, k].T, expected)
    assert back.array.dtype == np.float32


@pytest.mark.parametrize(
    ("signed", "intercept", "kind"),
    [(0, 0, np.int32), (0, -32768, np.int16), (1, 0, np.int16), (1, -1024, np.int32), (0, -65536, np.int32)],
)
def test_sixteen_bits_keep_every_value(series, edit, signed, intercept, kind):
    array = np.arange(20, dtype=np.int64).reshape(4, 5) * 3449 - (32768 if signed else 0)

    def full(found, _):
        found.PixelRepresentation, found.RescaleIntercept = signed, intercept
        stored(found, array.astype(np.int16 if signed else np.uint16))

    back = read_volume(edit(series, full))
    np.testing.assert_array_equal(back.array[:, :, 0].T, array + intercept)
    assert back.array.dtype == kind


def test_small_values_in_sixteen_bits_stay_int16_and_one_large_one_widens_all(series, edit):
    assert read_volume(series).array.dtype == np.int16

    def bright(found, number):
        if number == 2:
            found.PixelRepresentation = 0
            stored(found, np.full((4, 5), 60000, dtype=np.uint16))

    back = read_volume(edit(series, bright))
    assert back.array.dtype == np.int32
    assert back.array[:, :, 2].max() == 60000 - 1024
    assert back.array[0, 0, 0] == -1000


def test_thirty_two_bits(series, edit):
    def wide(found, _):
        found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 32, 32, 31, 0
        found.RescaleIntercept = 0
        stored(found, np.arange(20, dtype=np.uint32) * 100_000_000)

    back = read_volume(edit(series, wide))
    assert back.array.dtype == np.int32
    assert back.array[4, 3, 0] == 1_900_000_000


def test_eight_bits_and_monochrome1_stay_as_stored(series, edit):
    array = np.arange(20, dtype=np.uint8).reshape(4, 5) * 13

    def eight(found, _):
        found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 8, 8, 7, 0
        found.RescaleIntercept, found.PhotometricInterpretation = 0, "MONOCHROME1"
        stored(found, array)

    back = read_volume(edit(series, eight))
    np.testing.assert_array_equal(back.array[:, :, 2].T, array)
    assert back.array.dtype == np.int16


@pytest.fixture
def large(ct, tmp_path):
    """64 x 64 x 2 voxels: encoders do not take less."""
    array = np.random.default_rng(3).integers(-1000, 3000, (64, 64, 2)).astype(np.int16)
    volume = ct.with_array(array)
    write_series(volume, tmp_path / "large", patient="invented", seed=5)
    return tmp_path / "large", volume


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_a_compressed_twin_is_equal(large, edit, syntax):
    series, ct = large
    edit(series, lambda found, _: found.compress(syntax, generate_instance_uid=False))
    back = read_volume(series)
    np.testing.assert_array_equal(back.array, ct.array)
    assert back.array.dtype == ct.array.dtype
    assert back.source.decoder.split()[0] in ("pydicom", "pylibjpeg")


def test_noise_in_place_of_a_codestream(large, edit, code_of):
    series, _ = large

    def noise(found, _):
        found.compress(JPEG2000Lossless, generate_instance_uid=False)
        found.PixelData = encapsulate([np.random.default_rng(1).bytes(600)])

    edit(series, noise)
    assert code_of(lambda: read_volume(series)) == "CORRUPT"


def test_a_codestream_of_another_size_is_seen_before_it_is_decoded(large, edit):
    series, _ = large

    def smaller(found, _):
        found.compress(JPEG2000Lossless, generate_instance_uid=False)
        found.Rows, found.Columns = 512, 512

    edit(series, smaller)
    with pytest.raises(Refused, match=r"CORRUPT: .* found a codestream of 64 x 64,"):
        read_volume(series)


def test_a_missing_decoder_names_its_package(series, edit, monkeypatch):
    edit(series, lambda found, _: found.compress(RLELossless, generate_instance_uid=False))

    class Absent:
        is_available = False

    monkeypatch.setattr(decoding, "get_decoder", lambda uid: Absent())
    with pytest.raises(Refused, match="pip install pydicom") as caught:
        read_here(series)  # here, not in a worker: only this process misses the decoder
    assert caught.value.refusal.code == "UNKNOWN_SYNTAX"


def test_each_slice_is_one_block_of_memory(series):
    assert read_volume(series).array.transpose(2, 1, 0).flags.c_contiguous


@pytest.mark.parametrize("intercept", [0.5, 1e39])
def test_odd_rescales(series, edit, code_of, intercept):
    def odd(found, _):
        found.RescaleIntercept = intercept

    expected = "" if intercept == 0.5 else "NOT_FINITE"
    assert code_of(lambda: read_volume(edit(series, odd))) == expected


def test_a_lossy_series_says_so(series, edit):
    def lossy(found, _):
        found.LossyImageCompression = "01"

    assert read_volume(edit(series, lossy)).warnings[-1].startswith("LOSSY")
    assert dcmread(sorted(series.iterdir())[0]).LossyImageCompression == "01"
