"""Does a network do as well on each part of its subjects: by sex, age, site, scanner, slices and size?"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from medidense.stats.comparing import auroc_estimate
from medidense.stats.intervals import SubjectDraws
from medidense.values import TYPED, UNKNOWN_GROUP, Estimate, Predictions, SampleFacts, Subgroup

FEWEST = 30
"""Subjects below which a subgroup has counts alone."""

FEW_OF_CLASS = 10
"""Subjects of a class below which a note says so: the interval of an area knows their number badly."""

MOST = 20
"""Different words of a column beyond which it makes no subgroups."""

AGES = (18, 40, 60, 80)
"""Years at which an age band begins."""

IN_A_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}
"""How many of each unit make a year: the letters of an age string (DICOM PS3.5 section 6.2, AS)."""

SLICES_MM = (1.0, 2.5, 5.0)
"""Largest distance of slices of each band but the last."""

Groups = Mapping[str, Mapping[str, str]]


def subgroups(
    predictions: Predictions, facts: Sequence[SampleFacts], groups: Groups, draws: int, seed: int
) -> tuple[Subgroup, ...]:
    """Counts and AUROC with its interval of each subgroup; nothing of what is the same in all rows.

    `groups` are by sample the cells of a table's columns, by name; of samples that are not in `predictions`
    too, so that a part of the rows counts its sites as the whole does. Without a column ``slice_mm`` the
    distance of slices is that of the images; size is in thirds of the lesion volumes that are known.
    """
    by_name = {fact.sample: fact for fact in facts}
    known = [by_name.get(sample) for sample in predictions.samples]
    cells = [groups.get(sample, {}) for sample in predictions.samples]
    named = {column: [row.get(column, "") for row in cells] for column in ("sex", "age", "site", "scanner")}
    slices = [
        row.get("slice_mm") or (f"{fact.slice_mm}" if fact and fact.slice_mm else "")
        for row, fact in zip(cells, known, strict=True)
    ]
    sorted_into: dict[str, list[str]] = {
        "sex": [cell.upper() for cell in named["sex"]],
        "age": _banded([age_years(cell) for cell in named["age"]], age_band),
        "site": named["site"],
        "scanner": named["scanner"],
        "slice_mm": _banded([_number(cell, "mm") for cell in slices], slice_band),
        "volume": _thirds([None if fact is None else fact.volume_mm3 for fact in known]),
    }
    found: list[Subgroup] = []
    for by, cells_of in sorted_into.items():
        words = ["" if word.lower() == UNKNOWN_GROUP else word for word in cells_of]
        there = sorted({word for word in words if word}, key=str if by in TYPED else _order)
        if not 1 < len(there) <= MOST:
            continue
        everywhere = _words(groups, by) if by in TYPED else []
        for wanted in [*there, *([""] if "" in words else [])]:
            names = {
                sample for sample, word in zip(predictions.samples, words, strict=True) if word == wanted
            }
            part = predictions.take(names)
            subgroup = _subgroup(by, wanted or UNKNOWN_GROUP, part, draws, seed)
            found.append(replace(subgroup, place=everywhere.index(wanted) + 1 if wanted in everywhere else 0))
    return tuple(found)


def _words(groups: Groups, column: str) -> list[str]:
    """The words of a column over all samples, sorted."""
    cells = {cells.get(column, "") for cells in groups.values()}
    words = {cell.upper() for cell in cells} if column == "sex" else cells
    return sorted(word for word in words if word and word.lower() != UNKNOWN_GROUP)


def _subgroup(by: str, group: str, part: Predictions, draws: int, seed: int) -> Subgroup:
    """The figures of some rows."""
    drawn = SubjectDraws.of(part.subjects, draws, seed)
    if part.multi_label:
        counts = (part.label == 1).sum(axis=0)
    else:
        counts = np.bincount(part.label, minlength=len(part.classes))
    few = drawn.subjects < FEWEST
    area = Estimate(None) if few else auroc_estimate(part, part.scores, drawn)
    if few:
        note = f"Under {FEWEST} subjects: counts alone."
    elif area.value is None:
        note = "A class is missing: AUROC is not defined."
    else:
        note = _rare(part)
    return Subgroup(
        by=by,
        group=group,
        samples=len(part.samples),
        subjects=drawn.subjects,
        class_counts=dict(zip(part.classes, map(int, counts), strict=True)),
        auroc=area,
        note=note,
    )


def _rare(part: Predictions) -> str:
    """The classes that few subjects are of, or the sides of several labels; empty where there is none."""
    if part.multi_label:
        sides = [
            (f"{word} {name}", part.label[:, column] == value)
            for column, name in enumerate(part.classes)
            for word, value in (("with", 1), ("without", 0))
        ]
    else:
        sides = [(f"of {name}", part.label == place) for place, name in enumerate(part.classes)]
    subjects = np.array(part.subjects)
    counted = [(words, len(np.unique(subjects[rows]))) for words, rows in sides]
    rare = [f"{number} {words}" for words, number in counted if 0 < number < FEW_OF_CLASS]
    return f"Few subjects ({', '.join(rare)}): the interval may be too narrow." if rare else ""


def _banded(values: Sequence[float | None], band: Callable[[float], str]) -> list[str]:
    """The band of each value that is known."""
    return ["" if value is None else band(value) for value in values]


def _number(cell: str, unit: str) -> float | None:
    """The number in a cell, with or without one of the units (a regular expression) behind it."""
    found = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*(?:{unit})?", cell.strip(), re.IGNORECASE)
    return float(found[1]) if found else None


def age_years(cell: str) -> float | None:
    """The years of an age: a number, or as DICOM writes it in days, weeks, months or years.

    >>> age_years("58"), age_years("058Y"), age_years("006M"), age_years("old")
    (58.0, 58.0, 0.5, None)
    """
    number = _number(cell, "[DWMY]")
    unit = cell.strip()[-1:].upper()
    return None if number is None else number / IN_A_YEAR["" if unit.isdigit() else unit]


def age_band(years: float) -> str:
    """The band of an age.

    >>> age_band(17.9), age_band(40), age_band(91)
    ('0-17', '40-59', '80 and over')
    """
    starts = (0, *AGES)
    place = max(number for number, start in enumerate(starts) if years >= start)
    if place == len(AGES):
        return f"{AGES[-1]} and over"
    return f"{starts[place]}-{starts[place + 1] - 1}"


def slice_band(distance_mm: float) -> str:
    """The band of a distance of slices.

    >>> slice_band(1.0), slice_band(1.25), slice_band(8)
    ('up to 1 mm', 'up to 2.5 mm', 'over 5 mm')
    """
    fitting = [limit for limit in SLICES_MM if distance_mm <= limit + 1e-3]
    return f"up to {fitting[0]:g} mm" if fitting else f"over {SLICES_MM[-1]:g} mm"


def _thirds(volumes: Sequence[float | None]) -> list[str]:
    """The third of each volume that is known, with its limit."""
    known = np.array([volume for volume in volumes if volume is not None], dtype=np.float64)
    if not len(known):
        return [""] * len(volumes)
    low, high = np.quantile(known, [1 / 3, 2 / 3])
    names = (f"up to {low:.4g}", f"up to {high:.4g}", f"over {high:.4g}")
    return ["" if v is None else names[int(v > low) + int(v > high)] for v in volumes]


def _order(word: str) -> tuple[bool, float, str]:
    """Bands by their first number, what is over the last one at the end, words by letter."""
    number = re.search(r"\d+(\.\d+)?(e\+\d+)?", word)
    return word.startswith("over"), float(number[0]) if number else 0.0, word
