"""What comes of a package on another cohort?"""

from dataclasses import dataclass
from pathlib import Path

from medidense.values.external import ExternalEvaluation


@dataclass(frozen=True)
class ExternalResult:
    """The figures, where they lie, and how many rows have no part in them: refusals.csv says why."""

    out: Path
    external: ExternalEvaluation
    html: Path
    missed: int
    tracking: str = ""
    """Where MLflow holds it, or why it does not, in words; empty where it was not to be logged."""

    def to_json(self) -> dict[str, object]:
        """The figures' fields beside the paths."""
        places = {"out": str(self.out), "html": str(self.html), "tracking": self.tracking}
        return {**places, **self.external.to_json()}
