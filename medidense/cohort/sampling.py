"""How large is the network's input, and how far apart are its voxels?"""

import math

from medidense.cohort.fingerprint import Fingerprint, Spread
from medidense.cohort.reasons import Choice, number

PLANE_SIDES = (33, 45, 57)
"""Sides of a cube whose central planes are seen, in voxels; odd, so that a voxel lies in the middle."""

DETAIL_MM = 0.7
"""No finer: on the LIDC nodules 0.7 mm gained little over 1 mm (AUROC 0.928 against 0.924)."""

COARSER = 1.25
"""How much coarser than planned the voxels may be before there are more of them."""

ROOM = 1.6
"""A crop of one slice shows this many times the 90th percentile of the lesions' extent."""

PLANE_ROOM = 1.05
"""The same for planes: 31 mm planes served LIDC nodules of 30 mm (90th percentile) best."""

LEAST_MM = 31.5
PICTURE_SIDES = (64, 224)
"""Shortest and longest side of a 2D input; DenseNet-121 halves it five times and breaks below 32."""

WHOLE_SIDES = (32, 64, 96)
"""Shortest, usual and longest side of a whole volume."""

CUBES_AN_EPOCH = 2000.0
"""Whole volumes get the longest side as long as an epoch shows the network at most this many times 32^3
voxels: a minute or so on two CPU cores."""

FILL = Choice(
    "input.fill",
    "reflect",
    "What lies outside an image is mirrored at its border. A constant would show the network where a crop "
    "ended, and on the LIDC nodules the depth of the crop alone reaches an AUROC of 0.863.",
)


def sees_planes(fp: Fingerprint) -> bool:
    """True for lesions of known size in volumes: their three central planes are seen (2.5D)."""
    return fp.planes and fp.dims == 3 and fp.extent is not None and fp.spacing_mm is not None


def choose_sampling(fp: Fingerprint) -> list[Choice]:
    """The keys of ``input`` that say which voxels enter the network, but for the intensities."""
    return [_dims(fp), _region(fp), *_grid(fp), FILL, _view(fp), _mask_channel(fp)]


def _view(fp: Fingerprint) -> Choice:
    if sees_planes(fp):
        reason = (
            "One network looks at the three planes through the lesion's middle: on the LIDC nodules as good "
            "as the whole cube or better (AUROC 0.92 against 0.91), in a fraction of the time. Set it to "
            "crop for a network in 3D."
        )
        return Choice("input.view", "planes", reason)
    what = "picture or slice" if fp.dims == 2 else "volume"
    return Choice("input.view", "crop", f"The network sees the whole {what} that input.size shows.")


def _mask_channel(fp: Fingerprint) -> Choice:
    key = "input.mask_channel"
    if sees_planes(fp) and fp.masks:
        reason = (
            "Every row gives its lesion as a mask, so the network sees it as a channel of its own. Scoring "
            "then refuses a lesion given as a point (NO_MASK); set it to false to score those too."
        )
        return Choice(key, True, reason)
    if fp.masks:
        return Choice(key, False, "The network sees the image alone. Set it to true to show it the mask too.")
    return Choice(key, False, "Not every row gives a mask, so the network sees the image alone.")


def _dims(fp: Fingerprint) -> Choice:
    what = "single slices or pictures" if fp.dims == 2 else "volumes of several slices"
    return Choice("input.dims", fp.dims, f"All {fp.samples} images are {what}.")


def _region(fp: Fingerprint) -> Choice:
    if fp.region == "lesion":
        reason = "Every row gives its lesion, as a mask or a point: the network sees a crop around it."
    elif fp.with_region:
        reason = (
            f"Only {fp.with_region} of {fp.samples} rows give a lesion, so the network sees the whole image. "
            "Give every row a lesion to crop around it."
        )
    else:
        reason = "No row gives a lesion, so the network sees the whole image."
    return Choice("input.region", fp.region, reason)


def _grid(fp: Fingerprint) -> list[Choice]:
    """Orientation, spacing and size."""
    if fp.spacing_mm is None:
        return _unknown_spacing(fp)
    orientation = Choice(
        "input.orientation", "RAS", "All images are turned to one orientation, whatever way they were stored."
    )
    if fp.extent is None:
        return [orientation, *(_whole_volume(fp) if fp.dims == 3 else _whole_slice(fp))]
    return [orientation, *(_lesion_volume(fp, fp.extent) if fp.dims == 3 else _lesion_slice(fp, fp.extent))]


def _lesion_volume(fp: Fingerprint, extent: Spread) -> list[Choice]:
    """A cube around the lesion whose planes are as fine as 0.7 mm (finer only for tiny lesions)."""
    finest, coarsest = fp.spacing_range_mm or (1.0, 1.0)
    start = max(DETAIL_MM, round(finest, 2))
    if extent.median < 5.0 and finest < DETAIL_MM:
        start = max(_up(extent.median / 8, 0.01), round(finest, 2), 0.01)
    wanted = max(LEAST_MM * start / DETAIL_MM, PLANE_ROOM * extent.p90)
    side = next((side for side in PLANE_SIDES if side * start * COARSER >= wanted), PLANE_SIDES[-1])
    spacing = max(start, _up(wanted / side, 0.05 if start >= DETAIL_MM else 0.01))
    spacing_reason = (
        f"The voxels are cubes of {number(spacing)} mm in every direction, so that a lesion looks the "
        f"same however the scanner sliced it ({_gaps(finest, coarsest)})."
    )
    size_reason = (
        f"{side} voxels of {number(spacing)} mm show {number(side * spacing)} mm. Nine of ten "
        f"lesions are at most {number(extent.p90)} mm long (the longest "
        f"{number(extent.largest)} mm). More voxels would cost more time."
    )
    return [
        Choice("input.spacing_mm", [spacing] * 3, spacing_reason),
        Choice("input.size", [side] * 3, size_reason),
    ]


