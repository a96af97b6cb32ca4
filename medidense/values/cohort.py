"""A checked table: who, which image, which lesion, which label."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from medidense.values.region import Marker

SINGLE = frozenset({".nii", ".gz", ".png", ".jpg", ".jpeg"})
"""Suffixes of files that hold one image, so that a series_uid chooses nothing in them. A folder may have any
other: a UID is a common name for one."""


@dataclass(frozen=True)
class Sample:
    """One row of a cohort: a lesion, or a whole study where no lesion is given.

    `image` and `mask` are the cells as typed, `image_path` and `mask_path` absolute paths; `row` counts the
    lines of the file from 1, the header being 1. `label` is None where the cell is empty.
    """

    row: int
    subject_id: str
    image: str
    image_path: PurePath
    label: str | None = None
    labels: Mapping[str, bool | None] = field(default_factory=dict)
    """Of several labels at once: what each cell ``label_<name>`` says, None where it is empty."""
    mask: str = ""
    mask_path: PurePath | None = None
    segment: str = ""
    """Which lesion of a mask that holds several, by its number or its label."""
    marker: Marker | None = None
    series_uid: str = ""
    lesion_id: str = ""
    site: str = ""
    split: str = ""
    spacing_known: bool | None = None
    """False where the `spacing` column says unknown; None where it says nothing."""
    spacing_mm: tuple[float, float] | None = None
    """Of a picture's pixels, to the right and down, where the `spacing` column gives it."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Every other column, as typed: carried along, never a feature unless the recipe names it."""

    @property
    def labelled(self) -> bool:
        """True where the row says what it shows; of several labels where it says so of one."""
        return self.label is not None or any(known is not None for known in self.labels.values())

    def contradicts(self, other: "Sample") -> bool:
        """True where two rows say different things of what they show; an empty label cell says nothing."""
        both = [(known, other.labels.get(name)) for name, known in self.labels.items()]
        return self.label != other.label or any(a != b for a, b in both if a is not None and b is not None)

    @property
    def name(self) -> str:
        """What tells this sample from all others of its cohort: image, series, lesion or point.

        >>> Sample(2, "P1", "a.nii.gz", PurePath("/d/a.nii.gz"), lesion_id="L1").name
        'a.nii.gz#L1'
        """
        lesion = self.lesion_id
        if not lesion and self.marker is not None:
            lesion = ",".join(f"{x:g}" for x in self.marker.centre_mm)
        series = "" if self.image_path.suffix.lower() in SINGLE else self.series_uid
        if not lesion:
            lesion = "#".join(part for part in (self.mask, self.segment) if part)
        return "#".join(part for part in (self.image, series, lesion) if part)


@dataclass(frozen=True)
class Cohort:
    """Samples that passed every check of the table, no two of one name. `name` is the file's stem."""

    name: str
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        names = [sample.name for sample in self.samples]
        if len(set(names)) != len(names) or not names:
            raise ValueError("a cohort has samples, and no two of one name")

    @property
    def multi_label(self) -> bool:
        """True where a row may show several labels at once, one column for each."""
        return bool(self.samples[0].labels)

    @property
    def classes(self) -> tuple[str, ...]:
        """The sorted labels, those that are all numbers as numbers; of several at once the names."""
        if self.multi_label:
            return tuple(sorted(self.samples[0].labels))
        labels = {sample.label for sample in self.samples if sample.label is not None}
        return tuple(sorted(labels, key=_label_order))

    @property
    def sides(self) -> tuple[str, ...]:
        """What a training part must show: the classes; of several labels each one with and without."""
        if self.multi_label:
            return tuple(f"{name}={side}" for name in self.classes for side in (0, 1))
        return self.classes

    def sides_of(self, sample: Sample) -> tuple[str, ...]:
        """Those of `sides` that a sample shows."""
        if self.multi_label:
            known = [(name, value) for name, value in sample.labels.items() if value is not None]
            return tuple(f"{name}={int(value)}" for name, value in known)
        return () if sample.label is None else (sample.label,)

    def class_counts(self, samples: Iterable[Sample] | None = None) -> dict[str, int]:
        """How many of `samples` (None: of all) are of each class; of several labels at once, show each."""
        among = self.samples if samples is None else tuple(samples)
        if self.multi_label:
            return {name: sum(bool(sample.labels[name]) for sample in among) for name in self.classes}
        counts = Counter(sample.label for sample in among)
        return {name: counts[name] for name in self.classes}

    @property
    def subjects(self) -> tuple[str, ...]:
        """The sorted subject IDs."""
        return tuple(sorted({sample.subject_id for sample in self.samples}))

    @property
    def region(self) -> str:
        """``lesion`` where every sample has a mask or a marker, else ``whole``."""
        given = all(sample.mask_path is not None or sample.marker is not None for sample in self.samples)
        return "lesion" if given else "whole"

    @property
    def digest(self) -> str:
        """sha256 of everything that training can see of the table, independent of the order of rows."""
        rows = sorted(json.dumps(_row(sample), sort_keys=True) for sample in self.samples)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def by_name(self) -> dict[str, Sample]:
        """Name -> sample."""
        return {sample.name: sample for sample in self.samples}


def _label_order(label: str) -> tuple[int, float, str]:
    """Numbers first and by value, words after them by letter."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _row(sample: Sample) -> dict[str, object]:
    """What of a row enters the digest: no absolute path, so that a moved cohort is the same cohort."""
    marker = sample.marker and (*sample.marker.centre_mm, sample.marker.diameter_mm)
    columns = (
        "subject_id",
        "image",
        "label",
        "mask",
        "series_uid",
        "lesion_id",
        "site",
        "split",
        "spacing_known",
        "spacing_mm",
    )
    row = {name: getattr(sample, name) for name in columns} | {"marker": marker, "extra": dict(sample.extra)}
    later = {"segment": sample.segment, "labels": dict(sample.labels)}
    return row | {key: value for key, value in later.items() if value}  # older digests have no such keys
