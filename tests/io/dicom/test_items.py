"""Heads and ends, compared with elements that are put together here, by hand, from PS3.5."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io.dicom.items import PLAIN, UNDEFINED, Coding, element_at, value_end

CODINGS = [Coding(implicit, order) for implicit in (False, True) for order in "<>"]
SEQUENCE, TEXT, PIXELS = 0x00081140, 0x00080060, 0x7FE00010
LEVELS = 16


def head(tag, kind, length, coding):
    """The head of an element as the standard has it."""
    numbers = struct.pack(coding.order + "HH", tag >> 16, tag & 0xFFFF)
    if coding.implicit or tag >> 16 == 0xFFFE:
        return numbers + struct.pack(coding.order + "I", length)
    if kind in (b"SQ", b"OB", b"OW", b"UN"):
        return numbers + kind + bytes(2) + struct.pack(coding.order + "I", length)
    return numbers + kind + struct.pack(coding.order + "H", length)


def marked(start, end, value, coding, *, open_end):
    """A value behind its head, of a stated length or with an end mark."""
    if not open_end:
        return head(*start, len(value), coding) + value
    return head(*start, UNDEFINED, coding) + value + head(end, b"", 0, coding)


def sequence(items, coding, *, open_end=False, open_items=False, kind=b"SQ"):
    """An element that is a sequence of these items."""
    inner = Coding(implicit=True, order="<") if kind == b"UN" else coding
    whole = b"".join(
        marked((0xFFFEE000, b""), 0xFFFEE00D, item, inner, open_end=open_items) for item in items
    )
    return marked((SEQUENCE, kind), 0xFFFEE0DD, whole, coding, open_end=open_end)


def text(value, coding):
    return head(TEXT, b"CS", len(value), coding) + value


def icon(coding):
    """Encapsulated pixel data: an empty offset table and two fragments, one of which looks like an end."""
    parts = (b"", b"\xfe\xff\xdd\xe0" * 2, b"abcd")
    value = b"".join(head(0xFFFEE000, b"", len(part), coding) + part for part in parts)
    return marked((PIXELS, b"OB"), 0xFFFEE0DD, value, coding, open_end=True)


def nested(levels, coding, *, open_end=True, open_items=True):
    """Sequences in sequences, `levels` of them."""
    made = b""
    for _ in range(levels):
        made = sequence([made], coding, open_end=open_end, open_items=open_items)
    return made


def end_of(data, coding, levels=LEVELS):
    """Where the element that `data` begin with ends."""
    _, kind, length, size = element_at(data, 0, coding)
    return value_end(data, size, (kind, length), coding, levels)


@st.composite
def sequences(draw, coding, depth=3):
    """A sequence of texts, icons and further sequences, with and without stated lengths."""
    inner = st.binary(max_size=9).map(lambda value: text(value, coding))
    if not coding.implicit:  # implicit says no OB: fragments are then told by nothing
        inner |= st.just(icon(coding))
    if depth:
        inner |= sequences(coding, depth - 1)
    items = draw(st.lists(st.lists(inner, max_size=3).map(b"".join), max_size=3))
    return sequence(items, coding, open_end=draw(st.booleans()), open_items=draw(st.booleans()))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    ("tag", "kind", "length", "size"),
    [
        (SEQUENCE, b"SQ", 70_000, 12),
        (TEXT, b"CS", 16, 8),
        (0x00291010, b"OB", 70_000, 12),
        (0x00291010, b"UN", UNDEFINED, 12),
        (0xFFFEE000, b"", UNDEFINED, 8),
        (0xFFFEE00D, b"", 0, 8),
    ],
)
def test_a_head_is_read_as_it_is_written(coding, tag, kind, length, size):
    data = b"??" + head(tag, kind, length, coding)
    if coding.implicit:
        kind, size = b"SQ" if tag == SEQUENCE else b"", 8
    assert element_at(data, 2, coding) == (tag, kind, length, size)
    for cut in range(2, len(data)):
        with pytest.raises(struct.error):
            element_at(data[:cut], 2, coding)


@pytest.mark.parametrize("coding", CODINGS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), behind=st.binary(max_size=20))
def test_a_sequence_ends_where_its_last_byte_is(coding, data, behind):
    made = data.draw(sequences(coding))
    assert end_of(made + behind, coding) == len(made)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_cut_sequence_has_no_end(data):
    made = data.draw(sequences(PLAIN))
    for cut in range(12, len(made)):
        with pytest.raises((IndexError, struct.error)):
            end_of(made[:cut], PLAIN)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("open_end", [True, False])
@pytest.mark.parametrize("open_items", [True, False])
def test_sixteen_levels_are_walked_and_one_more_is_not(coding, open_end, open_items):
    made = nested(LEVELS, coding, open_end=open_end, open_items=open_items)
    assert end_of(made, coding) == len(made)
    with pytest.raises(RecursionError):
        end_of(nested(LEVELS + 1, coding, open_end=open_end, open_items=open_items), coding)


def test_levels_that_nobody_walks_do_not_exhaust_python():
    with pytest.raises(RecursionError, match="nested too deep"):
        end_of(nested(300, PLAIN), PLAIN)


@pytest.mark.parametrize("open_items", [True, False])
def test_unknown_and_without_a_length_is_implicit_inside(open_items):
    inside = text(b"MR", Coding(implicit=True, order="<"))
    made = sequence([inside, inside], PLAIN, open_items=open_items, kind=b"UN")
    body = made[12:] + head(0xFFFEE0DD, b"", 0, PLAIN)
    assert value_end(body + b"more", 0, (b"UN", UNDEFINED), PLAIN, LEVELS) == len(body)
    explicit = sequence([text(b"MR", PLAIN)], PLAIN, open_end=True, open_items=True)[12:]
    with pytest.raises((IndexError, struct.error)):
        value_end(explicit, 0, (b"UN", UNDEFINED), PLAIN, LEVELS)


@pytest.mark.parametrize("coding", [one for one in CODINGS if not one.implicit])
def test_fragments_are_stepped_over_whatever_they_hold(coding):
    assert end_of(icon(coding) + b"more", coding) == len(icon(coding))
    for cut in range(12, len(icon(coding))):
        with pytest.raises((IndexError, struct.error)):
            end_of(icon(coding)[:cut], coding)


@pytest.mark.parametrize("kind", [b"SQ", b"OB", b"UN"])
def test_what_is_no_item_is_no_sequence(kind):
    noise = struct.pack("<HHI", 0x0008, 0x0060, 2) + b"CT"
    with pytest.raises(ValueError, match="no item"):
        value_end(noise, 0, (kind, UNDEFINED), PLAIN, LEVELS)