def _lesion_slice(fp: Fingerprint, extent: Spread) -> list[Choice]:
    """A square around the lesion, at the images' own spacing unless that takes too many pixels."""
    own = max(fp.spacing_mm[:2]) if fp.spacing_mm else 1.0
    wanted = ROOM * extent.p90
    side = _side(wanted / own)
    spacing = max(own, wanted / side)
    spacing = round(own, 4) if spacing == own else _up(spacing, 0.01)
    how = (
        "the images' own spacing"
        if spacing <= own
        else f"coarser than the images' {number(own)} mm, to save time"
    )
    return [
        Choice("input.spacing_mm", [spacing] * 2, f"{number(spacing)} mm is {how}."),
        Choice(
            "input.size",
            [side] * 2,
            f"{side} pixels show {number(side * spacing)} mm; nine of ten lesions are at most "
            f"{number(extent.p90)} mm long.",
        ),
    ]


def _whole_volume(fp: Fingerprint) -> list[Choice]:
    """The whole volume, no finer than stored, in a box that fits nine of ten images."""
    gaps, shape = fp.spacing_mm or (1.0, 1.0, 1.0), fp.shape
    grown = fp.side.p90 / fp.side.median
    lengths = [gap * count * grown for gap, count in zip(gaps, shape, strict=True)]
    shortest, usual, longest = WHOLE_SIDES
    for most in (longest, 80, usual):
        spacing = max(min(gaps), _up(max(lengths) / most, 0.05))
        size = [min(most, max(shortest, 8 * math.ceil(length / spacing / 8 - 1e-6))) for length in lengths]
        if fp.samples * math.prod(size) / 32**3 <= CUBES_AN_EPOCH:
            break
    spacing = round(spacing, 4)
    shown = " x ".join(number(side * spacing) for side in size)
    return [
        Choice(
            "input.spacing_mm",
            [spacing] * 3,
            f"Cubes of {number(spacing)} mm: as fine as a box of at most {most} voxels a side "
            "allows, and no finer than the images.",
        ),
        Choice(
            "input.size",
            size,
            f"The box shows {shown} mm about the middle of the image; nine of ten images have no side over "
            f"{number(fp.side.p90)} mm. Time grows with the number of voxels.",
        ),
    ]


def _whole_slice(fp: Fingerprint) -> list[Choice]:
    """The whole slice at a spacing that fits nine of ten."""
    own = max(fp.spacing_mm[:2]) if fp.spacing_mm else 1.0
    side = _side(fp.side.p90 / own)
    spacing = _up(fp.side.p90 / side, 0.01) if fp.side.p90 / side > own else round(own, 4)
    return [
        Choice("input.spacing_mm", [spacing] * 2, f"At {number(spacing)} mm nine of ten images fit whole."),
        Choice("input.size", [side] * 2, _picture_reason(fp, side, f"{number(fp.side.p90)} mm")),
    ]


def _unknown_spacing(fp: Fingerprint) -> list[Choice]:
    """Each image, or each lesion, is scaled to the input's size."""
    as_stored = fp.pictures or fp.extent is not None
    why = (
        "Pictures have no patient axes: they are used the way they are seen."
        if fp.pictures
        else (
            "Without a spacing the axes are used as they are stored."
            if as_stored
            else "All images are turned to one orientation, whatever way they were stored."
        )
    )
    orientation = Choice("input.orientation", "as_stored" if as_stored else "RAS", why)
    length = fp.side.median if fp.extent is None else 1.5 * fp.extent.p90
    if fp.dims == 2:
        side = _side(length)
    else:
        side = min(WHOLE_SIDES[1], max(WHOLE_SIDES[0], 8 * math.ceil(length / 8)))
    if fp.extent is None:
        spacing = "Millimetres are not known, so each image is scaled until its longest side just fits."
        size = _picture_reason(fp, side, f"{number(fp.side.median)} pixels in the median")
    else:
        spacing = (
            "Millimetres are not known, so each crop is scaled until the lesion and a quarter of it on each "
            "side just fit: the network sees shape and texture, not size."
        )
        size = (
            f"Nine of ten lesions with that margin are at most {number(length)} voxels long in their images."
        )
    return [
        orientation,
        Choice("input.spacing_mm", None, spacing),
        Choice("input.size", [side] * fp.dims, size),
    ]


def _picture_reason(fp: Fingerprint, side: int, length: str) -> str:
    """Why a whole image gets this side."""
    if fp.dims == 3:
        why = "the next multiple of 8 voxels, at least 32 and at most 64"
    elif side == PICTURE_SIDES[0]:
        why = "DenseNet-121 halves it five times, so smaller images are enlarged to 64 pixels"
    elif side == PICTURE_SIDES[1]:
        why = "more than 224 pixels cost time and seldom help"
    else:
        why = f"{side} is the multiple of 32 that covers it"
    return f"The images' longest side is {length}; {why}."


def _side(pixels: float) -> int:
    """The next multiple of 32 that a 2D input may have."""
    return min(PICTURE_SIDES[1], max(PICTURE_SIDES[0], 32 * math.ceil(pixels / 32 - 1e-6)))


def _gaps(finest: float, coarsest: float) -> str:
    """The images' own spacings, in words."""
    if number(finest) == number(coarsest):
        return f"the images have {number(finest)} mm"
    return f"the images have {number(finest)} to {number(coarsest)} mm"


def _up(value: float, step: float) -> float:
    """`value` rounded up to a multiple of `step`, free of binary dust.

    >>> _up(1.0875, 0.05)
    1.1
    """
    return round(math.ceil(value / step - 1e-9) * step, 4)
