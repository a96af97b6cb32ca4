"""What a frozen package is worth on another cohort, in numbers with their intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from medidense.values.calibration import CalibrationFigures
from medidense.values.estimate import Estimate
from medidense.values.evaluation import Evaluation


@dataclass(frozen=True)
class Recalibration:
    """What this cohort itself would have the scores changed by; no other figure is made with it.

    `intercept` and `slope` of the log odds are fitted on all its rows; `figures` are of scores recalibrated
    in `parts` parts, each by the others, no subject in two. None where that cannot be.
    """

    name: str
    slope: float
    intercept: float
    parts: int
    figures: CalibrationFigures | None


@dataclass(frozen=True)
class Beside:
    """A figure here, the same of the training's out-of-fold scores, and here minus there."""

    name: str
    here: Estimate
    training: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Overlap:
    """Which of the training's subjects and images were looked for, and how many were found.

    `why` says for each kind that was not compared what was missing.
    """

    subjects_compared: bool
    images_compared: bool
    subjects_by_id: int
    subjects_by_image: int
    rows: int
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turnout:
    """From the rows of the cohort to those that were scored; `refused` counts rows by code."""

    rows: int
    subjects: int
    unlabelled: int
    refused: Mapping[str, int]
    scored: int
    scored_subjects: int


@dataclass(frozen=True)
class ExternalEvaluation:
    """Everything `evaluate` reports of a package on another cohort.

    `evaluation` has the figures that a run has, too: of scores of the frozen package, decided, calibrated and
    made into sets by what the package carries. `beside` compares with the training. `cohort_name` and
    `trained_on` (the digest of the training's cohort) and `weights` (`Manifest.weights_digest`) say where it
    belongs; they are empty in files of older versions.
    """

    evaluation: Evaluation
    package: str
    package_digest: str
    overlap: Overlap
    turnout: Turnout
    beside: tuple[Beside, ...] = ()
    observed_expected: Mapping[str, Estimate] = field(default_factory=dict)
    """Positives over the sum of the probabilities, ``raw`` and ``frozen``."""
    recalibration: tuple[Recalibration, ...] = ()
    cohort_name: str = ""
    package_name: str = ""
    trained_on: str = ""
    weights: str = ""

    def to_json(self) -> dict[str, object]:
        """For evaluation.json and ``--json``: the keys of a run's evaluation, and ``external``."""
        own = {key: value for key, value in asdict(self).items() if key != "evaluation"}
        return {**self.evaluation.to_json(), "external": own}
