"""One image at a time, in this process: plain samples in place, compressed ones through one decoder."""

from dataclasses import replace

import numpy as np
import pytest
from openjpeg.utils import encode_array
from pydicom import dcmread, dcmwrite
from pydicom.datadict import tag_for_keyword
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless, RLELossless

from medidense.io import read_volume, write_series
from medidense.io.dicom import decoding, scan_file
from medidense.io.dicom.decoding import colours, decoder_version, stored_samples
from medidense.io.dicom.open_file import OpenFile
from medidense.values import Refused

ROWS, COLUMNS = 64, 48


@pytest.fixture
def file(ct, tmp_path):
    """One slice that encoders take."""
    array = np.random.default_rng(5).integers(-1000, 3000, (COLUMNS, ROWS, 1)).astype(np.int16)
    write_series(ct.with_array(array), tmp_path / "one", patient="invented", seed=1)
    (path,) = (tmp_path / "one").iterdir()
    return path


def only(path):
    (frame,) = scan_file(path)
    return frame


def samples(frame, rows=(0, ROWS), slab=None):
    with OpenFile() as file:
        return stored_samples(frame, rows, slab, file)


def coloured_as(frame):
    with OpenFile() as file:
        return colours(frame, file)


def changed(path, **values):
    found = dcmread(path)
    for keyword, value in values.items():
        setattr(found, keyword, value)
    found.save_as(path)
    return path


def compressed(path, syntax):
    found = dcmread(path)
    found.compress(syntax, generate_instance_uid=False)
    found.save_as(path)
    return path


def big_endian(path):
    found = dcmread(path)
    found.PixelData = np.frombuffer(found.PixelData, "<u2").astype(">u2").tobytes()
    found.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
    dcmwrite(path, found, implicit_vr=False, little_endian=False, force_encoding=True)
    return path


def stored_as(path, syntax):
    if not syntax:
        return path
    return big_endian(path) if syntax == "big endian" else compressed(path, syntax)


@pytest.mark.parametrize("rows", [(0, ROWS), (0, 1), (7, 12), (ROWS - 1, ROWS)])
def test_only_the_rows_asked_for(file, rows):
    expected = dcmread(file).pixel_array
    np.testing.assert_array_equal(samples(only(file), rows), expected[rows[0] : rows[1]])


@pytest.mark.parametrize("rows", [(0, ROWS), (7, 12)])
@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, "big endian"])
def test_every_way_of_storing_gives_the_same_samples(file, syntax, rows):
    expected = samples(only(file), rows)
    found = samples(only(stored_as(file, syntax)), rows)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype.isnative


def test_plain_samples_are_read_into_the_slab(file):
    slab = np.full((ROWS, COLUMNS), -1, np.int16)
    found = samples(only(file), slab=slab)
    assert np.shares_memory(found, slab)
    np.testing.assert_array_equal(slab, dcmread(file).pixel_array)


@pytest.mark.parametrize(
    "slab",
    [
        np.zeros((ROWS, COLUMNS), np.int32),
        np.zeros((ROWS, COLUMNS), np.float16),
        np.zeros((COLUMNS, ROWS), np.int16),
        np.zeros((COLUMNS, ROWS), np.int16).T,
        None,
    ],
)
def test_a_slab_of_another_form_is_left_alone(file, slab):
    found = samples(only(file), slab=slab)
    np.testing.assert_array_equal(found, dcmread(file).pixel_array)
    assert slab is None or not slab.any()


def test_a_file_that_shrank_since_its_header_was_read(file, code_of):
    frame = only(file)
    file.write_bytes(file.read_bytes()[:-1])
    assert code_of(lambda: samples(frame)) == "TRUNCATED"
    file.unlink()
    assert code_of(lambda: samples(frame)) == "NO_ACCESS"


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("high_bit", [11, 13, 15])
@pytest.mark.parametrize("syntax", ["", RLELossless, "big endian"])
def test_bits_outside_the_stored_ones_are_gone(file, signed, high_bit, syntax):
    values = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) - (2048 if signed else 0)
    values = np.clip(values, *((-2048, 2047) if signed else (0, 4095)))
    keep = 0xFFF << (high_bit - 11)
    junk = np.random.default_rng(2).integers(0, 1 << 16, values.shape) & ~keep & 0xFFFF
    stored = ((values & 0xFFF) << (high_bit - 11) | junk).astype(np.uint16).tobytes()
    changed(file, PixelData=stored, BitsStored=16, HighBit=15, PixelRepresentation=int(signed))
    stored_as(file, syntax)  # before the bits are said: pydicom would drop the others
    changed(file, BitsStored=12, HighBit=high_bit)
    np.testing.assert_array_equal(samples(only(file)), values)


def test_a_codestream_is_held_to_the_size_of_the_header(file):
    frame = only(compressed(file, JPEG2000Lossless))
    other = replace(frame, pixels=replace(frame.pixels, rows=ROWS - 1))
    with pytest.raises(Refused, match=f"CORRUPT: .* codestream of {ROWS} x {COLUMNS}, expected .*63 x 48"):
        samples(other)


def test_what_no_decoder_takes_is_corrupt(file, code_of):
    frame = only(compressed(file, RLELossless))
    content = bytearray(file.read_bytes())
    at = content.index(b"\xfe\xff\x00\xe0", frame.pixels.offset + 8) + 8
    content[at : at + 64] = b"\xff" * 64
    file.write_bytes(content)
    assert code_of(lambda: samples(frame)) == "CORRUPT"


