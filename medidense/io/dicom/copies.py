"""How are images that share their positions told apart, so that each part has every position once?

By the fewest attributes that do it; else, within each kind of image, by their order in time at each position
(a `Phase`), where that order leaves no doubt.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.attributes import CLOCKS, KINDS, MARKS, Mark
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.phases import phases_of

Codes = NDArray[np.intp]
"""A number for each image, equal where images are alike."""

NEAR = {"EchoTime": 0.01, "InversionTime": 0.01}
"""Attribute -> the share by which values may differ and still be one: scanners state them as played out."""

DIGITS = 8
"""Characters of a number that is named to the user as it is stated."""

TOGETHER = 3
"""Most marks that are needed together to tell stacks apart."""

NONE = "none"
"""The value of an attribute that is not stated."""

PHASE = "Phase"
"""What the place in the order in time is called, from 1."""

APART = frozenset({"SeriesNumber", "AcquisitionNumber", "StackID", "ConvolutionKernel", "SliceThickness"})
"""Attributes whose stacks may cover different stretches of the body; all others are acquired together."""


@dataclass(frozen=True, slots=True)
class Part:
    """Images that have every position once; `missing` counts the positions at an end that only others have.

    `ordered_by` is the attribute that a `Phase` among the marks counts by, "" without one.
    """

    frames: tuple[Frame, ...]
    marks: tuple[Mark, ...]
    ordered_by: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True)
class _Column:
    """One attribute of all images; a label for each code."""

    codes: Codes
    labels: tuple[str, ...]


def told_apart(frames: Sequence[Frame], places: Codes, along: NDArray[np.float64]) -> tuple[Part, ...]:
    """The parts, in the order of their first images; () where nothing tells the images apart.

    `places` numbers the position of each image, `along` says where on the way through the stack it lies.
    """
    exact, near = _columns(frames, places), _columns(frames, places, NEAR)
    kinds = _joined([near[name].codes for name in KINDS if name in near], len(frames))
    found: list[tuple[Codes, tuple[Mark, ...], str]] = []
    for columns in (exact, near):
        if keys := _fewest(columns, places, kinds):
            part = _joined([columns[key].codes for key in keys], len(frames))
            found = [(at, _marks(columns, keys, at[0]), "") for at in _members(part)]
            break
    else:
        found = list(_by_phase(frames, places, kinds, near))
    missing = _missing([at for at, _, _ in found], [marks for _, marks, _ in found], places, along)
    parts = [
        Part(tuple(frames[n] for n in at), marks, ordered_by, lost)
        for (at, marks, ordered_by), lost in zip(found, missing, strict=True)
    ]
    return tuple(parts)


def number_of(text: str) -> float | None:
    """A finite number that a text says, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _columns(
    frames: Sequence[Frame], places: Codes, near: dict[str, float] | None = None
) -> dict[str, _Column]:
    """Those of `MARKS` that differ between two images of one place."""
    marks = [dict(frame.marks) for frame in frames]
    found = {}
    for name in MARKS:
        texts = [mine.get(name, "") for mine in marks]
        if len(set(texts)) > 1:
            column = _column(texts, (near or {}).get(name, 0.0))
            column = _short(column) if name in NEAR else column
            if _count(column.codes, places) > _count(places):
                found[name] = column
    return found


def _column(texts: Sequence[str], share: float) -> _Column:
    """Texts are alike as text or as numbers; numbers also where the next is within `share` of the last."""
    numbers = {text: number_of(text) for text in set(texts)}
    run: dict[float, float] = {}
    before: float | None = None
    for number in sorted({number for number in numbers.values() if number is not None}):
        close = before is not None and abs(number - before) <= share * max(abs(number), abs(before))
        run[number] = run[before] if close and before is not None else number
        before = number
    keys = [text.casefold() if (said := numbers[text]) is None else run[said] for text in texts]
    order = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    stated: list[list[str]] = [[] for _ in order]
    for key, text in zip(keys, texts, strict=True):
        stated[order[key]].append(text)
    labels = tuple(_middle(mine) or NONE for mine in stated)
    return _Column(np.array([order[key] for key in keys], dtype=np.intp), labels)


def _short(column: _Column) -> _Column:
    """Long numbers in six digits, without the noise of 32 bits (4.599999904632568), where they still differ.

    A value of `NEAR` is picked by about what it is, so nothing is lost.
    """
    labels = tuple(
        f"{number:.6g}" if len(label) > DIGITS and (number := number_of(label)) is not None else label
        for label in column.labels
    )
    return _Column(column.codes, labels) if len(set(labels)) == len(labels) else column


