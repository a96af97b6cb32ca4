"""Which stacks does a series hold, and which one was asked for?

Files of one SeriesInstanceUID need not be one volume: a scout under the same UID, two orientations, echoes,
times and diffusion weightings of the same slices. They are taken apart by what the headers say, and nobody
chooses among them but the user.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from medidense.errors import UsageError
from medidense.io.dicom.attributes import BEYOND_REPAIR, COUNTERS, MARKS, Mark
from medidense.io.dicom.copies import NEAR, NONE, PHASE, number_of, told_apart
from medidense.io.dicom.headers import Frame
from medidense.values import Refused

Key = TypeVar("Key", str, tuple[str, ...])

SAME_PLACE_MM = 0.01
SAME_DIRECTION = 1e-3
"""Largest difference of a direction cosine between slices of one orientation."""

SHOWN = 6
"""Values of an attribute that a sentence names."""

PLANES = ("sagittal", "coronal", "axial")
NO_SCOUT = "no LOCALIZER"
"""The ImageType of all images that lie beside a scout."""

OBLIQUE = 0.9
"""A normal whose largest cosine is below this runs along no axis of the body."""

PICKABLE = (*MARKS, *COUNTERS, "Orientation", "Size", PHASE)
"""What `--pick` may name: attributes, the plane of the slices, rows x columns, and the place in time."""


@dataclass(frozen=True, slots=True)
class Group:
    """Frames of a series that may form one stack; `marks` is what sets them apart from its other ones.

    `ordered_by` is the attribute that a `Phase` among them counts by; `missing` says how many positions at an
    end of the stack only the others have.
    """

    frames: tuple[Frame, ...]
    marks: tuple[Mark, ...] = ()
    ordered_by: str = ""
    missing: int = 0

    @property
    def words(self) -> str:
        """The marks as `--pick` takes them, "" where the series is one group."""
        return " ".join(f"{name}={value}" for name, value in self.marks)


def split(frames: Sequence[Frame]) -> tuple[Group, ...]:
    """The groups of a series, in the order of their first frames.

    By rows x columns, then screen shots and scouts apart, by orientation, and, only where a position occurs
    more than once, as `told_apart` says: a number that merely counts the slices splits nothing.
    """
    groups = [Group(tuple(frames))]
    for name, parts_of in SPLITS:
        groups = [part for group in groups for part in _parts(group, name, parts_of(group.frames))]
    return tuple(part for group in groups for part in _by_copies(group))


def chosen(frames: Sequence[Frame], pick: Mapping[str, str], where: object) -> tuple[Group, ...]:
    """The groups of a series that have every picked value; numbers are compared as numbers.

    The series is split first, so that a stack is the same whether it is listed or picked. Where a group holds
    other values too, only its frames that have the value stay, and are split anew.
    Raises UsageError for a key that cannot be picked, Refused NOT_PICKED where nothing has the value.
    """
    for key, wanted in pick.items():
        if key not in PICKABLE:
            step = f"pick by {', '.join(PICKABLE)}"
            raise UsageError(f"--pick {key}", "no attribute that tells stacks apart", wanted, step)
    groups = split(frames)
    for key, wanted in pick.items():
        kept = [part for group in groups for part in _with(group, key, wanted, _has)]
        if not kept and key in NEAR:
            kept = [part for group in groups for part in _with(group, key, wanted, _near)]
        if not kept:
            there = [dict(group.marks).get(key) for group in groups] if key == PHASE else []
            there = there or [value_of(frame, key) for group in groups for frame in group.frames]
            values = _listed(value or NONE for value in there)
            raise Refused("NOT_PICKED", where, f"{key} {values}", f"{key} {wanted}", "pick one that is there")
        groups = tuple(kept)
    return groups


def _with(group: Group, key: str, wanted: str, has: Callable[[Frame, str, str], bool]) -> Iterator[Group]:
    """The group if it has the value, what `split` makes of those of its frames that have it, or nothing."""
    mark = dict(group.marks).get(key)
    having = tuple(frame for frame in group.frames if has(frame, key, wanted))
    told = mark is not None and mark != NO_SCOUT
    if (mark is not None and alike(mark, wanted)) or (told and having) or len(having) == len(group.frames):
        yield group
    elif having and not told:
        for part in split(having):
            yield replace(part, marks=(*group.marks, *part.marks))


def the_one(groups: Sequence[Group], where: object) -> Group:
    """The only group. Raises Refused MIXED_SIZE, SEVERAL_SERIES or REPEATED_POSITION where there are more."""
    if len(groups) == 1:
        return groups[0]
    names = list(dict.fromkeys(name for group in groups for name, _ in group.marks))
    names = [name for name in names if len({dict(group.marks).get(name) for group in groups}) > 1] or names
    choices = ", ".join(group.words for group in groups[:SHOWN]) + (" ..." if len(groups) > SHOWN else "")
    mark = next((one for one in groups[0].marks if one[0] == names[0]), groups[0].marks[0])
    step = f"choose one with --pick {shlex.quote('='.join(mark))}"
    if names[0] == "Size":
        raise Refused("MIXED_SIZE", where, choices, "one size and depth", step)
    scout = names[0] == "ImageType" and any(is_scout(group.frames[0]) for group in groups)
    if scout or "Orientation" in names or any(is_capture(group.frames[0]) for group in groups):
        raise Refused("SEVERAL_SERIES", where, f"{len(groups)} stacks: {choices}", "one stack", step)
    count = sum(len(group.frames) for group in groups)
    places = max(len(group.frames) for group in groups)
    counted = {group.ordered_by for group in groups if group.ordered_by}
    differ = ", ".join(f"{name} by {', '.join(sorted(counted))}" if name == PHASE else name for name in names)
    said = f"{count} images at {places} positions (they differ in {differ}: {choices})"
    raise Refused("REPEATED_POSITION", where, said, "one image a position", step)


def value_of(frame: Frame, key: str) -> str:
    """What one of `PICKABLE` is for a frame, "" where it is not stated."""
    if key == "Orientation":
        return plane_word(frame)
    return size_of(frame) if key == "Size" else _mark(frame, key)


def _mark(frame: Frame, key: str) -> str:
    """A mark of a frame, "" where it has none; quicker than a dict of its few marks."""
    for name, value in frame.marks:
        if name == key:
            return value
    return ""


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
    return "LOCALIZER" in _mark(frame, "ImageType").split("\\")


def is_capture(frame: Frame) -> bool:
    """Whether the image was captured from a screen or a film: it lies nowhere in the patient."""
    return _mark(frame, "SOPClassUID") != ""


def places_of(frames: Sequence[Frame]) -> NDArray[np.intp]:
    """A number for each frame, equal where positions are; a frame without a position has its own."""
    numbers = np.arange(len(frames))
    stated = [n for n, frame in enumerate(frames) if frame.plane.position is not None]
    if not stated:
        return numbers
    positions = np.array([frames[n].plane.position for n in stated], dtype=np.float64)
    along = positions[:, int(np.argmax(np.ptp(positions, axis=0)))]
    order = np.argsort(along, kind="stable")
    if (np.diff(along[order]) >= SAME_PLACE_MM).all():  # as in most series
        return numbers
    run: list[int] = []  # one frame of every place that may be the next one's
    for at in order.tolist():
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


def _by_capture(frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Screen shots apart from images."""
    return _by(frames, lambda frame: value_of(frame, "SOPClassUID") or NONE)


