"""A header that is compared with earlier ones says what it says when it is walked."""

import io
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from medidense.io.dicom import scan_file
from medidense.io.dicom.items import PLAIN
from medidense.io.dicom.layouts import MOST, Key, Layouts, layout_of
from medidense.io.dicom.seen import Seen
from medidense.io.dicom.walk import Window, walk
from medidense.io.guard import LIMITS
from tests.io.dicom.test_walk import SHARED, put, with_pixels, written


@pytest.fixture
def data():
    """A header with wanted and other elements, and a sequence without a stated length."""
    found = Dataset()
    found.Modality, found.PatientID, found.StudyDescription = "CT", "A1", "abcd"
    found.Rows, found.SliceThickness = 7, "1.25"
    item = Dataset()
    item.Modality = "MR"
    put(found, "ReferencedImageSequence", [item], open_end=True, open_items=True)
    return written(with_pixels(found), PLAIN)


def walked(data, layouts=None):
    return walk(Window.of(io.BytesIO(data)), 0, PLAIN, Path("a"), LIMITS, layouts)


def plain(one):
    return one.found.stored, one.pixels, one.count


def test_the_third_of_a_kind_is_not_walked(data, monkeypatch):
    layouts, other = Layouts(), data.replace(b"A1", b"B2").replace(b"abcd", b"efgh")
    for _ in range(2):
        assert plain(walked(data, layouts)) == plain(walked(data))
    expected = plain(walked(other))
    monkeypatch.setattr("medidense.io.dicom.walk._Walk.run", None)
    found = walked(other, layouts)
    assert plain(found) == expected
    assert found.found.get("PatientID") == "B2"


def test_every_flipped_byte_is_seen(data, code_of):
    layouts = Layouts()
    for _ in range(2):
        walked(data, layouts)
    for at in range(len(data)):
        for bits in (0x01, 0x80):
            flipped = data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]
            code = code_of(lambda flipped=flipped: walked(flipped))
            assert code_of(lambda flipped=flipped: walked(flipped, layouts)) == code
            if not code:
                assert plain(walked(flipped, layouts)) == plain(walked(flipped))


def test_a_flipped_byte_of_a_file_gives_what_it_gives_alone(series, tmp_path):
    files, seen = sorted(series.iterdir()), Seen()
    for file in [*files, *files]:
        assert scan_file(file, seen=seen) == scan_file(file)
    content, changed = bytearray(files[0].read_bytes()), tmp_path / "a.dcm"
    kept, differing = dcmread(files[0]), 0
    for at in range(128, len(content) - len(kept.PixelData)):
        content[at] ^= 0x03
        changed.write_bytes(content)
        alone = scan_file(changed)
        differing += not isinstance(alone, tuple)
        assert scan_file(changed, seen=seen) == alone
        content[at] ^= 0x03
    assert differing > 20


def test_what_has_no_layout(data):
    found = Dataset()
    put(found, SHARED, [Dataset()])
    wanted = written(with_pixels(found), PLAIN)
    for content in (wanted, data):
        stop = walked(content).pixels
        held = content if content is wanted else content[:-25]  # its last head is cut
        assert layout_of(Key(len(content), 0, PLAIN), held, stop, 16) is None


def test_layouts_are_forgotten_when_there_are_too_many(data):
    layouts, stop = Layouts(), walked(data).pixels
    for number in (0, 0, *range(1, MOST + 1)):
        layouts.learn(Key(number, 0, PLAIN), data, stop, 16)
    assert layouts.like(Key(0, 0, PLAIN)) is None
