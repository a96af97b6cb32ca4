"""Is every frame of an encapsulated stream found, with the bytes that pydicom finds, in one walk?"""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, get_frame

from medidense.io.dicom.fragments import Fragments

END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def item(value):
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(value)) + value


def stream(*fragments, table=b"", end=END):
    """What stands before it in a file, the table, the fragments and the end."""
    return io.BytesIO(b"before" + item(table) + b"".join(map(item, fragments)) + end)


def frames(found, count):
    listed = Fragments(found, 6, count)
    return [listed.code(number) for number in range(count)]


@given(
    codes=st.lists(st.binary(min_size=4, max_size=40), min_size=1, max_size=6),
    pieces=st.integers(1, 3),
    has_table=st.booleans(),
)
def test_the_frames_are_those_that_were_put_in(codes, pieces, has_table):
    ended = [code.replace(b"\xff", b"\0") + b"\xff\xd9" for code in codes]
    content = encapsulate(ended, fragments_per_frame=pieces, has_bot=has_table)
    found = frames(io.BytesIO(b"before" + content + END), len(codes))
    assert found == [code + b"\0" * (len(code) % 2) for code in ended]
    if has_table:
        assert found == [get_frame(content, number) for number in range(len(codes))]


def test_one_frame_of_several_fragments_and_one_in_any_order():
    assert frames(stream(b"ab", b"cd", b"ef"), 1) == [b"abcdef"]
    several = Fragments(stream(b"ab", b"cd", b"ef"), 6, 3)
    assert [several.code(number) for number in (2, 0, 1, 2)] == [b"ef", b"ab", b"cd", b"ef"]


def test_a_frame_ends_with_the_fragment_that_ends_a_codestream():
    found = stream(b"ab", b"c\xff\xd9\0", b"d\xff\xd9", b"")  # padded, and an empty fragment at the end
    assert frames(found, 2) == [b"abc\xff\xd9\0", b"d\xff\xd9"]


@pytest.mark.parametrize(
    ("fragments", "count"),
    [
        ((b"ab", b"cd", b"ef"), 2),  # nothing says which two are one frame
        ((b"a\xff\xd9", b"b\xff\xd9", b"c\xff\xd9"), 2),  # three codestreams
        ((b"a\xff\xd9", b"b\xff\xd9", b"rest"), 2),
        ((b"ab",), 2),
    ],
)
def test_frames_that_cannot_be_told_apart(fragments, count):
    with pytest.raises(ValueError, match="fragments of"):
        Fragments(stream(*fragments), 6, count)


def test_what_is_no_encapsulated_stream():
    with pytest.raises(ValueError, match="no offset table"):
        Fragments(io.BytesIO(b"before"), 6, 1)
    with pytest.raises(ValueError, match="no offset table"):
        Fragments(stream(b"ab", table=b"\0\0\0"), 6, 1)
    with pytest.raises(ValueError, match="no item"):
        Fragments(io.BytesIO(b"before" + b"\x10\0\x10\0" + b"\0" * 4), 6, 1)
    with pytest.raises(ValueError, match="no item"):
        Fragments(stream(b"ab", end=b"\x10\0\x10\0\0\0\0\0"), 6, 1)
    with pytest.raises(EOFError):
        Fragments(io.BytesIO(b"before" + item(b"\0" * 8)[:-4]), 6, 2)


def test_an_offset_table_that_lies_harms_its_own_frame_alone():
    table = struct.pack("<3I", 0, 10, 0xFFFFFF)
    listed = Fragments(stream(b"ab", b"cd", b"ef", table=table), 6, 3)
    assert (listed.code(0), listed.code(2)) == (b"ab", b"")
    with pytest.raises(IndexError):
        listed.code(3)
    backwards = Fragments(stream(b"ab", b"cd", table=struct.pack("<2I", 10, 0)), 6, 2)
    assert backwards.code(0) == b""


class Counted(io.BytesIO):
    """Counts what is read."""

    reads = 0

    def read(self, size=-1):
        self.reads += 1
        return super().read(size)


def test_the_stream_is_walked_once_whatever_is_asked():
    """Work is counted, not time: each further frame costs its own bytes and no walk."""
    found = Counted(stream(*[b"ab"] * 400).getvalue())
    listed = Fragments(found, 6, 400)
    before = found.reads
    assert before < 410
    assert all(listed.code(number) == b"ab" for number in range(400))
    assert found.reads - before == 400
