"""In which order in time were images of one kind taken, at every position?

The n-th image of a position belongs with the n-th of all others. That is said only where it cannot be wrong:
every position has as many images, one attribute puts them in order at each, and attributes that merely count
or say when an image was made also have to run in blocks and to agree with one another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.headers import Frame

Ranks = NDArray[np.intp]
Floats = NDArray[np.float64]

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Order:
    """`ranks` (n,) from 0 to `count` - 1: which image of its position each is, by `attribute`."""

    ranks: Ranks
    count: int
    attribute: str


def phases_of(frames: Sequence[Frame], places: NDArray[np.intp]) -> Order | None:
    """The order of images whose positions `places` numbers; None where it is in doubt."""
    counts = np.unique(places, return_counts=True)[1]
    count = int(counts[0])
    if (counts != count).any():
        return None
    if count == 1:
        return Order(np.zeros(len(frames), dtype=np.intp), 1, "")
    for name, value in ACQUIRED.items():
        ranks = _ranks(_values(frames, value), places, count)
        if ranks is not None:
            return Order(ranks, count, name)
    agreed: Order | None = None
    for name, value in COUNTED.items():
        values = _values(frames, value)
        ranks = _ranks(values, places, count)
        if ranks is None or not _in_blocks(values, ranks, places, numbered=name != "ContentTime"):
            continue
        if agreed is not None and (agreed.ranks != ranks).any():
            return None
        agreed = agreed or Order(ranks, count, name)
    return agreed


def _values(frames: Sequence[Frame], value: Callable[[Frame], float]) -> Floats:
    """A number for each image, NaN where it states none."""
    return np.array([value(frame) for frame in frames], dtype=np.float64)


def _ranks(values: Floats, places: NDArray[np.intp], count: int) -> Ranks | None:
    """The place of each value among those of its position; None where one is missing or two are equal."""
    if not np.isfinite(values).all():
        return None
    order = np.lexsort((values, places))
    if (np.diff(values[order].reshape(-1, count), axis=1) <= 0).any():
        return None
    ranks = np.empty(len(values), dtype=np.intp)
    ranks[order] = np.tile(np.arange(count), len(values) // count)
    return ranks


def _in_blocks(values: Floats, ranks: Ranks, places: NDArray[np.intp], *, numbered: bool) -> bool:
    """Whether all images of a phase come before all of the next; or, of numbers, position after position."""
    if _runs(values, ranks):
        return True
    return numbered and _runs(values, places)


def _runs(values: Floats, groups: NDArray[np.intp]) -> bool:
    """Whether the values of each group lie in a stretch of their own."""
    order = np.argsort(values, kind="stable")
    changes = int(np.count_nonzero(np.diff(groups[order])))
    return changes + 1 == len(np.unique(groups))


def _number(name: str) -> Callable[[Frame], float]:
    """An attribute as a number."""

    def value(frame: Frame) -> float:
        try:
            return float(dict(frame.marks).get(name, ""))
        except ValueError:
            return np.nan

    return value


def _instance(frame: Frame) -> float:
    """InstanceNumber, then the number of the frame in its file."""
    return _number("InstanceNumber")(frame) + frame.number / (1 << 24)


def _clock(name: str, date: str = "") -> Callable[[Frame], float]:
    """A time of day in seconds, after the day that `date` names where it is stated."""

    def value(frame: Frame) -> float:
        marks = dict(frame.marks)
        return seconds(marks.get(name, "")) + DAY * days(marks.get(date, ""))

    return value


def _moment(frame: Frame) -> float:
    """AcquisitionDateTime in seconds; an offset from UTC is the same for all images of a scanner."""
    stated = dict(frame.marks).get("AcquisitionDateTime", "")
    return seconds(stated[8:].split("+")[0].split("-")[0]) + DAY * days(stated[:8]) if stated else np.nan


def seconds(stated: str) -> float:
    """A DICOM time of day (PS3.5, 6.2, TM) in seconds; NaN for none.

    >>> seconds("120001.5"), seconds("1200"), seconds("12:00:01"), seconds("noon")
    (43201.5, 43200.0, 43201.0, nan)
    """
    whole, _, part = stated.replace(":", "").strip().partition(".")
    if not whole.isdigit() or len(whole) not in (2, 4, 6) or (part and not part.isdigit()):
        return np.nan
    whole = whole.ljust(6, "0")
    return int(whole[:2]) * 3600.0 + int(whole[2:4]) * 60 + int(whole[4:]) + float(f"0.{part or 0}")


def days(stated: str) -> float:
    """A DICOM date (PS3.5, 6.2, DA) in days; 0 for none."""
    try:
        return float(datetime.strptime(stated.replace(".", ""), "%Y%m%d").toordinal())
    except ValueError:
        return 0.0


ACQUIRED = MappingProxyType(
    {
        "TemporalPositionIdentifier": _number("TemporalPositionIdentifier"),
        "TriggerTime": _number("TriggerTime"),
        "FrameReferenceTime": _number("FrameReferenceTime"),
        "AcquisitionDateTime": _moment,
        "AcquisitionTime": _clock("AcquisitionTime", "AcquisitionDate"),
    }
)
"""Attributes that say when an image was taken, the surest first: images of one acquisition share them."""

COUNTED = MappingProxyType(
    {
        "ContentTime": _clock("ContentTime"),
        "AcquisitionNumber": _number("AcquisitionNumber"),
        "InstanceNumber": _instance,
    }
)
"""Attributes that merely follow the time."""