def _middle(texts: Sequence[str]) -> str:
    """The lower median of texts that are numbers, in whatever order they come."""
    return sorted(texts, key=lambda text: (number_of(text) or 0.0, text))[(len(texts) - 1) // 2]


def _fewest(columns: dict[str, _Column], places: Codes, kinds: Codes) -> tuple[str, ...]:
    """The fewest attributes that leave every place once in each part and mix no kinds; () where none do.

    Times of a clock come last: they say least to whoever must choose.
    """
    most = int(np.bincount(places).max())
    few = [name for name, column in columns.items() if len(column.labels) <= most]
    plain = [name for name in few if name not in CLOCKS]
    for keys in (*_choices(plain), *(keys for keys in _choices(few) if not set(keys) <= set(plain))):
        if np.prod([len(columns[key].labels) for key in keys]) < most:
            continue
        codes = _joined([columns[key].codes for key in keys], len(places))
        if _count(codes) == most == _count(codes, kinds) and _count(codes, places) == len(places):
            return keys
    return ()


def _choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One of the names, then two, up to `TOGETHER` of them."""
    for count in range(1, min(len(names), TOGETHER) + 1):
        yield from combinations(names, count)


def _by_phase(
    frames: Sequence[Frame], places: Codes, kinds: Codes, columns: dict[str, _Column]
) -> Iterator[tuple[Codes, tuple[Mark, ...], str]]:
    """(images, marks, attribute that orders them) of each phase of each kind.

    A kind whose order is in doubt stays in one piece, to be refused; nothing comes where no kind can be told,
    or where kinds do not run through the stack, so that an attribute seems to differ by accident.
    """
    parts = _members(kinds)
    through = [2 * _count(places[at]) > _count(places) for at in parts]
    keys = _naming(columns, kinds)
    ordered = [phases_of([frames[n] for n in at], places[at]) for at in parts]
    if 2 * sum(through) < len(parts) or not any(one is not None for one in ordered):
        return
    for at, order in zip(parts, ordered, strict=True):
        marks = _marks(columns, keys, at[0])
        if order is None or order.count == 1:
            yield at, marks, ""
            continue
        for phase in range(order.count):
            yield at[order.ranks == phase], (*marks, (PHASE, str(phase + 1))), order.attribute


def _naming(columns: dict[str, _Column], kinds: Codes) -> tuple[str, ...]:
    """The fewest attributes that tell the kinds apart, else all of them."""
    names = [name for name in KINDS if name in columns]
    for keys in _choices(names):
        if _count(_joined([columns[key].codes for key in keys], len(kinds))) == _count(kinds):
            return keys
    return tuple(names)


def _missing(
    parts: Sequence[Codes], marks: Sequence[tuple[Mark, ...]], places: Codes, along: NDArray[np.float64]
) -> list[int]:
    """How many positions beyond an end of each part others have, so that it was cut.

    All parts acquired together have the positions of any; of those in `APART`, of more than half.
    """
    if not parts:
        return []
    loose = any(name in APART for mine in marks for name, _ in mine)
    found = Counter(place for at in parts for place in set(places[at].tolist()))
    needed = len(parts) // 2 + 1 if loose else 1
    first = {place: n for n, place in reversed(list(enumerate(places.tolist())))}
    expected = sorted((p for p, count in found.items() if count >= needed), key=lambda p: along[first[p]])
    lost = []
    for at in parts:
        mine = set(places[at].tolist())
        there = [n for n, place in enumerate(expected) if place in mine]
        whole = bool(there) and there[-1] - there[0] + 1 == len(there)  # holes are found by the steps
        lost.append(len(expected) - len(there) if whole else 0)
    return lost


def _marks(columns: dict[str, _Column], keys: Sequence[str], n: int) -> tuple[Mark, ...]:
    """What image `n` has of these attributes."""
    return tuple((key, columns[key].labels[columns[key].codes[n]]) for key in keys)


def _members(codes: Codes) -> list[Codes]:
    """The images of each code, in the order of first sight."""
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return sorted(parts, key=lambda part: int(part[0]))


def _joined(columns: Sequence[Codes], count: int) -> Codes:
    """One number for each different combination of codes; 0 for all `count` images without a column."""
    codes = np.zeros(count, dtype=np.intp)
    for one in columns:
        codes = np.unique(codes * (int(one.max()) + 1) + one, return_inverse=True)[1]
    return codes


def _count(*columns: Codes) -> int:
    """The number of different combinations of codes."""
    return int(_joined(columns, len(columns[0])).max()) + 1
