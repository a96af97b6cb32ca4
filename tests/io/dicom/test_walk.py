"""The walk over a data set, compared with what pydicom reads of the same bytes."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from medidense.io.dicom.elements import WANTED
from medidense.io.dicom.items import PLAIN, Coding
from medidense.io.dicom.syntaxes import BIG_ENDIAN, EXPLICIT, IMPLICIT
from medidense.io.dicom.walk import PIECE, Window, coding_of, walk, walk_meta
from medidense.io.guard import LIMITS, Limits
from medidense.values import Refused

PATH = Path("a.dcm")
CODINGS = [PLAIN, Coding(implicit=True, order="<"), Coding(implicit=False, order=">")]
SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"


def written(found, coding):
    """A data set as pydicom stores it."""
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = coding.implicit, coding.order == "<"
    write_dataset(out, found)
    return out.getvalue()


def read(data, coding):
    """A data set as pydicom reads it."""
    return read_dataset(io.BytesIO(data), coding.implicit, coding.order == "<")


def walked(data, coding=PLAIN, limits=LIMITS, start=0):
    return walk(Window.of(io.BytesIO(data)), start, coding, PATH, limits)


def check(data, coding=PLAIN):
    """The walk keeps the wanted elements, as stored, and finds the pixel data; returns its answer."""
    answer, expected = walked(data, coding), read(data, coding)
    for tag in WANTED.values():
        theirs, ours = expected.get_item(tag) if tag in expected else None, answer.found.get_item(tag)
        assert (theirs is None) == (ours is None)
        if isinstance(theirs, RawDataElement):
            assert ours._replace(value=ours.value or None) == theirs._replace(value=theirs.value or None)
        elif theirs is not None:  # a sequence of undefined length, which pydicom has converted already
            assert answer.found.get(theirs.keyword) == theirs.value
    assert answer.count == sum(tag < 0x7FE00008 for tag, _ in expected.items())
    return answer


def put(found, keyword, items, *, open_end=False, open_items=False):
    """Set a sequence with or without stated lengths."""
    for item in items:
        item.is_undefined_length_sequence_item = open_items
    setattr(found, keyword, Sequence(items))
    found[keyword].is_undefined_length = open_end


TEXTS = st.text("ABC 12", max_size=12)


@st.composite
def data_sets(draw, depth=2):
    """Wanted and unwanted elements of all sorts, sequences in sequences, icons, private ones."""
    found = Dataset()
    for keyword in draw(st.sets(st.sampled_from(["Modality", "PatientID", "StudyDescription"]))):
        setattr(found, keyword, draw(TEXTS).strip())
    if draw(st.booleans()):
        found.Rows = draw(st.integers(0, 65535))
    if draw(st.booleans()):
        found.DiffusionBValue = draw(st.floats(0, 3000))
    if draw(st.booleans()):
        found.add_new(0x00290010, "LO", "INVENTED")
        found.add_new(0x00291010, "OB", draw(st.binary(max_size=20).map(lambda value: value + value)))
    if depth:
        for keyword in draw(st.sets(st.sampled_from([SHARED, PER_FRAME, "ReferencedImageSequence"]))):
            items = draw(st.lists(data_sets(depth - 1), max_size=3))
            put(found, keyword, items, open_end=draw(st.booleans()), open_items=draw(st.booleans()))
    return found


def with_pixels(found, count=20):
    found.BitsAllocated = 16
    found.add_new(0x7FE00010, "OW", bytes(range(count)))
    return found


@pytest.mark.parametrize("coding", CODINGS)
@settings(max_examples=60, deadline=None)
@given(found=data_sets(), pixels=st.booleans())
def test_the_wanted_elements_are_those_that_pydicom_reads(coding, found, pixels):
    data = written(with_pixels(found) if pixels else found, coding)
    answer = check(data, coding)
    if pixels:
        tag, offset, length, kind = answer.pixels
        assert (tag, length, kind) == (0x7FE00010, 20, "" if coding.implicit else "OW")
        assert data[offset : offset + length] == bytes(range(20))
    else:
        assert answer.pixels is None


@settings(max_examples=25, deadline=None)
@given(parts=st.lists(data_sets(1), min_size=1, max_size=3))
def test_a_file_that_is_cut_anywhere_but_between_elements_is_refused(parts):
    whole = Dataset()
    for part in parts:
        whole.update(part)
    pieces = []
    for element in whole:
        one = Dataset()
        one.add(element)
        pieces.append(written(one, PLAIN))
    data, borders = b"".join(pieces), {sum(map(len, pieces[:n])) for n in range(len(pieces) + 1)}
    for cut in range(len(data)):
        if cut in borders:
            walked(data[:cut])
        else:
            with pytest.raises(Refused, match="TRUNCATED"):
                walked(data[:cut])


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("before", range(-60, 3, 2))
def test_elements_across_the_edge_of_the_window(coding, before):
    found = Dataset()
    found.add_new(0x00080008, "CS", "")
    at = len(written(found, coding)) + (8 if coding.implicit else 12)
    found.add_new(0x00091010, "OB", bytes(PIECE + before - at))
    found.PatientID, found.Rows = "across the edge", 7
    put(found, SHARED, [Dataset()], open_end=True, open_items=True)
    answer = check(written(with_pixels(found), coding), coding)
    assert answer.found.get("PatientID") == "across the edge"
    assert answer.found.get("Rows") == 7


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("open_end", [True, False])
def test_long_elements_before_the_pixel_data(coding, open_end):
    item = Dataset()
    item.add_new(0x00291010, "OB", bytes(50_000))
    found = Dataset()
    found.Modality, found.Rows = "CT", 9
    found.add_new(0x00091010, "OB", bytes(100 << 10))
    put(found, "ReferencedImageSequence", [item] * 3, open_end=open_end, open_items=open_end)
    put(found, PER_FRAME, [item] * 3, open_end=open_end, open_items=open_end)
    data = written(with_pixels(found), coding)
    _, offset, length, _ = check(data, coding).pixels
    assert data[offset : offset + length] == bytes(range(20))


def test_group_lengths_are_elements_like_others():
    modality = written(dataset(Modality="CT"), PLAIN)
    data = struct.pack("<HH2sHI", 8, 0, b"UL", 4, len(modality)) + modality
    answer = check(data)
    assert answer.count == 2
    assert answer.found.get("Modality") == "CT"


def dataset(**values):
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def test_an_icon_in_a_sequence_is_not_the_pixel_data():
    icon = dataset(Rows=2, Columns=2, BitsAllocated=8)
    icon.PixelData = encapsulate([b"\xfe\xff\xdd\xe0" * 2, b"abcd"])
    icon["PixelData"].VR, icon["PixelData"].is_undefined_length = "OB", True
    found = dataset(Modality="MR", Rows=4)
    put(found, "IconImageSequence", [icon])
    found.PixelData = encapsulate([b"abcd"])
    found["PixelData"].VR, found["PixelData"].is_undefined_length = "OB", True
    data = written(found, PLAIN)
    tag, offset, length, _ = check(data).pixels
    assert (tag, length) == (0x7FE00010, -1)
    assert data[offset:] == found.PixelData + b"\xfe\xff\xdd\xe0" + bytes(4)
    assert walked(data).found.get("Rows") == 4


@pytest.mark.parametrize("size", [0, 10, 40_000])
def test_a_wanted_sequence_of_unknown_representation(size):
    item = dataset(Modality="MR")
    item.add_new(0x00291010, "UN", bytes(size))
    found = dataset(Modality="CT")
    put(found, SHARED, [item, item], open_end=True, open_items=True)
    implicit = written(found, Coding(implicit=True, order="<"))
    at = implicit.index(struct.pack("<HH", 0x5200, 0x9229))
    head = struct.pack("<HH2sHI", 0x5200, 0x9229, b"UN", 0, 0xFFFFFFFF)
    data = written(dataset(Modality="CT"), PLAIN) + head + implicit[at + 8 :]
    check(data + claiming(0x7FE00010, b"OW", 2) + bytes(2))


@pytest.mark.parametrize("open_end", [True, False])
def test_sixteen_levels_and_no_more(code_of, open_end):
    for levels, code in ((16, ""), (17, "NESTING"), (200, "NESTING")):
        found = dataset(Modality="CT")
        for _ in range(levels):
            outer = Dataset()
            put(outer, "ReferencedImageSequence", [found], open_end=open_end, open_items=open_end)
            found = outer
        assert code_of(lambda found=found: walked(written(found, PLAIN))) == code
    assert code_of(lambda: walked(written(found, PLAIN), limits=Limits(nesting=200))) == ""


def claiming(tag, kind, length):
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, kind, 0, length)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (claiming(0x00291010, b"OB", 0xFFFFFFF0), "TRUNCATED"),
        (claiming(0x00291010, b"OB", 21) + bytes(20), "TRUNCATED"),
        (claiming(0x00291010, b"OB", 20) + bytes(20), ""),
        (claiming(0x00081140, b"SQ", 0xFFFFFFF0), "TRUNCATED"),
        (claiming(0x00081140, b"SQ", 0xFFFFFFFF), "TRUNCATED"),
        (claiming(0x00081140, b"SQ", 16) + written(dataset(Modality="CT"), PLAIN) * 2, "CORRUPT"),
        (claiming(0x00081140, b"SQ", 0xFFFFFFFF) + written(dataset(Modality="CT"), PLAIN), "CORRUPT"),
    ],
)
def test_lengths_and_contents_that_lie(code_of, data, code):
    assert code_of(lambda: walked(data)) == code


def test_an_element_beyond_the_limit_is_a_bomb_where_it_would_be_kept(code_of):
    limits = Limits(element_bytes=100)
    for keyword, value, code in (
        ("PatientComments", "x" * 200, ""),
        ("PatientID", "x" * 102, "BOMB"),
        ("PatientID", "x" * 100, ""),
    ):
        data = (
            struct.pack("<HH2sH", *divmod(tag_for_keyword(keyword), 1 << 16), b"LO", len(value))
            + value.encode()
        )
        assert code_of(lambda data=data: walked(data, limits=limits)) == code


@pytest.mark.parametrize("open_end", [True, False])
def test_a_sequence_beyond_the_limit_is_a_bomb(code_of, open_end):
    item = Dataset()
    item.add_new(0x00291010, "OB", bytes(50_000))
    found = Dataset()
    put(found, "ReferencedImageSequence", [item] * 4, open_end=open_end, open_items=open_end)
    data = written(found, PLAIN)
    for limit, code in ((100_000, "BOMB"), (210_000, "")):
        assert code_of(lambda limit=limit: walked(data, limits=Limits(element_bytes=limit))) == code


def test_float_pixels_are_pixels_too():
    found = dataset(Rows=1)
    found.add_new(0x7FE00008, "OF", bytes(8))
    data = written(found, PLAIN)
    assert walked(data).pixels == (0x7FE00008, len(data) - 8, 8, "OF")


def test_the_meta_information_ends_where_group_two_does():
    meta = claiming(0x00020001, b"OB", 2) + b"\0\1"
    meta += struct.pack("<HH2sH", 2, 0x10, b"UI", 18) + b"1.2.840.10008.1.2\0"
    rest = written(dataset(Modality="CT"), Coding(implicit=True, order="<"))
    found, start = walk_meta(Window.of(io.BytesIO(b"??" + meta + rest)), 2, PATH, LIMITS)
    assert found.get("TransferSyntaxUID") == IMPLICIT
    assert start == 2 + len(meta)
    assert walk_meta(Window.of(io.BytesIO(meta)), 0, PATH, LIMITS)[1] == len(meta)


@pytest.mark.parametrize(
    ("syntax", "opening", "implicit", "order"),
    [
        (EXPLICIT, b"\x08\0\5\0CS", False, "<"),
        (IMPLICIT, b"\x08\0\5\0\x0a\0", True, "<"),
        (BIG_ENDIAN, b"\0\x08\0\5CS", False, ">"),
        (IMPLICIT, b"\x08\0\5\0CS", False, "<"),
        (EXPLICIT, b"\x08\0\5\0\x0a\0", True, "<"),
        (EXPLICIT, b"\x08\0\5\0Cs", True, "<"),
        (IMPLICIT, b"\x08\0", True, "<"),
        (EXPLICIT, b"", False, "<"),
    ],
)
def test_the_bytes_decide_between_implicit_and_explicit(syntax, opening, implicit, order):
    assert coding_of(syntax, opening) == Coding(implicit, order)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 3 * PIECE), st.integers(0, 2 * PIECE)), max_size=6))
def test_a_window_shows_what_the_stream_holds(steps):
    content = b"".join(struct.pack("<I", number) for number in range(5 * PIECE // 8))
    window = Window.of(io.BytesIO(content))
    assert window.size == len(content)
    for place, count in steps:
        assert window.bytes_at(place, count) == content[place : place + count]
