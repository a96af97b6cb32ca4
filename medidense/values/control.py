"""Do the figures fall to chance where nothing should be left to see?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from medidense.values.estimate import Estimate

Outcome = Literal["passed", "found", "not run"]

LABEL_SHUFFLE, BACKGROUND = "label shuffle", "background only"


@dataclass(frozen=True)
class ControlResult:
    """One control: how it ended, in a sentence and in numbers.

    `auroc` is the mean of the folds' own areas. Of a label shuffle on features it is the mean over
    `shuffles`, and the limits hold the middle 95 % of them; otherwise they are an interval over subjects.
    `beside` holds areas of the same rows by name: what the network reaches, and figures alone. `samples` of
    `tested` rows took part, `points` of them with a lesion known by its diameter alone. `retrained` says that
    networks were trained for it; otherwise a linear head was fitted on the features of the run's own.
    """

    name: str
    outcome: Outcome
    said: str
    retrained: bool = False
    auroc: Estimate = field(default_factory=lambda: Estimate(None))
    beside: Mapping[str, float | None] = field(default_factory=dict)
    samples: int = 0
    tested: int = 0
    shuffles: int = 0
    points: int = 0

    def to_json(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "ControlResult":
        """What `to_json` gave. Raises TypeError where it is something else."""
        found = cls(**fields)
        return replace(found, auroc=Estimate(**fields["auroc"]), beside=dict(fields["beside"]))

    @property
    def title(self) -> str:
        """The name, and whether networks were trained for it."""
        return f"{self.name}, retrained" if self.retrained else self.name

    @property
    def line(self) -> str:
        """How it ended, and what it says."""
        return f"{self.outcome}. {self.said}"
