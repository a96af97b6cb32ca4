"""How does a frame travel between processes and into the index of a tree? As lists that JSON can say."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from medidense.io.dicom.attributes import Identity, Pixels, Plane
from medidense.io.dicom.columns import narrowed, widened
from medidense.io.dicom.headers import Broken, Frame, NoImage, Scanned
from medidense.values import Refusal

T = TypeVar("T")

IMAGE, BROKEN, NO_IMAGE = "image", "broken", "no image"
"""What a scanned DICOM file is."""


def pack(scanned: Scanned) -> tuple[str, str, list[Any]]:
    """(kind, SeriesInstanceUID, facts) of one file; `facts` hold no path."""
    if isinstance(scanned, tuple):
        return IMAGE, scanned[0].identity.series_uid, _packed_frames(scanned)
    refusal = list(_fields(scanned.refusal))
    if isinstance(scanned, Broken):
        return BROKEN, scanned.series_uid, refusal
    return NO_IMAGE, "", refusal


class Repeated:
    """Facts that came before. Those of a series are mostly equal, and then one value stands for all."""

    def __init__(self) -> None:
        self._last: dict[Any, tuple[list[Any], Any]] = {}

    def of(self, kind: Callable[..., T], told: list[Any]) -> T:
        """`kind` of these fields, the last one where the fields are its own."""
        last = self._last.get(kind)
        if last is None or last[0] != told:
            last = self._last[kind] = told, kind(*told)
        made: T = last[1]
        return made


def unpack(
    path: Path, kind: str, series_uid: str, facts: list[Any], repeated: Repeated | None = None
) -> Scanned:
    """The scanned file that `pack` was given; `repeated` holds what its series has said so far."""
    if kind == IMAGE:
        return _frames(path, facts, repeated or Repeated())
    refusal = Refusal(*facts)
    return Broken(path, series_uid, refusal) if kind == BROKEN else NoImage(path, refusal)


def _packed_frames(frames: tuple[Frame, ...]) -> list[Any]:
    """What all frames of a file share, then what each has of its own."""
    first = frames[0]
    shared = [first.syntax, first.trailing, _fields(first.identity)]
    own = [[frame.number, _fields(frame.plane), _fields(frame.pixels), frame.marks] for frame in frames]
    return [shared, narrowed(own)]


def _frames(path: Path, facts: list[Any], repeated: Repeated) -> tuple[Frame, ...]:
    """Frames of the lists that `_packed_frames` made."""
    (syntax, trailing, identity_fields), own = facts
    identity = Identity(*identity_fields)
    return tuple(
        Frame(
            path=path,
            syntax=syntax,
            identity=identity,
            plane=_plane(plane),
            pixels=repeated.of(Pixels, pixels),
            marks=tuple([(name, value) for name, value in marks]),
            number=number,
            trailing=trailing,
        )
        for number, plane, pixels, marks in widened(own)
    )


def _plane(told: list[Any]) -> Plane:
    """A plane whose lists are tuples again."""
    known: list[Any] = [tuple(one) if isinstance(one, list) else one for one in told]
    return Plane(*known)


_GETTERS = MappingProxyType(
    {kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Identity, Plane, Pixels, Refusal)}
)
"""Class -> what takes all its fields at once: a tree has many frames."""


def _fields(value: Identity | Plane | Pixels | Refusal) -> tuple[Any, ...]:
    """The fields of a dataclass in their order."""
    found: tuple[Any, ...] = _GETTERS[type(value)](value)
    return found
