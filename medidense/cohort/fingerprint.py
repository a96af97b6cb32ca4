"""What is a cohort like, in the figures that a plan is made from?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from medidense.cohort.images import ImageFacts
from medidense.cohort.label_columns import one_sided
from medidense.errors import CohortError, Problem
from medidense.values import Cohort

AIR = -500.0
SOFT = 100.0
STORED = (-8192.0, 40000.0)
"""Images look like Hounsfield units when they reach below AIR and above SOFT and never leave STORED
(12 to 16 stored bits with the usual offsets); arbitrary MR values and pictures do not go far below 0."""

LUNG_SHARE = 0.05
"""Share of aerated lung near the lesions from which on they are taken as lung lesions."""


@dataclass(frozen=True)
class Spread:
    """How a figure is distributed over the samples."""

    median: float
    p90: float
    p95: float
    largest: float


@dataclass(frozen=True)
class Fingerprint:
    """A cohort in figures; nothing in it identifies a subject.

    `spacing_mm` is the median along R, A, S (i, j, k for 2D), `spacing_range_mm` the finest and the coarsest
    of all axes that a crop has; both None where any spacing is unknown, and then `extent` and `shape` speak
    of voxels. `extent` is the longest side of the lesions' boxes, None for whole images; `side` the longest
    side of the images. `masks`: every row gives its lesion as a mask. `modality` is None where no file states
    one and the values suggest none; `modality_words` says how it was found.
    """

    name: str
    samples: int
    subjects: int
    class_counts: Mapping[str, int]
    region: str
    with_region: int
    masks: bool
    dims: int
    pictures: bool
    modality: str | None
    modality_words: str
    looks_like_hu: bool
    lung: bool
    two_valued: bool
    whole_numbers_to_255: bool
    spacing_mm: tuple[float, float, float] | None
    spacing_range_mm: tuple[float, float] | None
    shape: tuple[int, int, int]
    side: Spread
    extent: Spread | None
    intensity: Mapping[str, float]
    """Medians over the images of their minimum, p01, p50, p99, maximum."""
    planes: bool = True
    """False where the user wants the crop itself to be seen, not its planes."""
    without: Mapping[str, int] = field(default_factory=dict)
    """Of several labels at once: how many samples are known not to show each; `class_counts` show it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the cohort."""
        return tuple(self.class_counts)

    @property
    def unit(self) -> str:
        """What lengths are measured in."""
        return "voxels" if self.spacing_mm is None else "mm"

    def to_json(self) -> dict[str, object]:
        """The fields, as JSON takes them."""
        return asdict(self)


def fingerprint(cohort: Cohort, facts: Sequence[ImageFacts]) -> Fingerprint:
    """The figures of a cohort whose images `check_images` found good.

    Raises CohortError where one recipe cannot serve all images: slices beside volumes, or two modalities; and
    for a label, one of several, that all rows show or none.
    """
    problems = [*one_sided(cohort), *_mixed_dims(cohort, facts), *_mixed_modalities(cohort, facts)]
    if problems:
        raise CohortError.several(problems)
    dims = facts[0].dims
    known = all(fact.spacing_known for fact in facts)
    gaps = np.array([fact.spacing_mm[:dims] for fact in facts])
    sides = np.array([fact.shape for fact in facts]) * np.array([fact.spacing_mm for fact in facts])
    extents = [max(fact.extent_mm[:dims]) for fact in facts if fact.extent_mm is not None]
    hu = _looks_like_hu(facts)
    modality, words = _modality(facts, hu)
    return Fingerprint(
        name=cohort.name,
        samples=len(facts),
        subjects=len(cohort.subjects),
        class_counts=cohort.class_counts(),
        without=_without(cohort),
        region=cohort.region,
        with_region=len(extents),
        masks=all(sample.mask_path is not None for sample in cohort.samples),
        dims=dims,
        pictures=all(fact.kind == "picture" for fact in facts),
        modality=modality,
        modality_words=words,
        looks_like_hu=hu,
        lung=modality == "CT" and float(np.median([fact.lung for fact in facts])) >= LUNG_SHARE,
        two_valued=all(fact.two_valued for fact in facts),
        whole_numbers_to_255=all(fact.minimum >= 0 and fact.maximum <= 255 for fact in facts)
        and float(np.median([fact.maximum for fact in facts])) > 64,
        spacing_mm=_triple(np.median([fact.spacing_mm for fact in facts], axis=0)) if known else None,
        spacing_range_mm=(float(gaps.min()), float(gaps.max())) if known else None,
        shape=_whole(np.median([fact.shape for fact in facts], axis=0)),
        side=_spread((sides if known else np.array([fact.shape for fact in facts])).max(axis=1)),
        extent=_spread(np.array(extents)) if cohort.region == "lesion" else None,
        intensity={
            name: float(np.median([getattr(fact, name) for fact in facts]))
            for name in ("minimum", "p01", "p50", "p99", "maximum")
        },
    )


def _without(cohort: Cohort) -> dict[str, int]:
    """Of several labels at once: how many samples are known not to show each."""
    if not cohort.multi_label:
        return {}
    return {name: sum(one.labels[name] is False for one in cohort.samples) for name in cohort.classes}


def _looks_like_hu(facts: Sequence[ImageFacts]) -> bool:
    """Whether the values could be Hounsfield units, judged over all images."""
    low = np.array([fact.minimum for fact in facts])
    high = np.array([fact.maximum for fact in facts])
    reach = float(np.mean(low < AIR)) >= 0.9 and float(np.median(high)) > SOFT
    return reach and bool(low.min() >= STORED[0] and high.max() <= STORED[1])


def _modality(facts: Sequence[ImageFacts], hu: bool) -> tuple[str | None, str]:
    """The modality of the cohort, and how it is known."""
    stated = [fact.modality for fact in facts if fact.modality]
    if stated:
        silent = len(facts) - len(stated)
        rest = f"; {silent} of {len(facts)} samples do not state theirs and are taken as {stated[0]} too"
        return stated[0], f"the files state the modality {stated[0]}{rest if silent else ''}"
    if hu and not any(fact.kind == "picture" for fact in facts):
        low = float(np.median([fact.minimum for fact in facts]))
        high = float(np.median([fact.maximum for fact in facts]))
        words = (
            "no file states its modality; the values look like Hounsfield units (the images' median "
            f"minimum is {low:.0f}, their median maximum {high:.0f}), so they are taken as CT"
        )
        return "CT", words
    if all(fact.kind == "picture" for fact in facts):
        return None, "pictures do not state their modality, and none is assumed"
    return (
        None,
        "no file states its modality, and the values do not look like Hounsfield units: none is assumed",
    )


def _mixed_dims(cohort: Cohort, facts: Sequence[ImageFacts]) -> list[Problem]:
    """Slices beside volumes."""
    rarer = _rarer([fact.dims for fact in facts])
    if rarer is None:
        return []
    first = next(number for number, fact in enumerate(facts) if fact.dims == rarer)
    count = sum(fact.dims == rarer for fact in facts)
    kind = "single slices" if rarer == 2 else "volumes"
    sample = cohort.samples[first]
    rule = (
        f"single slices and volumes in one cohort: {count} of {len(facts)} samples are {kind}, this the first"
    )
    step = "make a cohort of each"
    return [Problem(f"{cohort.name} row {sample.row}", rule, repr(sample.image), step)]


def _mixed_modalities(cohort: Cohort, facts: Sequence[ImageFacts]) -> list[Problem]:
    """More than one stated modality; a line for the first sample of each rare one."""
    counts = Counter(fact.modality for fact in facts if fact.modality)
    problems = []
    for modality, _ in counts.most_common()[1:]:
        first = next(number for number, fact in enumerate(facts) if fact.modality == modality)
        sample = cohort.samples[first]
        rest = ", ".join(f"{name}: {count}" for name, count in counts.most_common())
        rule = f"more than one modality in one cohort ({rest}); the first of {modality}"
        step = "make a cohort of each modality"
        problems.append(Problem(f"{cohort.name} row {sample.row}", rule, repr(sample.image), step))
    return problems


def _rarer(values: Sequence[int]) -> int | None:
    """The least frequent value, None where all are equal."""
    counts = Counter(values).most_common()
    return counts[-1][0] if len(counts) > 1 else None


def _spread(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> Spread:
    """Median, 90th and 95th percentile, maximum."""
    p50, p90, p95 = np.percentile(values, (50, 90, 95))
    return Spread(
        round(float(p50), 3), round(float(p90), 3), round(float(p95), 3), round(float(values.max()), 3)
    )


def _triple(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[float, float, float]:
    x, y, z = (round(float(value), 4) for value in values)
    return x, y, z


def _whole(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[int, int, int]:
    i, j, k = (round(float(value)) for value in values)
    return i, j, k
