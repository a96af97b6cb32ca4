"""What a cross-validation is worth, in numbers with their intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from medidense.values.calibration import CalibrationResult, DecisionCurve, OperatingPoint, PredictionSets
from medidense.values.control import ControlResult
from medidense.values.estimate import Estimate
from medidense.values.labels import Kind
from medidense.values.leak import Leakage
from medidense.values.matched import Matched
from medidense.values.per_subject import PerSubject
from medidense.values.sanity import Sanity
from medidense.values.subgroup import Subgroup
from medidense.values.wording import class_counts

BESIDE = ("quadratic_kappa", "mean_absolute_error", "auprc", "sensitivity", "specificity", "ppv", "npv")
"""Figures that stand by sample and by subject side by side; the others are in the JSON alone."""

CHANCE = 0.5
"""AUROC of guessing."""


@dataclass(frozen=True)
class Baseline:
    """A trivial rule on the same folds: its name in words, its AUROC, and network minus baseline, paired."""

    name: str
    auroc: Estimate
    network_minus_baseline: Estimate
    uses_network: bool = False
    """True where a network's scores are part of it: then it is a rival, and no floor."""

    @property
    def below_chance(self) -> bool:
        """True where the whole interval of its AUROC lies below 0.5: a difference from it says nothing."""
        return self.auroc.high is not None and self.auroc.high < CHANCE


@dataclass(frozen=True)
class LabelResult:
    """One of several labels, over the rows in which it is known; `positives` of these show it.

    `auroc` and `auprc` (average precision; its chance level is `positives` / `samples`) have no value where
    those rows are all of one kind, and `note` says so. `metrics` are at the operating point.
    """

    name: str
    samples: int
    subjects: int
    positives: int
    auroc: Estimate
    auprc: Estimate
    metrics: Mapping[str, Estimate]
    baselines: tuple[Baseline, ...]
    note: str = ""


@dataclass(frozen=True)
class FoldResult:
    """One fold's own figures; `auroc` is None where its test part holds one class, and `note` says so."""

    fold: int
    samples: int
    subjects: int
    auroc: float | None
    note: str = ""
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    """By name, with intervals over the fold's subjects; of several labels and of repeats there are none."""


@dataclass(frozen=True)
class RepeatSpread:
    """AUROC of each repeat of the whole cross-validation, and how far they scatter.

    The standard deviation (n - 1) tells what another cut of the same subjects changes; it is no interval
    for other subjects. None where AUROC is not defined.
    """

    auroc: tuple[float | None, ...]
    mean: float | None
    standard_deviation: float | None
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class Evaluation:
    """Everything `evaluate` reports.

    `auroc` is of the pooled out-of-fold scores: of the positive class with two classes, the macro mean of
    one-vs-rest with more. Intervals resample subjects. `metrics` holds the other figures by name at
    `operating_point`.
    """

    classes: tuple[str, ...]
    positive: str
    samples: int
    subjects: int
    class_counts: Mapping[str, int]
    auroc: Estimate
    auroc_fold_mean: float | None
    auroc_definition: str
    operating_point: float
    metrics: Mapping[str, Estimate]
    confusion: tuple[tuple[int, ...], ...]
    """Rows are true classes, columns decided ones, in the order of `classes`."""
    folds: tuple[FoldResult, ...]
    baselines: tuple[Baseline, ...]
    interval: str
    """How the intervals were made, in words."""
    cohort_digest: str
    rows: str = "all"
    """``all``, or the name of the subset that was asked for."""
    notes: tuple[str, ...] = ()
    leakage: Leakage = field(default_factory=Leakage)
    """What was done about training samples with a copy in the test part."""
    kind: Kind = "classes"
    labels: tuple[LabelResult, ...] = ()
    """Of several labels at once: each by itself. `auroc` and `metrics` are then their means."""
    repeats: RepeatSpread | None = None
    """Where every sample was tested several times: `auroc` is then of the mean scores."""
    auroc_delong: Estimate | None = None
    """`auroc` with DeLong's interval: two classes, and each sample a subject."""
    operating_rule: str = "fixed"
    """How `operating_point` was come by: fixed before, or chosen from out-of-fold scores, where `metrics` are
    of each fold at the threshold of the others."""
    calibration: CalibrationResult | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    decision_curve: DecisionCurve | None = None
    prediction_sets: PredictionSets | None = None
    sanity: tuple[Sanity, ...] = ()
    """The newest known-answer runs of the code that trained, one of each name."""

    subgroups: tuple[Subgroup, ...] = ()
    """By sex, age, site, scanner, distance of slices and lesion size, as far as they are known."""

    controls: tuple[ControlResult, ...] = ()
    """Whether the classes are told apart where nothing should tell them."""

    matched: Matched | None = None
    """The rows matched by lesion volume; None where volumes are not known, or classes are not two."""

    per_subject: PerSubject | None = None
    """A subject as a row; None where each subject has one sample, which gives the same figures."""

    prevalence_afterwards: float | None = None
    """Share of positives that PPV and NPV are told for, where it was stated after the training."""

    def side_by_side(self) -> tuple[tuple[str, str, str], ...]:
        """Name, figure per sample and figure per subject, in words; empty where there is no `per_subject`."""
        found = self.per_subject
        if found is None:
            return ()
        counts = [class_counts(one.class_counts) for one in (self, found)]
        delong, number = found.auroc_delong, found.samples_auroc
        labels = [(f"AUROC of {one.name}", one.auroc, found.labels.get(one.name)) for one in self.labels]
        metrics = [
            (name.replace("_", " "), self.metrics.get(name), one)
            for name, one in found.metrics.items()
            if name in BESIDE
        ]
        figures = [
            ("AUROC", self.auroc, found.auroc),
            ("AUROC by DeLong", None, delong),
            *labels,
            *metrics,
            ("AUROC of the number of samples alone", None, number),
        ]
        return (
            ("rows", f"{self.samples} ({counts[0]})", f"{found.subjects} ({counts[1]})"),
            *((name, one.text() if one else "", own.text()) for name, one, own in figures if own),
        )

    def to_json(self) -> dict[str, object]:
        """For evaluation.json and ``--json``: ``auroc`` is a number, ``auroc_ci95`` a pair."""
        fields = asdict(self)
        package = self.calibration.package if self.calibration else None
        if package is not None:
            fields["calibration"]["package"] = package.model_dump()
        fields["auroc"] = self.auroc.value
        fields["auroc_ci95"] = [self.auroc.low, self.auroc.high]
        return fields
