"""Is a file opened and inflated once for all of its frames, and another one when it is asked for?"""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from medidense.io import write_series
from medidense.io.dicom import open_file, read_pixels, scan_file, stack_of
from medidense.io.dicom.open_file import OpenFile
from medidense.io.dicom.pixels import file_by_file
from medidense.io.reading import read_here
from medidense.values import ReadOptions, Refused


@pytest.fixture
def opened(monkeypatch):
    """The paths that were opened for their pixels."""
    paths = []

    def noted(path, *rest, **options):
        paths.append(path.name)
        return data_set(path, *rest, **options)

    data_set = open_file.data_set
    monkeypatch.setattr(open_file, "data_set", noted)
    return paths


@pytest.fixture
def multiframe(ct, tmp_path, slices, enhance):
    """Seven frames in one file, large enough for encoders: (path, the same as single files)."""
    array = np.random.default_rng(5).integers(-1000, 3000, (48, 40, 7)).astype(np.int16)
    write_series(ct.with_array(array), tmp_path / "single", patient="invented", seed=1)
    return enhance(slices(tmp_path / "single")), tmp_path / "single"


def stored_as(path, syntax, *, table=True):
    found = dcmread(path)
    if syntax == DeflatedExplicitVRLittleEndian:
        found.file_meta.TransferSyntaxUID = syntax
    else:
        found.compress(syntax, generate_instance_uid=False)
    if not table:
        codes = generate_frames(found.PixelData, number_of_frames=found.NumberOfFrames)
        found.PixelData = encapsulate(list(codes), has_bot=False)
    found.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_a_file_is_opened_once_for_all_its_frames(multiframe, opened, syntax, table):
    path, single = multiframe
    stored_as(path, syntax, table=table or syntax == DeflatedExplicitVRLittleEndian)
    np.testing.assert_array_equal(read_here(path).array, read_here(single).array)
    assert opened.count(path.name) == 1


def test_frames_of_two_files_in_turns_are_read_file_by_file(multiframe, opened, slices, enhance):
    _, single = multiframe
    images = slices(single)
    low, high = enhance(images[0::2], name="even.dcm"), enhance(images[1::2], name="odd.dcm")
    for path in (low, high):
        stored_as(path, DeflatedExplicitVRLittleEndian)
    frames = (*scan_file(low), *scan_file(high))
    stack = stack_of(frames, low.parent, ReadOptions())
    assert [frame.path.name for frame in stack.frames[:3]] == ["even.dcm", "odd.dcm", "even.dcm"]
    values = read_pixels(stack)
    assert opened == ["even.dcm", "odd.dcm"]
    np.testing.assert_array_equal(values, read_here(single).array)
    assert file_by_file(stack.frames) == [0, 2, 4, 6, 1, 3, 5]


def test_frames_come_in_stored_order_within_a_file(multiframe):
    path, _ = multiframe
    frames = scan_file(path)
    assert file_by_file(frames[::-1]) == [6, 5, 4, 3, 2, 1, 0]


def test_an_error_of_the_disk_is_a_refusal(multiframe):
    path, _ = multiframe
    with pytest.raises(Refused, match="NO_ACCESS"), OpenFile() as file:
        file.stream(path)
        raise OSError(5, "Input/output error")


def test_a_file_that_is_gone(multiframe, code_of):
    path, _ = multiframe
    stack = stack_of(scan_file(path), path, ReadOptions())
    path.unlink()
    assert code_of(lambda: read_pixels(stack)) == "NO_ACCESS"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_cut_stream_without_a_table_is_refused(multiframe, code_of, keep):
    path, _ = multiframe
    stored_as(path, RLELossless, table=False)
    content = path.read_bytes()
    start = content.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(content[: start + int(keep * (len(content) - start))])
    assert code_of(lambda: read_here(path)) == "CORRUPT"
