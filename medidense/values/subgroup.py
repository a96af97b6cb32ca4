"""How well does a network do on one part of its subjects?"""

from collections.abc import Mapping
from dataclasses import dataclass

from medidense.values.estimate import Estimate


@dataclass(frozen=True)
class Subgroup:
    """Rows that agree in one thing: `by` names it (``sex``, ``volume``), `group` is what they agree in.

    `auroc` has no value below 30 subjects, or where a class is missing; `note` says so.
    """

    by: str
    group: str
    samples: int
    subjects: int
    class_counts: Mapping[str, int]
    auroc: Estimate
    note: str = ""
