"""Which stacks does a series hold, and which one was asked for?

Files of one SeriesInstanceUID need not be one volume: a scout under the same UID, two orientations, echoes,
times and diffusion weightings of the same slices. They are taken apart by what the headers say, and nobody
chooses among them but the user.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.io.dicom.attributes import BEYOND_REPAIR, MARKS, Mark
from medidense.io.dicom.headers import Frame
from medidense.values import Refused

Key = TypeVar("Key", str, tuple[str, ...])

SAME_PLACE_MM = 0.01
SAME_DIRECTION = 1e-3
"""Largest difference of a direction cosine between slices of one orientation."""

TOGETHER = 3
"""Most marks that are needed together to tell stacks apart."""

SHOWN = 6
"""Values of an attribute that a sentence names."""

PLANES = ("sagittal", "coronal", "axial")
NO_SCOUT = "no LOCALIZER"
"""The ImageType of all images that lie beside a scout."""

OBLIQUE = 0.9
"""A normal whose largest cosine is below this runs along no axis of the body."""

PICKABLE = (*MARKS, "Orientation", "Size")
"""What `--pick` may name: the attributes of `MARKS`, the plane of the slices, and rows x columns."""


@dataclass(frozen=True, slots=True)
class Group:
    """Frames of a series that may form one stack; `marks` is what sets them apart from its other ones."""

    frames: tuple[Frame, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def words(self) -> str:
        """The marks as `--pick` takes them, "" where the series is one group."""
        return " ".join(f"{name}={value}" for name, value in self.marks)


def split(frames: Sequence[Frame]) -> tuple[Group, ...]:
    """The groups of a series, in the order of their first frames.

    By rows x columns, then by scout or not, by orientation, and, only where a position occurs more than
    once, by the fewest of `MARKS` that leave every position once in each group: a number that merely counts
    the slices (ContentTime) splits nothing.
    """
    groups = [Group(tuple(frames))]
    for name, parts_of in (("Size", _by_size), ("ImageType", _by_scout), ("Orientation", _by_direction)):
        groups = [part for group in groups for part in _parts(group, name, parts_of(group.frames))]
    return tuple(part for group in groups for part in _by_copies(group))


def picked(frames: Sequence[Frame], pick: Mapping[str, str], where: object) -> tuple[Frame, ...]:
    """The frames that have every picked value; numbers are compared as numbers.

    Raises UsageError for a key that cannot be picked, Refused CONFLICT where no frame has the value.
    """
    kept = tuple(frames)
    for key, wanted in pick.items():
        if key not in PICKABLE:
            step = f"pick by {', '.join(PICKABLE)}"
            raise UsageError(f"--pick {key}", "no attribute that tells stacks apart", wanted, step)
        there = [value_of(frame, key) for frame in kept]
        kept = tuple(frame for frame in kept if _has(frame, key, wanted))
        if not kept:
            values = _listed(value or "none" for value in there)
            raise Refused("CONFLICT", where, f"{key} {values}", f"{key} {wanted}", "pick one that is there")
    return kept


def the_one(groups: Sequence[Group], where: object) -> Group:
    """The only group. Raises Refused MIXED_SIZE, SEVERAL_SERIES or REPEATED_POSITION where there are more."""
    if len(groups) == 1:
        return groups[0]
    names = list(dict.fromkeys(name for group in groups for name, _ in group.marks))
    choices = ", ".join(group.words for group in groups[:SHOWN]) + (" ..." if len(groups) > SHOWN else "")
    step = f"choose one with --pick {shlex.quote('='.join(groups[0].marks[0]))}"
    if names[0] == "Size":
        raise Refused("MIXED_SIZE", where, choices, "one size and depth", step)
    scout = names[0] == "ImageType" and any(is_scout(group.frames[0]) for group in groups)
    if scout or "Orientation" in names:
        raise Refused("SEVERAL_SERIES", where, f"{len(groups)} stacks: {choices}", "one stack", step)
    count = sum(len(group.frames) for group in groups)
    places = max(len(group.frames) for group in groups)
    said = f"{count} images at {places} positions (they differ in {', '.join(names)}: {choices})"
    raise Refused("REPEATED_POSITION", where, said, "one image a position", step)


def value_of(frame: Frame, key: str) -> str:
    """What one of `PICKABLE` is for a frame, "" where it is not stated."""
    if key == "Orientation":
        return plane_word(frame)
    return size_of(frame) if key == "Size" else dict(frame.marks).get(key, "")


def size_of(frame: Frame) -> str:
    """What must be equal for slices to fit into one array, in words."""
    pixels = frame.pixels
    deep = f"x{pixels.samples}" if pixels.samples > 1 else ""
    return f"{pixels.rows}x{pixels.columns}{deep}x{pixels.bits_allocated}bit"


def plane_word(frame: Frame) -> str:
    """``axial``, ``coronal``, ``sagittal``, ``oblique``, or "" without an orientation."""
    cosines = frame.plane.orientation
    if cosines is None:
        return ""
    normal = np.abs(np.cross(cosines[:3], cosines[3:]))
    axis = int(np.argmax(normal))
    return PLANES[axis] if normal[axis] >= OBLIQUE * np.linalg.norm(normal) else "oblique"


def is_scout(frame: Frame) -> bool:
    """Whether ImageType says that this is a scout."""
    return "LOCALIZER" in dict(frame.marks).get("ImageType", "").split("\\")


def places_of(frames: Sequence[Frame]) -> NDArray[np.intp]:
    """A number for each frame, equal where positions are; a frame without a position has its own."""
    numbers = np.arange(len(frames))
    stated = [n for n, frame in enumerate(frames) if frame.plane.position is not None]
    if not stated:
        return numbers
    positions = np.array([frames[n].plane.position for n in stated], dtype=np.float64)
    along = positions[:, int(np.argmax(np.ptp(positions, axis=0)))]
    run: list[int] = []  # one frame of every place that may be the next one's
    for at in np.argsort(along, kind="stable").tolist():
        run = [one for one in run if along[at] - along[one] < SAME_PLACE_MM]
        for one in run:
            if np.abs(positions[at] - positions[one]).max() < SAME_PLACE_MM:
                numbers[stated[at]] = numbers[stated[one]]
                break
        else:
            run.append(at)
    return numbers


def _by(frames: Sequence[Frame], value: Callable[[Frame], Key]) -> list[tuple[Key, tuple[Frame, ...]]]:
    """(value, frames that have it), in the order of first sight."""
    found: dict[Key, list[Frame]] = {}
    for frame in frames:
        found.setdefault(value(frame), []).append(frame)
    return [(key, tuple(part)) for key, part in found.items()]


def _parts(group: Group, name: str, parts: list[tuple[str, tuple[Frame, ...]]]) -> list[Group]:
    """Groups with one more mark, where there are several."""
    if len(parts) == 1:
        return [group]
    return [Group(frames, (*group.marks, (name, value))) for value, frames in parts]


def _by_size(frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Frames of one size each."""
    return _by(frames, size_of)


