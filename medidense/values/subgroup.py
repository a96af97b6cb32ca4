"""How well does a network do on one part of its subjects?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from medidense.values.estimate import Estimate

UNKNOWN_GROUP = "not known"
"""The group of the rows in which nothing stands."""

TYPED = ("sex", "site", "scanner")
"""What is told apart by the words of a table's cells, sorted as the folds of `cv --split site` are, so that a
site has one number everywhere."""

SEXES = ("F", "M", "O", "FEMALE", "MALE")
"""DICOM PS3.3 C.7.1.1, Patient's Sex (0010,0040), and the two words."""


@dataclass(frozen=True)
class Subgroup:
    """Rows that agree in one thing: `by` names it (``sex``, ``volume``), `group` is what they agree in.

    `auroc` has no value below 30 subjects, or where a class is missing; `note` says so. Beside an `auroc` it
    names the classes of fewer than 10 subjects. `place` counts the words of a typed column from 1, over all
    rows of the table; 0 where it is not known.
    """

    by: str
    group: str
    samples: int
    subjects: int
    class_counts: Mapping[str, int]
    auroc: Estimate
    note: str = ""
    place: int = 0

    @property
    def found(self) -> str:
        """The AUROC, where there is one, and the note."""
        area = "" if self.note and self.auroc.value is None else self.auroc.text()
        return f"{area} {self.note}".strip()


def public_groups(parts: Sequence[tuple[str, str, int]]) -> list[str]:
    """What (by, group, place) is called where a cell of the cohort's table must not be read.

    Bands and thirds are made of numbers and stay, and so does DICOM's code of a sex. Any other word is what
    someone typed, and becomes a number in its column: its place, or where that is 0 the next one.

    >>> public_groups([("sex", "F", 1), ("site", "St Elsewhere", 2), ("site", "not known", 0)])
    ['F', 'site 2', 'not known']
    """
    seen: Counter[str] = Counter()
    found = []
    for by, group, place in parts:
        if by in TYPED and group != UNKNOWN_GROUP and not (by == "sex" and group in SEXES):
            seen[by] += 1
            group = f"{by} {place or seen[by]}"
        found.append(group)
    return found


def public_subgroups(parts: Sequence[Subgroup]) -> tuple[Subgroup, ...]:
    """The same parts under those names."""
    named = public_groups([(part.by, part.group, part.place) for part in parts])
    return tuple(replace(part, group=group) for part, group in zip(parts, named, strict=True))
