"""Are single frames taken out rightly, wherever their bits begin?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pack_bits
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from medidense.io.dicom.planes import Layout, planes


def stored(frames: np.ndarray, bits: int, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.NumberOfFrames, found.Rows, found.Columns = frames.shape
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = bits
    found.HighBit, found.PixelRepresentation = bits - 1, 0
    kind = np.uint16 if bits == 16 else np.uint8
    found.PixelData = pack_bits(frames.astype(kind)) if bits == 1 else frames.astype(kind).tobytes()
    if syntax in (RLELossless, JPEG2000Lossless):
        found.compress(syntax)
    found.file_meta.TransferSyntaxUID = syntax
    return found


def big_endian(found: Dataset, kind: str) -> Dataset:
    """The same object as big-endian files have it, its pixel data in bytes (OB) or in words (OW)."""
    content = found.PixelData + b"\0" * (len(found.PixelData) % 2)
    if kind == "OW":
        content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
    found.add_new("PixelData", kind, content)
    found.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    return found


def taken(found: Dataset, wanted: list[int]) -> np.ndarray:
    return np.array(list(planes(found, Layout.of(found, "a.dcm"), wanted, "a.dcm")))


@settings(max_examples=120, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    bits=st.sampled_from([1, 8, 16]),
    kind=st.sampled_from(["", "OB", "OW"]),
    data=st.data(),
)
def test_any_frames_of_any_size_in_either_byte_order(shape, bits, kind, data):
    frames = np.random.default_rng(1).integers(0, 1 << bits, shape)
    wanted = data.draw(st.lists(st.integers(0, shape[0] - 1), unique=True, min_size=1))
    found = stored(frames, bits)
    if kind:
        found = big_endian(found, "OW" if bits == 16 else kind)  # samples of two bytes are never OB
    np.testing.assert_array_equal(taken(found, wanted), frames[sorted(wanted)])


def test_words_that_are_cut_in_half(code_of):
    odd = big_endian(stored(np.ones((1, 3, 3)), 8), "OW")
    assert taken(odd, [0]).all()
    odd.PixelData = odd.PixelData[:9]
    assert code_of(lambda: taken(odd, [0])) == "TRUNCATED"


@pytest.mark.parametrize(
    ("bits", "syntax"), [(8, RLELossless), (16, RLELossless), (8, JPEG2000Lossless), (1, JPEG2000Lossless)]
)
def test_compressed_frames(bits, syntax):
    frames = np.random.default_rng(1).integers(0, 1 << bits, (4, 64, 70))
    if (bits, syntax) == (1, JPEG2000Lossless):
        pytest.importorskip("openjpeg")
        found = stored(frames, 8, syntax)
        found.BitsAllocated = 1
    else:
        found = stored(frames, bits, syntax)
    np.testing.assert_array_equal(taken(found, [3, 1]), frames[[1, 3]])


def changed(**attributes: object) -> Dataset:
    found = stored(np.ones((2, 3, 4)), 8)
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


def test_what_does_not_hold(code_of):
    bad = {
        "TRUNCATED": changed(PixelData=b"\0" * 22),
        "BAD_TYPE": changed(BitsAllocated=32),
        "UNKNOWN_SYNTAX": stored(np.ones((2, 3, 4)), 8, "1.2.840.10008.1.2.4.51"),
    }
    for code, found in bad.items():
        assert code_of(lambda found=found: taken(found, [0])) == code
    for attributes in ({"Rows": 0}, {"NumberOfFrames": None}, {"PixelData": None}):
        assert code_of(lambda attributes=attributes: taken(changed(**attributes), [0])) == "CORRUPT"
    missing = changed()
    del missing.PixelData
    assert code_of(lambda: taken(missing, [0])) == "CORRUPT"


def test_a_compressed_frame_that_is_not_there_or_broken(code_of):
    frames = np.random.default_rng(1).integers(0, 255, (2, 9, 8))
    found = stored(frames, 8, RLELossless)
    found.NumberOfFrames = 3
    assert code_of(lambda: taken(found, [2])) == "TRUNCATED"
    found = stored(frames, 8, RLELossless)
    found.PixelData = encapsulate([b"\0" * 70, b"\0" * 70])
    assert code_of(lambda: taken(found, [1])) == "CORRUPT"
    large = stored(np.ones((1, 64, 64)), 8, JPEG2000Lossless)
    large.Rows = 63
    assert code_of(lambda: taken(large, [0])) == "CORRUPT"
