"""What do the images of a cohort hold, and can every one be read with its lesion?"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.cohort.prints import image_print
from medidense.errors import CohortError, Problem
from medidense.io import patient_key, read_region, read_volume
from medidense.preprocess import require_one_channel, with_spacing
from medidense.values import CODES, Cohort, Refusal, Refused, Region, Sample, Volume
from medidense.values.volume import orientation

Triple = tuple[float, float, float]

MOST_VOXELS = 4_000_000
"""Percentiles of larger images come from an even grid of about this many voxels."""

AROUND_MM = 16.0
"""How far beyond a lesion its surroundings are looked at."""

LUNG = (-950.0, -600.0)
"""Hounsfield units of aerated lung; air outside the body is lower, fat (about -100) and all else higher."""


@dataclass(frozen=True)
class ImageFacts:
    """What one sample's image and lesion are like; nothing here identifies a subject but `patient_key`.

    `shape` and `spacing_mm` are along the axes turned to the closest RAS+ (as stored for 2D images). Where
    the spacing is unknown `spacing_mm` is 1 and millimetres are voxels. `extent_mm` is the lesion's box along
    the same axes, None without a lesion. Intensities are modality values of the whole image. `two_valued`:
    it holds two values only, as a shape does. `lung` is the share of voxels near the lesion (in the whole
    image without one) that would be aerated lung if the values were Hounsfield units. `patient_key` is a
    digest of the DICOM PatientID, empty for other files. `digest` and `look` know the image again
    (`cohort.prints`). `lesion` is the centre and the size of the lesion's box, in voxels along the axes
    turned to the closest RAS+, None without a lesion.
    """

    sample: str
    modality: str | None
    kind: str
    shape: tuple[int, int, int]
    spacing_mm: Triple
    spacing_known: bool
    dims: int
    extent_mm: Triple | None
    minimum: float
    p01: float
    p50: float
    p99: float
    maximum: float
    mean: float
    two_valued: bool
    lung: float
    patient_key: str
    digest: str = ""
    look: bytes = b""
    lesion: tuple[float, ...] | None = None


def check_images(
    cohort: Cohort, progress: Callable[[int], None] = lambda done: None
) -> tuple[ImageFacts, ...]:
    """Open every image of a cohort once, with every lesion in it; facts in the order of `cohort.samples`.

    `progress` is told how many samples are done. Raises CohortError with a line for each sample whose image
    or lesion is refused, and for one DICOM PatientID under two subject_ids.
    """
    facts: dict[str, ImageFacts] = {}
    problems: dict[int, Problem] = {}
    done = 0
    for samples in _by_image(cohort):
        for sample, found in _read_group(samples):
            if isinstance(found, Refusal):
                problems[sample.row] = problem_at_row(cohort.name, sample, found)
            else:
                facts[sample.name] = found
        done += len(samples)
        progress(done)
    found_twice = _patient_problems(cohort, facts)
    if problems or found_twice:
        rows = sorted([*problems.items(), *found_twice], key=lambda item: item[0])
        raise CohortError.several([problem for _, problem in rows])
    return tuple(facts[sample.name] for sample in cohort.samples)


def problem_at_row(cohort: str, sample: Sample, refusal: Refusal) -> Problem:
    """A refusal as a line about the row that brought it: cohort, row, cell as typed, code, values."""
    of_mask = sample.mask_path is not None and f"{refusal.where} ".startswith(f"{sample.mask_path} ")
    cell = f"mask {sample.mask!r}" if of_mask else f"image {sample.image!r}"
    found = refusal.found if not refusal.expected else f"{refusal.found}, expected {refusal.expected}"
    rule = f"{cell}: {refusal.code}: {CODES[refusal.code]}"
    return Problem(f"{cohort} row {sample.row}", rule, found, refusal.next_step)


def _by_image(cohort: Cohort) -> list[list[Sample]]:
    """The samples grouped by the image they lie in, so that each image is read once."""
    groups: dict[tuple[Path, str], list[Sample]] = defaultdict(list)
    for sample in cohort.samples:
        groups[Path(sample.image_path), sample.series_uid].append(sample)
    return list(groups.values())


def _read_group(samples: list[Sample]) -> Iterator[tuple[Sample, ImageFacts | Refusal]]:
    """Facts, or the refusal, of each sample of one image."""
    path, series = Path(samples[0].image_path), samples[0].series_uid
    try:
        volume = read_volume(path, series_uid=series)
        require_one_channel(volume, path)
        key = patient_key(path, series_uid=series)
    except Refused as refused:
        yield from ((sample, refused.refusal) for sample in samples)
        return
    values = _Values.of(volume)
    found = image_print(volume)
    for sample in samples:
        try:
            facts = _facts(sample, volume, values, key)
            yield sample, replace(facts, digest=found.digest, look=found.look)
        except Refused as refused:
            yield sample, refused.refusal


@dataclass(frozen=True)
class _Values:
    """Figures of the whole image, taken once for all lesions in it."""

    minimum: float
    p01: float
    p50: float
    p99: float
    maximum: float
    mean: float
    two_valued: bool

    @classmethod
    def of(cls, volume: Volume) -> "_Values":
        """From every voxel, percentiles from an even grid of a large image."""
        array: NDArray[Any] = volume.array
        step = max(1, math.ceil((array.size / MOST_VOXELS) ** (1 / 3)))
        low, high = array.min(), array.max()
        p01, p50, p99 = np.percentile(array[::step, ::step, ::step], (1, 50, 99))
        return cls(
            minimum=float(low),
            p01=float(p01),
            p50=float(p50),
            p99=float(p99),
            maximum=float(high),
            mean=float(array.mean(dtype=np.float64)),
            two_valued=bool(((array == low) | (array == high)).all()),
        )


def _facts(sample: Sample, volume: Volume, values: _Values, key: str) -> ImageFacts:
    """Everything about one sample. Raises Refused for a constant image or a lesion that does not fit."""
    if values.minimum == values.maximum:
        step = "drop the row, or export the image again"
        raise Refused("CONSTANT", sample.image_path, f"{values.minimum:g} everywhere", "an image", step)
    volume = with_spacing(volume, sample)
    region, known = _region(sample, volume), volume.spacing_known
    axes = orientation(volume.affine)[0] if volume.dims == 3 else (0, 1, 2)
    spacing = volume.spacing_mm if known else (1.0, 1.0, 1.0)
    extent = None
    if region is not None:
        unit = (1.0, 1.0, 1.0) if known else volume.spacing_mm
        extent = _turned([size / step for size, step in zip(region.extent_mm, unit, strict=True)], axes)
    i, j, k = (volume.shape[axis] for axis in axes)
    return ImageFacts(
        sample=sample.name,
        modality=volume.source.modality,
        kind=volume.source.kind,
        shape=(i, j, k),
        spacing_mm=_turned(spacing, axes),
        spacing_known=known,
        dims=volume.dims,
        extent_mm=extent,
        lung=_lung_share(_surroundings(volume, region)),
        patient_key=key,
        lesion=None if region is None else _place(volume, region),
        **vars(values),
    )


def _region(sample: Sample, volume: Volume) -> Region | None:
    """The sample's lesion on its image's grid. Raises Refused."""
    if sample.mask_path is None and sample.marker is None:
        return None
    mask = None if sample.mask_path is None else Path(sample.mask_path)
    marker = None if mask else sample.marker
    return read_region(volume, mask_path=mask, marker=marker, segment=sample.segment)


def _place(volume: Volume, region: Region) -> tuple[float, ...]:
    """Centre and size of the lesion's box in voxels along the axes turned to the closest RAS+."""
    axes, signs = orientation(volume.affine)
    centre, last = volume.index_of(region.centre_mm), np.array(volume.shape) - 1
    size = np.array(region.extent_mm) / volume.spacing_mm
    turned = [centre[a] if sign > 0 else last[a] - centre[a] for a, sign in zip(axes, signs, strict=True)]
    return tuple(float(number) for number in (*turned, *size[list(axes)]))


