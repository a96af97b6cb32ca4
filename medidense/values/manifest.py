"""What a package says of itself: what it scores, from what it was trained, and the sums that prove it."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from medidense.values.calibration import Calibration
from medidense.values.covariates import CovariateEncoding
from medidense.values.labels import Kind
from medidense.values.recipe import OperatingRule
from medidense.values.section import Section

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9]+)+$", max_length=100)]


Limits = tuple[float | None, float | None, float | None]
"""A figure, and the lower and the upper limit of its interval."""


class Span(Section):
    """The smallest and the largest value over the training samples."""

    low: float
    high: float


class TrainingFacts(Section):
    """What the training data were like; scoring refuses input unlike it. No subject stands here.

    `modality` is None where the training files did not state one (NIfTI) and nothing could be inferred.
    `p01`, `p50`, `p99` are the spans of the crops' percentiles in modality values, before any window.
    """

    cohort_digest: Digest
    code_version: str
    samples: int
    subjects: int
    class_counts: dict[str, int]
    modality: str | None
    dims: Literal[2, 3]
    p01: Span
    p50: Span
    p99: Span
    auroc: float | None
    auroc_ci95: tuple[float | None, float | None]
    out_of_fold: Mapping[str, Limits] = Field(default_factory=dict)
    """More figures of the out-of-fold scores with their 95 % limits: see `verbs.training_facts`."""


class SetRule(Section):
    """Prediction sets: a class is in one from its score in `least` on, in the order of the classes.

    `coverage` is the share of samples of each class whose set was to hold it.
    """

    coverage: float
    least: tuple[float, ...]


class NamedPoint(Section):
    """A threshold chosen on all out-of-fold scores, whether or not the package decides by it.

    `target` is the share or the cost that was aimed at, if any. `sensitivity` and `specificity` are of each
    fold decided at the threshold of the other folds, with 95 % limits.
    """

    name: OperatingRule
    target: float | None = None
    threshold: float
    sensitivity: Limits
    specificity: Limits


class Manifest(Section):
    """manifest.json of a package. `files` maps each other file of the folder to its sha256.

    `models` names the weights in the order of the folds; a score is the mean of their probabilities. `kind`
    says what they are of: ``classes`` and ``ordinal`` (`classes` from the lowest grade on) sum to 1,
    ``multi_label`` has one for each of several labels and no sum. `operating_rule` says how the operating
    point was come by; it, `calibration` and `sets` were fitted on all out-of-fold scores.
    """

    format: Literal[1] = 1
    name: str
    version: str
    engine: Literal["torch"] = "torch"
    region: Literal["lesion", "whole"]
    kind: Kind = "classes"
    classes: tuple[str, ...]
    positive: str
    operating_point: float
    operating_rule: OperatingRule = "fixed"
    calibration: Calibration | None = None
    sets: SetRule | None = None
    operating_points: tuple[NamedPoint, ...] = ()
    """Each way to choose a threshold; none in older packages and where nothing could be chosen."""
    models: tuple[FileName, ...]
    threads: int
    """CPU threads of the forward pass: sums depend on their number, so it travels with the weights."""
    training: TrainingFacts
    training_digest: FileName | None = None
    """The file that tells subjects and images of the training again; none in older packages."""
    covariates: tuple[CovariateEncoding, ...] = ()
    """How each model's training encoded what it takes beside the image, in the order of `models`."""
    files: dict[FileName, Digest]

    @property
    def weights_digest(self) -> str:
        """The sha256 of the sums of all models' weights: one whatever name and version a package has."""
        return hashlib.sha256("".join(self.files[name] for name in self.models).encode()).hexdigest()