def _by_scout(frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Scouts by their ImageType apart from all others, which it does not split."""
    return _by(frames, lambda frame: value_of(frame, "ImageType") if is_scout(frame) else NO_SCOUT)


def _by_direction(frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Frames of one orientation each; those that state none, or none that can be, go with the first."""
    found: list[tuple[NDArray[np.float64], list[Frame]]] = []
    without = []
    for frame in frames:
        if frame.plane.orientation is None or frame.plane.skew > BEYOND_REPAIR:
            without.append(frame)
            continue
        cosines = np.array(frame.plane.orientation)
        for first, part in found:
            if np.abs(cosines - first).max() <= SAME_DIRECTION:
                part.append(frame)
                break
        else:
            found.append((cosines, [frame]))
    if not found:
        return [("", tuple(without))]
    found[0][1].extend(without)
    named = [(plane_word(part[0]), tuple(part)) for _, part in found]
    words = Counter(word for word, _ in named)
    return [(word if words[word] == 1 else _cosines(part[0]), part) for word, part in named]


def _cosines(frame: Frame) -> str:
    """An orientation as its six numbers, where a word does not tell it from another."""
    return "\\".join(f"{cosine:.3g}" for cosine in frame.plane.orientation or ())


def _by_copies(group: Group) -> Iterator[Group]:
    """What marks make of a group where positions repeat; itself where none does, or no mark helps."""
    places = places_of(group.frames)
    most = max(Counter(places.tolist()).values())
    for keys in _choices(_differing(group.frames, places)) if most > 1 else ():
        parts = _by(group.frames, partial(_values, keys))
        if len(parts) == most and all(_once(part) for _, part in parts):
            for values, part in parts:
                yield Group(part, (*group.marks, *zip(keys, values, strict=True)))
            return
    yield group


def _choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One of the names, then two, up to `TOGETHER` of them."""
    for count in range(1, min(len(names), TOGETHER) + 1):
        yield from combinations(names, count)


def _values(keys: tuple[str, ...], frame: Frame) -> tuple[str, ...]:
    """What a frame has of several of `PICKABLE`."""
    return tuple(value_of(frame, key) for key in keys)


def _differing(frames: Sequence[Frame], places: NDArray[np.intp]) -> list[str]:
    """The marks that differ between two frames of one place, in the order of `MARKS`."""
    first: dict[int, Frame] = {}
    names = set()
    for frame, place in zip(frames, places.tolist(), strict=True):
        twin = first.setdefault(place, frame)
        names |= {name for name in MARKS if value_of(twin, name) != value_of(frame, name)}
    return [name for name in MARKS if name in names]


def _once(frames: Sequence[Frame]) -> bool:
    """Whether every position occurs once."""
    return len(set(places_of(frames).tolist())) == len(frames)


def _has(frame: Frame, key: str, wanted: str) -> bool:
    """Whether a frame has a value, also one that only `split` gives: six cosines, or that it is no scout."""
    if key == "Orientation" and "\\" in wanted:
        return _cosines(frame) == wanted.strip()
    if key == "ImageType" and wanted.strip() == NO_SCOUT:
        return not is_scout(frame)
    return alike(value_of(frame, key), wanted)


def alike(value: str, wanted: str) -> bool:
    """Whether a stated value is the wanted one, as text or as a number."""
    if value.casefold() == wanted.strip().casefold():
        return True
    try:
        return float(value) == float(wanted)
    except ValueError:
        return False


def _listed(values: Iterable[str]) -> str:
    """The different values, the first of many."""
    different = list(dict.fromkeys(values))
    return ", ".join(different[:SHOWN]) + (" ..." if len(different) > SHOWN else "")