def _turned(along: "list[float] | Triple", axes: tuple[int, int, int]) -> Triple:
    """Figures along i, j, k put in the order of `axes`."""
    x, y, z = (float(along[axis]) for axis in axes)
    return x, y, z


def _surroundings(volume: Volume, region: Region | None) -> NDArray[Any]:
    """The voxels of the lesion's box and `AROUND_MM` beyond; without a lesion an even grid of the image."""
    if region is None:
        step = max(1, math.ceil((volume.array.size / MOST_VOXELS) ** (1 / 3)))
        return volume.array[::step, ::step, ::step]
    spacing = np.array(volume.spacing_mm)
    centre = np.round(volume.index_of(region.centre_mm)).astype(int)
    reach = np.ceil((np.array(region.extent_mm) / 2 + AROUND_MM) / spacing).astype(int)
    low = np.clip(centre - reach, 0, np.array(volume.shape) - 1)
    high = np.clip(centre + reach + 1, low + 1, volume.shape)
    return volume.array[low[0] : high[0], low[1] : high[1], low[2] : high[2]]


def _lung_share(array: NDArray[Any]) -> float:
    """Share of the values between the limits of `LUNG`."""
    return float(np.mean((array > LUNG[0]) & (array < LUNG[1])))


def _patient_problems(cohort: Cohort, facts: dict[str, ImageFacts]) -> list[tuple[int, Problem]]:
    """Rows whose DICOM PatientID another subject_id of the table has; one line for each pair of subjects."""
    owner: dict[str, Sample] = {}
    told: set[tuple[str, str]] = set()
    problems = []
    for sample in cohort.samples:
        key = facts[sample.name].patient_key if sample.name in facts else ""
        first = owner.setdefault(key, sample) if key else sample
        pair = (first.subject_id, sample.subject_id)
        if first.subject_id != sample.subject_id and pair not in told:
            told.add(pair)
            rule = f"one DICOM PatientID under two subject_ids: row {first.row} has another one"
            step = "one patient has one subject_id; where an anonymiser gave one ID to all, export them again"
            problem = Problem(f"{cohort.name} row {sample.row}", rule, "", step)
            problems.append((sample.row, problem))
    return problems
