"""What a thorax-like CT with nodules of known kind and place looks like."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from medidense.phantoms.anatomy import LUNG, LUNGS, add_vessel, body_of
from medidense.phantoms.nodules import occupancy, surface
from medidense.values.volume import Source, Volume

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

KINDS = ("smooth", "spiculated")
NODULE_HU = (-30.0, 60.0)
"""Mean and standard deviation, over nodules of either kind, of the mean inside a nodule's mask."""
NOISE_HU = 25.0
DIAMETERS_MM = (12.0, 17.0)
SUBSAMPLES = (2, 2, 3)
"""Points within a voxel over which a nodule's share is averaged: slices are thick."""


@dataclass(frozen=True)
class LesionOptions:
    """Which nodules a phantom holds, one for each kind, at most two (one a lung).

    `diameters_mm` None draws each from 12 to 17 mm; `spacing_mm` None draws 0.8 to 1.0 mm in plane and 1.8 to
    2.25 mm between slices; `shape` None is 112 x 112 voxels and as many slices as make about 72 mm.
    """

    kinds: tuple[str, ...] = KINDS
    diameters_mm: tuple[float, ...] | None = None
    spacing_mm: Point | None = None
    shape: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.kinds) <= 2 or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"one or two kinds of {KINDS}, not {self.kinds}")
        if self.diameters_mm is not None and len(self.diameters_mm) != len(self.kinds):
            raise ValueError("as many diameters as kinds")


@dataclass(frozen=True, eq=False)
class PhantomLesion:
    """One nodule: centre in RAS+ mm, diameter of the ball of its volume in mm, kind, bool mask (i, j, k)."""

    centre_mm: Point
    diameter_mm: float
    kind: str
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Phantom:
    """A CT volume (int16 HU, stored LPS as scanners do) and its nodules."""

    volume: Volume
    lesions: tuple[PhantomLesion, ...]


def lesion_phantom(seed: int | Sequence[int], options: LesionOptions | None = None) -> Phantom:
    """The phantom of a seed: the same seed and options give the same bytes.

    >>> lesion_phantom(0).volume.array.dtype
    dtype('int16')
    """
    options = options or LesionOptions()
    random = np.random.default_rng(seed)
    spacing = options.spacing_mm or _drawn_spacing(random)
    shape = options.shape or (112, 112, min(max(round(72.0 / spacing[2]), 32), 40))
    volume = Volume(np.zeros(shape, np.int16), _affine(spacing, random), Source("phantom", modality="CT"))
    offsets = _offsets(shape, spacing)
    hu, lungs = body_of(offsets)
    for _ in range(int(random.integers(5, 9))):
        add_vessel(hu, offsets, lungs, random)
    sides = random.permutation(2)
    lesions = []
    for number, kind in enumerate(options.kinds):
        drawn = float(random.uniform(*DIAMETERS_MM))
        diameter = drawn if options.diameters_mm is None else options.diameters_mm[number]
        index = _place(LUNGS[sides[number]], shape, spacing, diameter, random)
        mask = _add_nodule(hu, (kind, diameter, index), spacing, random)
        lesions.append(PhantomLesion(volume.point_of(index), diameter, kind, mask))
    noise = gaussian_filter(random.normal(size=shape), (0.6, 0.6, 0.0))
    hu += noise * (NOISE_HU / float(noise.std()))
    array = np.clip(np.rint(hu), -1024, 3000).astype(np.int16)
    return Phantom(volume.with_array(array), tuple(lesions))


def _drawn_spacing(random: np.random.Generator) -> Point:
    """Spacing of one subject in mm, in steps that DICOM's decimals state exactly."""
    plane = round(float(random.uniform(0.8, 1.0)), 3)
    return plane, plane, round(float(random.uniform(1.8, 2.25)), 2)


def _affine(spacing: Point, random: np.random.Generator) -> Floats:
    """Stored LPS: i runs to the left, j to the back, k upwards, from a corner drawn in steps of 0.1 mm."""
    affine = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    affine[:3, 3] = np.round(random.uniform((30, 30, -300), (60, 60, -100)), 1)
    return affine


def _offsets(shape: tuple[int, int, int], spacing: Point) -> tuple[Floats, Floats, Floats]:
    """Millimetres from the centre of the image along i, j, k."""
    i, j, k = (
        (np.arange(n, dtype=np.float64) - (n - 1) / 2) * np.float64(gap)
        for n, gap in zip(shape, spacing, strict=True)
    )
    return i, j, k


def _place(
    side: float, shape: tuple[int, int, int], spacing: Point, diameter: float, random: np.random.Generator
) -> Floats:
    """Index (3,) of a nodule's centre inside a lung, in quarters of a voxel."""
    field = (shape[0] - 1) * spacing[0]
    room = max((shape[2] - 1) * spacing[2] / 2 - 1.1 * diameter, 0.0)
    centre = np.array([side * field, 0.0, 0.0]) + random.uniform(-1, 1, 3) * (
        0.02 * field,
        0.12 * field,
        room,
    )
    index = centre / spacing + (np.array(shape) - 1) / 2
    return np.asarray(np.round(index * 4) / 4)


def _add_nodule(
    hu: Floats, nodule: tuple[str, float, Floats], spacing: Point, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw a nodule (kind, diameter in mm, centre index); the mask of voxels at least half in it."""
    kind, diameter, index = nodule
    body = surface(kind, diameter, random)
    box, points = [], []
    for n, middle, gap, fine in zip(hu.shape, index, spacing, SUBSAMPLES, strict=True):
        reach = math.ceil(1.2 * diameter / gap)
        box.append(slice(max(round(middle) - reach, 0), min(round(middle) + reach + 1, n)))
        steps = np.arange(box[-1].start * fine, box[-1].stop * fine)
        points.append(((steps + 0.5) / fine - 0.5 - middle) * gap)
    share = occupancy(body, (points[0], points[1], points[2]), softness_mm=0.6)
    i, j, k = (part.stop - part.start for part in box)
    a, b, c = SUBSAMPLES
    share = share.reshape(i, a, j, b, k, c).mean(axis=(1, 3, 5))
    inner = (box[0], box[1], box[2])
    # A spiculated nodule has more voxels that are partly lung; its own density makes up for them.
    filled = float(share[share >= 0.5].mean())
    density = (float(random.normal(*NODULE_HU)) - (1.0 - filled) * LUNG) / filled
    hu[inner] += share * (density - hu[inner])
    mask = np.zeros(hu.shape, dtype=bool)
    mask[inner] = share >= 0.5
    return mask
