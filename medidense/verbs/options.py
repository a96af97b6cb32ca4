"""What may a cross-validation be asked for? Apart from the verb, so that naming it costs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class CvOptions:
    """What a cross-validation is asked for beside the cohort and the recipe.

    `budget` is minutes for all folds; `settings` are dotted recipe keys, values as YAML text or Python
    values; `out` is by default ``runs/<cohort>-<digest of the question>``.
    """

    folds: int = 5
    seed: int = 0
    budget: float | None = None
    device: str = "auto"
    out: Path | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
