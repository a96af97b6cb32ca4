"""Which grid a recipe asks for on an image: geometry is rounded once, so that twins agree bit for bit.

A DICOM series states positions as decimals; its NIfTI twin states them as float32, perhaps from another
corner and in another axis order. For coordinates up to 512 mm that is a difference of some 3e-5 mm. So
geometry enters by two rounded quantities only, both on binary grids:

- the source spacing, to a multiple of 2**-13 mm (0.00012 mm). Usual spacings are decimals of few digits, or a
  field of view divided by 512: the former never lie near a tie (an odd multiple of 2**-14), the latter lie on
  the grid itself. A spacing's float32 error is some 1e-7 mm.
- the centre of the crop, to a multiple of 1/16 source voxel. The centre of a mask's box is a multiple of 1/2
  and a clicked voxel is a whole number: both lie on the grid, and float32 error cannot move them. A point
  anywhere else has a tie within that error with a probability of about 1 in 1000; then twins
  differ by 1/16 voxel.

Direction cosines do not enter: the samples follow the image's own axes, which also makes sampling separable.
"""

import math
from collections.abc import Sequence

from medidense.preprocess.grid import Axes, SamplingGrid
from medidense.values.input import Input
from medidense.values.refusal import Refused
from medidense.values.region import Region
from medidense.values.volume import Volume, orientation

SPACING_STEP_MM = 2.0**-13
CENTRE_STEP = 1.0 / 16.0
MARGIN = 0.25
"""Share of a lesion's box that is added on each side where the crop is scaled to the lesion."""


def sampling_grid(volume: Volume, region: Region | None, spec: Input) -> SamplingGrid:
    """The grid that `spec` asks for on this volume.

    In 3D, and in 2D of a 3D image, the axes are those of the image closest to R, A, S (or as stored); a
    2D crop of a 3D image is the plane across the third of them nearest to the lesion's centre. A single
    slice is sampled in its own plane. Where `spec.spacing_mm` is None one scale is taken for all axes:
    the whole image, or the lesion's box and a quarter of it on each side, just fits.

    Raises Refused COLOUR, NO_REGION, OUTSIDE, DIMENSIONS, NO_GEOMETRY.
    """
    _check(volume, region, spec)
    axes, signs = orientation(volume.affine) if spec.orientation == "RAS" else ((0, 1, 2), (1, 1, 1))
    flips = (signs[0] < 0, signs[1] < 0, signs[2] < 0)
    shape = _triple([volume.shape[axis] for axis in axes])
    lesion = region if spec.region == "lesion" else None
    normal = None if spec.dims == 3 else axes.index(2) if volume.dims == 2 else 2
    spacing = _source_spacing(volume, axes)
    centre = [(n - 1) / 2 for n in shape] if lesion is None else _centre(volume, lesion, axes, flips)
    planar = [axis for axis in range(3) if axis != normal]
    steps, counts = [1.0, 1.0, 1.0], [1, 1, 1]
    wanted = spec.spacing_mm or _fitting_mm(
        volume, lesion, [(axes[a], spacing[a]) for a in planar], spec.size
    )
    for axis, size, target in zip(planar, spec.size, wanted, strict=True):
        steps[axis], counts[axis] = target / spacing[axis], size
    if normal is not None:
        centre[normal] = float(min(max(math.floor(centre[normal] + 0.5), 0), shape[normal] - 1))
    start = [centre[axis] - (counts[axis] - 1) / 2 * steps[axis] for axis in range(3)]
    return SamplingGrid(
        axes,
        flips,
        shape,
        (start[0], start[1], start[2]),
        (steps[0], steps[1], steps[2]),
        _triple(counts),
        normal,
    )


def require_one_channel(volume: Volume, where: object) -> None:
    """Refuse COLOUR for an image of three channels: what is measured and trained here has one."""
    if volume.channels != 1:
        step = "save the images as grey; training on colour comes with a later version"
        raise Refused("COLOUR", where, f"{volume.channels} channels", "one channel", step)


def _check(volume: Volume, region: Region | None, spec: Input) -> None:
    """Refuse what has no grid."""
    where = f"{volume.source.kind} image"
    require_one_channel(volume, where)
    if spec.region == "lesion" and region is None:
        step = "give the lesion as a mask or as a point with a diameter"
        raise Refused("NO_REGION", where, "no lesion", "a mask or a point with a diameter", step)
    whole_stack = spec.region == "whole" and spec.dims == 2 and volume.dims == 3
    if (spec.dims == 3 and volume.dims == 2) or whole_stack:
        found = f"an image of {' x '.join(str(n) for n in volume.shape)} voxels"
        expected = "one slice or picture" if whole_stack else "a volume of several slices"
        step = "choose the slice, give a lesion, or use a recipe for this kind of image"
        raise Refused("DIMENSIONS", where, found, expected, step)
    if spec.spacing_mm is not None and not volume.spacing_known:
        step = "set input.spacing_mm to null in the recipe, or give images with a known spacing"
        raise Refused("NO_GEOMETRY", where, "an unknown spacing", "a spacing in mm", step)


def _source_spacing(volume: Volume, axes: Axes) -> list[float]:
    """Rounded spacing along canonical axes; 1 for all where millimetres mean nothing."""
    if not volume.spacing_known:
        return [1.0, 1.0, 1.0]
    rounded = [round(volume.spacing_mm[axis] / SPACING_STEP_MM) * SPACING_STEP_MM for axis in axes]
    if min(rounded) <= 0:
        found = f"a spacing of {min(volume.spacing_mm):g} mm"
        step = "check the unit of length that the file states"
        raise Refused("NO_GEOMETRY", f"{volume.source.kind} image", found, "at least 0.0001 mm", step)
    return rounded


def _centre(volume: Volume, region: Region, axes: Axes, flips: tuple[bool, bool, bool]) -> list[float]:
    """Canonical index of the lesion's centre, rounded."""
    stored = volume.index_of(region.centre_mm)
    centre = []
    for axis, flip in zip(axes, flips, strict=True):
        last = volume.shape[axis] - 1
        index = float(last - stored[axis] if flip else stored[axis])
        centre.append(math.floor(index / CENTRE_STEP + 0.5) * CENTRE_STEP)
        if not -0.5 <= centre[-1] <= last + 0.5:
            found = f"voxel {index:.1f} along an axis of {last + 1}"
            step = "check the coordinate frame (RAS or LPS) and that the lesion belongs to this image"
            raise Refused("OUTSIDE", f"{volume.source.kind} image", found, f"0 to {last}", step)
    return centre


def _fitting_mm(
    volume: Volume, lesion: Region | None, planar: Sequence[tuple[int, float]], size: tuple[int, ...]
) -> tuple[float, ...]:
    """One target spacing for all axes, such that the image or the lesion with its margin just fits.

    `planar` holds (stored axis, rounded spacing) of each tensor axis.
    """
    needed = []
    for (axis, spacing), count in zip(planar, size, strict=True):
        voxels = float(volume.shape[axis])
        if lesion is not None:
            box = lesion.extent_mm[axis] / volume.spacing_mm[axis]
            voxels = max(round(box / CENTRE_STEP) * CENTRE_STEP, CENTRE_STEP) * (1 + 2 * MARGIN)
        needed.append(voxels * spacing / count)
    return (max(needed),) * len(size)


def _triple(numbers: Sequence[int]) -> Axes:
    """Three numbers as a tuple of known length."""
    return numbers[0], numbers[1], numbers[2]
