"""Which elements does a data set hold? A bounded walk over tags and lengths, before any value is converted.

pydicom reads a data set in one go: thousands of nested sequences exhaust its recursion, and a length that
lies costs memory. Here only the wanted elements are kept, as the raw elements that pydicom converts when they
are asked for, and everything else is stepped over.
"""

import io
import struct
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from medidense.io.dicom.elements import WANTED, Elements
from medidense.io.dicom.items import EXPLICIT, ITEM, LONG, PLAIN, UNDEFINED, Coding, element_at, value_end
from medidense.io.dicom.layouts import Key, Layouts, Place
from medidense.io.dicom.syntaxes import BIG_ENDIAN, IMPLICIT
from medidense.io.guard import Limits
from medidense.values import Refused

PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data: the walk ends there."""

KEPT = frozenset(WANTED)
ITEMS = ITEM >> 16
"""The group of items and their ends."""

PIECE = 1 << 15
"""Bytes read at a time: more than most headers have."""


@dataclass(frozen=True, slots=True)
class Walked:
    """The wanted elements of a data set, and (tag, offset of the value, length or -1, value
    representation or "") of its pixel data."""

    found: Elements
    pixels: Place | None
    count: int
    """Elements passed, wanted or not."""


def coding_of(syntax: str, opening: bytes) -> Coding:
    """How a data set that begins with `opening` is stored: the bytes decide where they contradict `syntax`.

    Some writers state one of implicit and explicit VR and write the other; two capital letters behind the
    first tag are a value representation, for no honest implicit length begins so.
    """
    kind = opening[4:6]
    lettered = len(kind) == 2 and kind.isalpha() and kind.isupper()
    implicit = not lettered if len(kind) == 2 else syntax == IMPLICIT
    return Coding(implicit, ">" if syntax == BIG_ENDIAN else "<")


class BeyondError(Exception):
    """The first piece of a file does not hold its header. For whoever used `Beyond`."""


class Beyond(BufferedIOBase):
    """The rest of a stream, not to be had: most headers end before they ask for it."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Raises BeyondError."""
        raise BeyondError


@dataclass(slots=True)
class Window:
    """A stretch of a stream that is held in memory: `data` from position `base`; `size` is the stream's."""

    stream: BufferedIOBase
    size: int
    data: bytes = b""
    base: int = 0

    @classmethod
    def of(cls, stream: BufferedIOBase) -> "Window":
        """The first piece of a stream."""
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        return cls(stream, size, stream.read(PIECE))

    def within(self, place: int, count: int) -> int:
        """Where in `data` the position `place` is, with `count` bytes behind it, or all there are."""
        at = place - self.base
        held = len(self.data)
        if at < 0 or (at + count > held and self.base + held < self.size):
            self.stream.seek(place)
            self.data, self.base, at = self.stream.read(max(count, PIECE)), place, 0
        return at

    def bytes_at(self, place: int, count: int) -> bytes:
        """`count` bytes from `place`, fewer at the end."""
        at = self.within(place, count)
        return self.data[at : at + count]


def walk(
    window: Window, start: int, coding: Coding, path: Path, limits: Limits, seen: Layouts | None = None
) -> Walked:
    """The elements from `start` of a stream up to its pixel data.

    It takes less time where one of the `seen` layouts, of files read within the same limits, fits.
    Raises Refused TRUNCATED where an element claims more than the file holds, CORRUPT for tags out of any
    form, NESTING for sequences deeper than `limits.nesting`, BOMB for an element beyond
    `limits.element_bytes`.
    """
    return _Walk(window, start, coding, (path, limits)).run_like(seen, PIXEL_TAGS, 0xFFFF)


def walk_meta(
    window: Window, start: int, path: Path, limits: Limits, seen: Layouts | None = None
) -> tuple[Elements, int]:
    """(the file meta information from `start`, where the data set behind it begins). As `walk`."""
    walking = _Walk(window, start, PLAIN, (path, limits))
    walked = walking.run_like(seen, frozenset(), 2)
    return walked.found, walking.place


