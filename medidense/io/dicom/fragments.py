"""Which bytes of an encapsulated stream are which frame's? Listed once for all frames (PS3.5, A.4).

pydicom's `get_frame` looks for each frame from the start again, which takes the square of the frames' number.
"""

import struct
from collections.abc import Sequence
from io import BufferedIOBase

from medidense.io.dicom.items import ITEM, SEQUENCE_END

HEAD = struct.Struct("<HHI")
"""An item's tag, in two parts, and its length: what is compressed is little endian."""

END_OF_IMAGE = b"\xff\xd9"
"""Last marker of a JPEG, JPEG-LS or JPEG 2000 codestream (T.81, B.2.1; T.87; T.800, A.4.4)."""

NEAR_THE_END = 10
"""Bytes in which the marker is looked for: it may be followed by padding."""

Piece = tuple[int, int]
"""Where the value of a fragment begins in the stream, and its bytes."""


class Fragments:
    """The frames of one encapsulated stream.

    By the basic offset table where there is one. Without it a fragment is a frame where there are as many of
    both (so it is too where an extended offset table stands in the header: PS3.3, C.7.6.3.1.8); else a frame
    ends with the fragment that ends a codestream.
    """

    def __init__(self, stream: BufferedIOBase, start: int, frames: int) -> None:
        """`start` is where the item of the basic offset table begins, `frames` the number that is declared.

        Raises ValueError where the frames cannot be told apart, EOFError where the table is cut.
        """
        self._stream = stream
        stream.seek(start)
        length = _next_item(stream)
        if length is None or length % 4:
            raise ValueError("no offset table")
        table = stream.read(length)
        if len(table) < length:
            raise EOFError("the offset table ends early")
        self._begin = start + HEAD.size + length
        self._offsets: Sequence[int] = struct.unpack(f"<{length // 4}I", table)
        self._frames: list[list[Piece]] = [] if self._offsets else self._listed(frames)

    def code(self, number: int) -> bytes:
        """The codestream of a frame, counted from 0. Raises IndexError for one that is not there."""
        pieces = self._by_table(number) if self._offsets else self._frames[number]
        return b"".join(self._bytes_at(*piece) for piece in pieces)

    def _bytes_at(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(length)

    def _by_table(self, number: int) -> list[Piece]:
        """The fragments between two offsets."""
        begin = self._begin + self._offsets[number]
        last = number + 1 == len(self._offsets)
        return _pieces(self._stream, begin, -1 if last else self._begin + self._offsets[number + 1])

    def _listed(self, frames: int) -> list[list[Piece]]:
        """The fragments of every frame, without an offset table."""
        pieces = _pieces(self._stream, self._begin, -1)
        if frames == 1:
            return [pieces]
        if len(pieces) == frames:
            return [[piece] for piece in pieces]
        found: list[list[Piece]] = [[]]
        tail = b""
        for offset, length in pieces:
            found[-1].append((offset, length))
            near = min(length, NEAR_THE_END)
            tail = (tail + self._bytes_at(offset + length - near, near))[-NEAR_THE_END:]
            if END_OF_IMAGE in tail:
                found.append([])
                tail = b""
        if any(length for _, length in found.pop()) or len(found) != frames:
            raise ValueError(f"{len(pieces)} fragments of {frames} frames")
        return found


def _pieces(stream: BufferedIOBase, begin: int, end: int) -> list[Piece]:
    """The fragments from `begin` to `end`, to the end of the sequence where that is -1, or to that of the
    file."""
    stream.seek(begin)
    pieces: list[Piece] = []
    while end < 0 or stream.tell() < end:
        length = _next_item(stream)
        if length is None:
            break
        pieces.append((stream.tell(), length))
        stream.seek(length, 1)
    return pieces


def _next_item(stream: BufferedIOBase) -> int | None:
    """The length of the item here, None at the end of the sequence or of the file. ValueError for no item."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    group, element, length = HEAD.unpack(head)
    tag = group << 16 | element
    if tag == SEQUENCE_END:
        return None
    if tag != ITEM:
        raise ValueError("no item")
    return int(length)
