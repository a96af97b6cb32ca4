"""Where does a stored DICOM element end? Heads, sequences and fragments, by tags and lengths alone.

Nothing is converted, and a sequence is never deeper than it may be (PS3.5, 7.1 to 7.5 and A.4).
"""

import struct
from typing import NamedTuple

from pydicom._dicom_dict import DicomDictionary

LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""Value representations with a length of 32 bits (PS3.5, 7.1.2)."""

BYTES = frozenset({b"OB", b"OW"})
SEQUENCES = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")
"""Tags that are sequences, for files that do not say so (implicit VR)."""

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF

EXPLICIT = {"<": struct.Struct("<HH2sH"), ">": struct.Struct(">HH2sH")}
_IMPLICIT = {"<": struct.Struct("<HHI"), ">": struct.Struct(">HHI")}
LENGTH = {"<": struct.Struct("<I"), ">": struct.Struct(">I")}


class Coding(NamedTuple):
    """How tags and lengths are stored; `order` is the byte order in the letters of `struct`."""

    implicit: bool
    order: str


PLAIN = Coding(implicit=False, order="<")
"""Explicit VR little endian, as file meta information always is (PS3.10, 7.1)."""

UNKNOWN = Coding(implicit=True, order="<")
"""What lies inside an element of unknown representation and undefined length (PS3.5, 6.2.2 note 2)."""


def element_at(data: bytes, at: int, coding: Coding) -> tuple[int, bytes, int, int]:
    """(tag, value representation or b"", length, bytes of the head) of the element at `at`.

    Raises struct.error where the data end inside the head.
    """
    if coding.implicit:
        group, element, length = _IMPLICIT[coding.order].unpack_from(data, at)
        tag = group << 16 | element
        return tag, b"SQ" if tag in SEQUENCES else b"", length, 8
    group, element, kind, short = EXPLICIT[coding.order].unpack_from(data, at)
    if group == 0xFFFE:  # items and their ends have no value representation
        return group << 16 | element, b"", LENGTH[coding.order].unpack_from(data, at + 4)[0], 8
    if kind in LONG:
        return group << 16 | element, kind, LENGTH[coding.order].unpack_from(data, at + 8)[0], 12
    return group << 16 | element, kind, short, 8


def value_end(data: bytes, at: int, head: tuple[bytes, int], coding: Coding, levels: int) -> int:
    """Where a sequence, or a value of undefined length, that begins at `at` ends, its end mark included.

    `head` is its representation and length, `levels` how many levels of sequences may lie in it.
    Raises IndexError or struct.error where the data end, ValueError where something other than items lies in
    a sequence, RecursionError where sequences are nested deeper than that.
    """
    kind, length = head
    if kind in BYTES:
        return _fragments_end(data, at, coding)
    if levels < 1:
        raise RecursionError("nested too deep")
    inner = UNKNOWN if kind == b"UN" else coding
    return _items_end(data, at, -1 if length == UNDEFINED else at + length, inner, levels - 1)


def _item_at(data: bytes, at: int, coding: Coding) -> tuple[int | None, int]:
    """(length of the item at `at`, None for the end of the sequence; where its value begins)."""
    tag, _, length, _ = element_at(data, at, coding)
    if tag not in (ITEM, SEQUENCE_END):
        raise ValueError("no item")
    return length if tag == ITEM else None, at + 8


def _items_end(data: bytes, at: int, end: int, coding: Coding, levels: int) -> int:
    """Where the items of a sequence end; `end` is -1 where only the end mark tells."""
    while end < 0 or at < end:
        length, at = _item_at(data, at, coding)
        if length is None:
            return at
        at = _elements_end(data, at, -1 if length == UNDEFINED else at + length, coding, levels)
    return at


def _elements_end(data: bytes, at: int, end: int, coding: Coding, levels: int) -> int:
    """Where the elements of an item end."""
    while end < 0 or at < end:
        tag, kind, length, head = element_at(data, at, coding)
        at += head
        if tag == ITEM_END:
            return at
        if kind == b"SQ" or length == UNDEFINED:
            at = value_end(data, at, (kind, length), coding, levels)
        else:
            at += length
        if at > len(data):
            raise IndexError("the data end inside a value")
    return at


def _fragments_end(data: bytes, at: int, coding: Coding) -> int:
    """Where an encapsulated value ends, such as the pixel data of an icon."""
    while True:
        length, at = _item_at(data, at, coding)
        if length is None:
            return at
        at += length
        if at > len(data):
            raise IndexError("the data end inside a value")