class _Walk:
    """One pass over a stream."""

    def __init__(self, window: Window, start: int, coding: Coding, about: tuple[Path, Limits]) -> None:
        self._window, self._coding, (self._path, self._limits) = window, coding, about
        self.place = start

    def run_like(self, seen: Layouts | None, last: frozenset[int], group: int) -> Walked:
        """As `run`, or what that would find of elements laid out like earlier ones."""
        window, coding = self._window, self._coding
        if seen is None or window.base:
            return self.run(last, group)
        key = Key(window.size, self.place, coding)
        layout = seen.like(key)
        found = None if layout is None else layout.elements(window.data, coding)
        if layout is not None and found is not None:
            self.place = layout.end
            return Walked(found, layout.stop, layout.count)
        walked = self.run(last, group)
        if walked.pixels is not None and not window.base:
            seen.learn(key, window.data, walked.pixels, self._limits.nesting)
        return walked

    def run(self, last: frozenset[int], group: int) -> Walked:
        """Walk to a tag of `last`, to one beyond `group`, or to the end."""
        stored: dict[int, tuple[bytes, bytes]] = {}
        begins: dict[int, int] = {}
        window, size, coding, place = self._window, self._window.size, self._coding, self.place
        data, base, held = window.data, window.base, len(window.data)
        count, pixels, behind = 0, None, (group + 1) << 16
        head_at, explicit = EXPLICIT[coding.order].unpack_from, not coding.implicit
        while place < size:
            at = place - base
            if at + 12 > held:
                at = window.within(place, 12)
                data, base, held = window.data, window.base, len(window.data)
            try:
                # most elements are told from 8 bytes: a call of `element_at` for each takes twice as long
                first, second, kind, length = head_at(data, at)
                tag, head = first << 16 | second, 8
                if kind in LONG or first == ITEMS or not explicit:
                    tag, kind, length, head = element_at(data, at, coding)
            except struct.error:
                raise self._cut(f"{size - place} bytes at the end") from None
            if tag >= behind or tag in last:
                length = -1 if length == UNDEFINED else length
                pixels = (tag, place + head, length, kind.decode("latin-1"))
                break
            count += 1
            begin = place + head
            end = place = begin + length
            if kind == b"SQ" or length == UNDEFINED:
                end, place = self._nested(begin, kind, length)
                kind = b"SQ" if kind == b"UN" else kind  # PS3.5, 6.2.2 note 2; pydicom leaves long ones
            if place > size:
                raise self._cut(f"an element of {length} bytes with {max(size - begin, 0)} left")
            if tag in KEPT:
                if end - begin > self._limits.element_bytes:
                    raise self._bomb(end - begin)
                stored[tag], begins[tag] = (kind, window.bytes_at(begin, end - begin)), begin
        self.place = place
        return Walked(Elements(stored, begins, coding), pixels, count)

    def _nested(self, begin: int, kind: bytes, length: int) -> tuple[int, int]:
        """(end of the value, where the next element begins); every level of it is walked."""
        known, most = length != UNDEFINED, self._limits.element_bytes
        if known and begin + length > self._window.size:
            raise self._cut(f"a sequence of {length} bytes with {self._window.size - begin} left")
        reach = length if known else min(PIECE, most)
        while reach <= most:
            at = self._window.within(begin, reach)
            try:
                after = value_end(self._window.data, at, (kind, length), self._coding, self._limits.nesting)
            except (IndexError, struct.error):
                if known or begin + reach >= self._window.size:
                    raise self._cut("a sequence without its end") from None
                reach = min(4 * reach, most) if reach < most else most + 1
            except ValueError:
                raise self._odd() from None
            except RecursionError:
                raise self._deep() from None
            else:
                past = begin + length if known else begin + after - at
                return (past, past) if known else (past - 8, past)
        raise self._bomb(reach)

    def _cut(self, found: str) -> Refused:
        return Refused("TRUNCATED", self._path, found, "all of every element", "copy the file again")

    def _bomb(self, size: int) -> Refused:
        expected = f"at most {self._limits.element_bytes}"
        return Refused("BOMB", self._path, f"an element of {size} bytes or more", expected, "check the file")

    def _odd(self) -> Refused:
        step = "copy or export the file again"
        return Refused("CORRUPT", self._path, "a sequence of something other than items", "items", step)

    def _deep(self) -> Refused:
        step, most = "export the file again without the nested sequences", self._limits.nesting
        return Refused(
            "NESTING", self._path, f"more than {most} levels of sequences", f"at most {most}", step
        )
