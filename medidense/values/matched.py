"""How well does a network rank rows of two classes that are alike in size?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medidense.values.estimate import Estimate


@dataclass(frozen=True)
class Matched:
    """Pairs of both classes whose volumes differ by at most `caliper` in natural logarithm.

    `auroc` is of the same out-of-fold scores, `volume_auroc` of the volume on these rows: near one half.
    """

    pairs: int
    subjects: int
    caliper: float
    auroc: Estimate
    volume_auroc: Estimate

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Matched":
        """What `dataclasses.asdict` gave. Raises TypeError where it is something else."""
        areas = {name: Estimate(**fields[name]) for name in ("auroc", "volume_auroc")}
        return cls(**{**fields, **areas})
