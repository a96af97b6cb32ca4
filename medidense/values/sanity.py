"""What did the newest known-answer runs of the same code say?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Sanity:
    """A benchmark with known answers that ended in a verdict: ``phantom`` or the name of a CIFAR-10 recipe.

    `code` is the digest of the code that ran, `when` the time in UTC (ISO 8601), `verdict` one line.
    """

    name: str
    passed: bool
    verdict: str
    code: str
    when: str

    def to_json(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Sanity":
        """What `to_json` gave. Raises TypeError where it is something else."""
        return cls(**fields)

    @property
    def line(self) -> str:
        """For people: name, day, verdict."""
        return f"{self.name}, {self.when[:10]}: {self.verdict}"
