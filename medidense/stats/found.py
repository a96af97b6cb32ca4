"""What of an evaluation depends on the kind of truth: one class of several, grades, or several labels."""

from collections.abc import Mapping
from dataclasses import dataclass

from medidense.stats.baselines import BaselineScores
from medidense.values import Estimate, LabelResult


@dataclass(frozen=True, eq=False)
class Found:
    """Counts of the classes, figures at the operating point, confusion, trivial rules, and what to say."""

    counts: Mapping[str, int]
    metrics: Mapping[str, Estimate]
    confusion: tuple[tuple[int, ...], ...]
    baselines: tuple[BaselineScores, ...]
    notes: tuple[str, ...]
    labels: tuple[LabelResult, ...] = ()
    undefined: tuple[str, ...] = ()
    """Those of `notes` that say what the means leave out, or what leaves them without a value."""