def test_a_decoder_that_is_not_there_is_named(file, monkeypatch):
    frame = only(compressed(file, RLELossless))

    class Absent:
        is_available = False

    monkeypatch.setattr(decoding, "get_decoder", lambda uid: Absent())
    with pytest.raises(Refused, match=r"UNKNOWN_SYNTAX: .*RLE Lossless.*pip install pydicom"):
        samples(frame)


def coloured(path, photometric, array):
    extra = {"PlanarConfiguration": 0} if array.ndim == 3 else {}
    changed(
        path,
        SamplesPerPixel=array.shape[2] if array.ndim == 3 else 1,
        PhotometricInterpretation=photometric,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        PixelData=array.tobytes(),
        **extra,
    )
    return path


def test_colours_are_red_green_and_blue_in_eight_bits(file):
    array = np.random.default_rng(4).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    found = coloured_as(only(coloured(file, "RGB", array)))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == np.uint8


def test_colours_of_one_frame_of_several(file):
    array = np.random.default_rng(4).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    coloured(file, "RGB", array)
    changed(file, NumberOfFrames=2, PixelData=bytes(array.nbytes) + array.tobytes())
    dark, bright = scan_file(file)
    assert not coloured_as(dark).any()
    np.testing.assert_array_equal(coloured_as(bright), array)


def test_a_palette_is_looked_up_and_sixteen_bits_become_eight(file):
    table = np.random.default_rng(4).integers(0, 1 << 16, (3, 256)).astype(np.uint16)
    index = (np.arange(ROWS * COLUMNS) % 251).astype(np.uint8).reshape(ROWS, COLUMNS)
    coloured(file, "PALETTE COLOR", index)
    for name, values in zip(("Red", "Green", "Blue"), table, strict=True):
        keyword = f"{name}PaletteColorLookupTable"
        found = dcmread(file)
        found.add_new(tag_for_keyword(f"{keyword}Descriptor"), "US", [256, 0, 16])
        found.add_new(tag_for_keyword(f"{keyword}Data"), "OW", values.tobytes())
        found.save_as(file)
    np.testing.assert_array_equal(coloured_as(only(file)), (table[:, index] >> 8).transpose(1, 2, 0))


def test_more_than_eight_bits_a_channel(file, code_of):
    array = np.zeros((ROWS, COLUMNS, 3), np.uint16)
    coloured(file, "RGB", array)
    changed(file, BitsAllocated=16, BitsStored=16, HighBit=15)
    assert code_of(lambda: coloured_as(only(file))) == "BAD_TYPE"


def test_colours_that_are_cut(file, code_of):
    frame = only(coloured(file, "RGB", np.zeros((ROWS, COLUMNS, 3), np.uint8)))
    file.write_bytes(file.read_bytes()[:-100])
    assert code_of(lambda: coloured_as(frame)) == "CORRUPT"


def test_a_decoder_has_a_version_where_it_is_installed(monkeypatch):
    assert decoder_version("pillow").split(".")[0].isdigit()
    monkeypatch.setattr(decoding, "PACKAGES", {"pillow": "no-such-package-here"})
    assert decoder_version("pillow") == ""


@pytest.mark.parametrize("kind", ["OB", "OW"])
@pytest.mark.parametrize("frames", [1, 3])
def test_eight_bits_in_big_endian_files(series, slices, enhance, kind, frames):
    rng = np.random.default_rng(5)
    pictures = [rng.integers(0, 255, (3, 5), dtype=np.uint8) for _ in range(frames)]
    images = slices(series)[:frames]
    for image, picture in zip(images, pictures, strict=True):
        image.Rows, image.Columns, image.BitsAllocated, image.BitsStored, image.HighBit = 3, 5, 8, 8, 7
        image.PixelRepresentation, image.RescaleIntercept = 0, 0
        image.PixelData = picture.tobytes()
    path = enhance(images)
    found = dcmread(path)
    content = np.frombuffer(b"".join(picture.tobytes() for picture in pictures) + b"\0", np.uint8)
    content = content[: len(content) - len(content) % 2]
    found["PixelData"].VR = kind
    found.PixelData = (content.reshape(-1, 2)[:, ::-1] if kind == "OW" else content).tobytes()
    found.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dcmwrite(path, found, implicit_vr=False, little_endian=False, force_encoding=True)
    back = read_volume(path)
    for number, picture in enumerate(pictures):
        np.testing.assert_array_equal(back.array[:, :, number].T, picture)


def jpeg_2000(path, samples, *, signed, bits):
    """The file with `samples` as JPEG 2000 whose codestream has `bits` bits and this sign."""
    found = dcmread(path)
    code = encode_array(samples, bits_stored=bits, photometric_interpretation=2, use_mct=False)
    if signed:
        assert code[42] & 0x80
    found.Rows, found.Columns = samples.shape
    found.BitsStored, found.HighBit, found.PixelRepresentation, found.RescaleIntercept = 12, 11, 0, 0
    found.PixelData = encapsulate([code], has_bot=False)
    found["PixelData"].VR = "OB"
    found.file_meta.TransferSyntaxUID = JPEG2000Lossless
    found.save_as(path)


def test_a_codestream_deeper_than_the_header_says_is_not_wrapped(file):
    samples = np.random.default_rng(1).integers(0, 60_000, (64, 48)).astype(np.uint16)
    jpeg_2000(file, samples, signed=False, bits=16)
    np.testing.assert_array_equal(read_volume(file).array[:, :, 0].T, samples)


def test_the_sign_of_a_codestream_counts_against_the_header(file):
    samples = np.random.default_rng(1).integers(-2000, 2000, (64, 48)).astype(np.int16)
    jpeg_2000(file, samples, signed=True, bits=13)
    np.testing.assert_array_equal(read_volume(file).array[:, :, 0].T, samples)
