"""Where each file of a package's evaluation on another cohort lies."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medidense.errors import RunError


@dataclass(frozen=True)
class ExternalDir:
    """The folder of one evaluation of a package. Properties name files; methods read them, raise RunError."""

    path: Path

    @property
    def predictions_path(self) -> Path:
        """Every scored row: scores, the calibrated one, the set, the decision."""
        return self.path / "predictions.csv"

    @property
    def refusals_path(self) -> Path:
        """Every row that has no part in the figures, and why; its head alone where there is none."""
        return self.path / "refusals.csv"

    @property
    def evaluation_path(self) -> Path:
        """The figures."""
        return self.path / "evaluation.json"

    @property
    def report_path(self) -> Path:
        """The page; its subjects are pseudonyms."""
        return self.path / "report.html"

    @property
    def report_numbers_path(self) -> Path:
        """The numbers of that page, JSON."""
        return self.path / "report.json"

    @property
    def figures(self) -> Path:
        """Folder of PNG figures."""
        return self.path / "figures"

    @property
    def tracking_path(self) -> Path:
        """Which MLflow run holds this evaluation."""
        return self.path / "tracking.json"

    @property
    def exists(self) -> bool:
        """Whether an evaluation of a package, and not of a run, is written here."""
        try:
            return "external" in self.evaluation_json()
        except RunError:
            return False

    def evaluation_json(self) -> dict[str, Any]:
        """evaluation.json as it stands."""
        try:
            tree = json.loads(self.evaluation_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            step = "run medidense evaluate again"
            raise RunError(str(self.evaluation_path), "cannot be read", type(error).__name__, step) from None
        if not isinstance(tree, dict):
            found, step = type(tree).__name__, "run medidense evaluate again"
            raise RunError(str(self.evaluation_path), "holds one JSON object", found, step)
        return tree

    def is_of(self, package_digest: str, cohort_digest: str) -> bool:
        """Whether the evaluation here is of this package on this cohort."""
        try:
            told = self.evaluation_json()
            return (told["external"]["package_digest"], told["cohort_digest"]) == (
                package_digest,
                cohort_digest,
            )
        except (RunError, KeyError, TypeError):
            return False
