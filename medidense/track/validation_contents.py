"""What of a package's evaluation on another cohort goes to MLflow, with no subject named in it?"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from medidense import durable
from medidense.errors import RunError
from medidense.rundir import SCORE, ExternalDir
from medidense.track import names
from medidense.track.contents import csv_bytes
from medidense.track.figures import area, closing, figures, floor_words, limits, rounded, with_public_groups
from medidense.values import Estimate
from medidense.values.wording import count

SHOWN_DIGITS = 12
"""Of a package's digest in a sentence; the parameter has all."""


@dataclass(frozen=True, eq=False)
class ValidationContents:
    """Views of one evaluation; `alias` turns a subject ID or a sample's name into its pseudonym.

    Evaluations of older versions do not name their cohort, their package's training and its weights.
    """

    place: ExternalDir
    alias: Callable[[str], str]

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """evaluation.json."""
        return self.place.evaluation_json()

    @property
    def external(self) -> dict[str, Any]:
        """What it says beside the keys of a run's evaluation."""
        return dict(self.evaluation["external"])

    @property
    def cohort(self) -> tuple[str, str]:
        """The cohort's name and digest."""
        return self.external.get("cohort_name") or "another cohort", self.evaluation["cohort_digest"]

    @property
    def trained_on(self) -> str:
        """The digest of the training's cohort, empty where it is not known."""
        return str(self.external.get("trained_on", ""))

    @property
    def weights(self) -> str:
        """The digest of the package's weights, empty where it is not known."""
        return str(self.external.get("weights", ""))

    @property
    def experiment(self) -> str:
        """The experiment of the training as `cv` would name it; where it is not known, the cohort's own."""
        name, digest = self.cohort
        if self.trained_on:
            name, digest = str(self.external.get("package_name", "")), self.trained_on
        return names.experiment(name, digest)

    @property
    def title(self) -> str:
        """The run's name."""
        return f"external validation on {self.cohort[0]}"

    @property
    def auroc(self) -> Estimate:
        """The AUROC with its interval."""
        return area(self.evaluation)

    @property
    def evaluated(self) -> int:
        """When the figures were made, in ms since 1970."""
        return round(1000 * self.place.evaluation_path.stat().st_mtime)

    @property
    def digest(self) -> str:
        """Of everything whose change means that it must be logged again."""
        paths = (self.place.evaluation_path, self.place.predictions_path)
        return durable.sha256_bytes("".join(durable.sha256_file(path) for path in paths).encode())

    def params(self) -> dict[str, str]:
        """Which package, which cohort, which frozen thresholds."""
        evaluation = self.evaluation
        found = {
            "package": self.external["package"],
            "package_sha256": self.external["package_digest"],
            "cohort_sha256": evaluation["cohort_digest"],
            "operating_point": evaluation["operating_point"],
            "operating_rule": evaluation.get("operating_rule"),
            "calibration": (evaluation.get("calibration") or {}).get("method"),
        }
        if sets := evaluation.get("prediction_sets"):
            found["sets_coverage"] = sets["target"]
            found["sets_least"] = ", ".join(f"{name} {least:.6g}" for name, least in sets["least"].items())
        return {key: str(value)[:500] for key, value in found.items() if value is not None}

    def metrics(self) -> dict[str, float]:
        """The figures that a cross-validation has, too, under names of their own, and what is missing."""
        external = self.external
        found: dict[str, float | None] = {
            names.REFUSED: sum(external["turnout"]["refused"].values()),
            names.UNLABELLED: external["turnout"]["unlabelled"],
        }
        for one in external["beside"]:
            if one["name"] == "auroc":
                found |= limits(names.MINUS_TRAINING, Estimate(**one["difference"]))
        told = external["observed_expected"]
        if ratio := told.get(names.FROZEN, told.get("raw")):
            found |= limits(names.OBSERVED_EXPECTED, Estimate(**ratio))
        return figures(self.evaluation, names.EXTERNAL) | rounded(found)

    def description(self) -> str:
        """Markdown; the page shows about three lines, so the first sentence is the result."""
        words, external = self.evaluation, self.external
        lines = [
            self.headline,
            *(
                f"In training, out of fold, {Estimate(**one['training']).text()}; here minus there "
                f"{Estimate(**one['difference']).text()}."
                for one in external["beside"]
                if one["name"] == "auroc"
            ),
            floor_words(words),
            *closing(words, "frozen package", [*self._missing(), *external["overlap"]["why"]]),
        ]
        return "\n".join(lines)

    @property
    def headline(self) -> str:
        """How good, how sure, on whom, by what, and how many are missing, in one sentence."""
        words, external, turnout = self.evaluation, self.external, self.external["turnout"]
        missing, rows = turnout["rows"] - turnout["scored"], count(turnout["rows"], "row")
        subjects, samples = count(words["subjects"], "subject"), count(words["samples"], "sample")
        return (
            f"External validation: AUROC {self.auroc.text()} over {subjects}, {samples} of "
            f"{self.cohort[0]}, by the frozen package {external['package']} (sha256 "
            f"{external['package_digest'][:SHOWN_DIGITS]}); {missing} of {rows} had no part."
        )

    def files(self) -> dict[str, bytes]:
        """Artifact path -> content: page, numbers, figures, evaluation, and scores under pseudonyms."""
        columns, rows = self._predictions()
        found = {
            names.EVALUATION: json.dumps(with_public_groups(self.evaluation), indent=2).encode(),
            names.EXTERNAL_CSV: csv_bytes(columns, rows),
            names.EXTERNAL_JSON: json.dumps({"columns": columns, "data": rows}).encode(),
        }
        for path in (self.place.report_path, self.place.report_numbers_path):
            if path.is_file():
                found[f"{names.REPORT}/{path.name}"] = path.read_bytes()
        for path in sorted(self.place.figures.glob("*.png")):
            found[f"{names.FIGURES}/{path.name}"] = path.read_bytes()
        return found

    def _missing(self) -> list[str]:
        """Which rows had no part, by code."""
        turnout = self.external["turnout"]
        parts = [f"{code} {number}" for code, number in turnout["refused"].items()]
        parts += [f"without a label {turnout['unlabelled']}"] if turnout["unlabelled"] else []
        return [f"Rows that had no part: {', '.join(parts)}."] if parts else []

    def _predictions(self) -> tuple[list[str], list[list[Any]]]:
        """predictions.csv under pseudonyms, sorted by them. Raises RunError."""
        path = self.place.predictions_path
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                columns, *rows = csv.reader(stream)
            if columns[:2] != ["sample", "subject_id"]:
                raise ValueError
            told = [self._row(columns, row) for row in rows]
        except (OSError, ValueError) as error:
            step = "run medidense evaluate again"
            raise RunError(str(path), "cannot be read", type(error).__name__, step) from None
        return ["sample", "subject", *columns[2:]], sorted(told)

    def _row(self, columns: list[str], row: list[str]) -> list[Any]:
        """A row of scores."""
        beside = (
            round(float(cell), 6) if name.startswith(SCORE) or name == "calibrated_score" else cell
            for name, cell in zip(columns[2:], row[2:], strict=True)
        )
        return [self.alias(row[0]), self.alias(row[1]), *beside]