def _by_direction(frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Frames of one orientation each; those that state none, or none that can be, go with the first."""
    found: list[tuple[NDArray[np.float64], list[Frame]]] = []
    without: list[Frame] = []
    last: tuple[object, list[Frame]] = None, without
    for frame in frames:
        if frame.plane.orientation == last[0]:  # as in most series: compared as numbers, not as arrays
            last[1].append(frame)
            continue
        if frame.plane.orientation is None or frame.plane.skew > BEYOND_REPAIR:
            without.append(frame)
            continue
        cosines = np.array(frame.plane.orientation)
        for first, part in found:
            if np.abs(cosines - first).max() <= SAME_DIRECTION:
                part.append(frame)
                break
        else:
            part = [frame]
            found.append((cosines, part))
        last = frame.plane.orientation, part
    if not found:
        return [("", tuple(without))]
    found[0][1].extend(without)
    if len(found) == 1:
        return [("", tuple(found[0][1]))]
    named = [(plane_word(part[0]), tuple(part)) for _, part in found]
    words = Counter(word for word, _ in named)
    return [(word if words[word] == 1 else _cosines(part[0]), part) for word, part in named]


def _cosines(frame: Frame) -> str:
    """An orientation as its six numbers, where a word does not tell it from another."""
    return "\\".join(f"{cosine:.3g}" for cosine in frame.plane.orientation or ())


SPLITS = (
    ("Size", _by_size),
    ("SOPClassUID", _by_capture),
    ("ImageType", _by_scout),
    ("Orientation", _by_direction),
)
"""(what a part is known by, what makes the parts), the first to be done first."""


def _by_copies(group: Group) -> Iterator[Group]:
    """The parts of a group where positions repeat; itself where none does, or nothing tells them apart."""
    places = places_of(group.frames)
    if max(Counter(places.tolist()).values()) == 1:
        yield group
        return
    parts = told_apart(group.frames, places, _along(group.frames))
    if not parts:
        yield group
    for part in parts:
        yield Group(part.frames, (*group.marks, *part.marks), part.ordered_by, part.missing)


def _along(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """How far (n,) along their normal the frames lie, in mm; 0 for all where one says too little."""
    cosines, positions = frames[0].plane.orientation, [frame.plane.position for frame in frames]
    if cosines is None or None in positions:
        return np.zeros(len(frames))
    along: NDArray[np.float64] = np.array(positions) @ np.cross(cosines[:3], cosines[3:])
    return along


def _has(frame: Frame, key: str, wanted: str) -> bool:
    """Whether a frame has a value, also one that only `split` gives: six cosines, or that it is no scout."""
    if key == "Orientation" and "\\" in wanted:
        return _cosines(frame) == wanted.strip()
    if key == "ImageType" and wanted.strip() == NO_SCOUT:
        return not is_scout(frame)
    return alike(value_of(frame, key), wanted)


def _near(frame: Frame, key: str, wanted: str) -> bool:
    """Whether a number is as close to the wanted one as those of one stack may be."""
    value, number = number_of(value_of(frame, key)), number_of(wanted)
    return value is not None and number is not None and abs(value - number) <= NEAR[key] * abs(number)


def alike(value: str, wanted: str) -> bool:
    """Whether a stated value is the wanted one, as text or as a number; "none" is what is not stated."""
    if (value or NONE).casefold() == (wanted.strip() or NONE).casefold():
        return True
    try:
        return float(value) == float(wanted)
    except ValueError:
        return False


def _listed(values: Iterable[str]) -> str:
    """The different values, the first of many."""
    different = list(dict.fromkeys(values))
    return ", ".join(different[:SHOWN]) + (" ..." if len(different) > SHOWN else "")
