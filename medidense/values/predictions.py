"""Scores of the classes for samples, with the fold that tested each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medidense.values.labels import Kind


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-fold scores, one row a sample, sorted by sample name.

    `scores` is float64 (N, C) in the order of `classes`, each row a probability distribution; `label` holds
    indices into `classes` (N,) int64; `fold` (N,) int64 is the fold whose test part the sample was in.
    `kind` ``ordinal`` says that the classes are grades from the lowest on. Of ``multi_label``, several labels
    at once, `label` is int64 (N, C): 1 shown, 0 not shown, -1 not known; a row of `scores` then holds a
    probability for each, and no sum is 1.

    Raises ValueError when lengths differ, a score is not finite, or rows are not sorted and unique.
    """

    classes: tuple[str, ...]
    positive: str
    samples: tuple[str, ...]
    subjects: tuple[str, ...]
    fold: NDArray[np.int64]
    label: NDArray[np.int64]
    scores: NDArray[np.float64]
    kind: Kind = "classes"

    def __post_init__(self) -> None:
        n = len(self.samples)
        if (
            self.scores.shape != (n, len(self.classes))
            or self.label.shape != (self.scores.shape if self.multi_label else (n,))
            or not len(self.subjects) == len(self.fold) == len(self.label) == n
        ):
            raise ValueError("predictions: columns differ in length")
        if not np.isfinite(self.scores).all():
            raise ValueError("predictions: a score is not finite")
        if list(self.samples) != sorted(set(self.samples)):
            raise ValueError("predictions: rows must be sorted by sample, each once")
        if self.positive not in self.classes:
            raise ValueError(f"predictions: {self.positive!r} is none of the classes {self.classes}")

    @property
    def positive_index(self) -> int:
        """Column of the class that sensitivity and score speak of."""
        return self.classes.index(self.positive)

    @property
    def multi_label(self) -> bool:
        """True where a row may show several labels at once."""
        return self.kind == "multi_label"

    def one_label(self, name: str) -> "Predictions":
        """One of several labels as a question of two classes, over the rows in which it is known."""
        column = self.classes.index(name)
        known = self.label[:, column] >= 0
        score = self.scores[known, column]
        return Predictions(
            classes=(f"no {name}", name),
            positive=name,
            samples=tuple(self.samples[row] for row in np.flatnonzero(known)),
            subjects=tuple(self.subjects[row] for row in np.flatnonzero(known)),
            fold=self.fold[known],
            label=self.label[known, column],
            scores=np.stack([1 - score, score], axis=1),
        )

    def take(self, names: set[str]) -> "Predictions":
        """The rows of these samples."""
        keep = np.array([name in names for name in self.samples], dtype=bool)
        return Predictions(
            classes=self.classes,
            positive=self.positive,
            samples=tuple(name for name, kept in zip(self.samples, keep, strict=True) if kept),
            subjects=tuple(name for name, kept in zip(self.subjects, keep, strict=True) if kept),
            fold=self.fold[keep],
            label=self.label[keep],
            scores=self.scores[keep],
            kind=self.kind,
        )


@dataclass(frozen=True)
class SampleFacts:
    """What is known of a sample beside its image: the features of the trivial baselines.

    `volume_mm3` and `mean_intensity` (modality values inside the lesion, or inside the whole image) are None
    where they cannot be had (no region, unknown spacing: then the volume counts voxels of the image's grid).
    """

    sample: str
    subject_id: str
    volume_mm3: float | None
    mean_intensity: float | None
    modality: str
    intensity_p01: float
    intensity_p50: float
    intensity_p99: float
    """Percentiles of the modality values in the crop, before any window; scoring compares with them."""
    descriptors: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Figures of the lesion's shape, margin, intensity and texture by name (docs/descriptors.md); none
    without a lesion."""
    slice_mm: float | None = None
    """Largest distance of neighbouring voxels; None for a single slice, or where the spacing is unknown."""
