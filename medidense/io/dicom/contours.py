"""Which voxels of an image lie inside the contours of a DICOM structure set?

A structure set (RTSTRUCT, PS3.3, A.19) holds regions of interest, each a set of closed contours in the
image's planes. Here a region is a segment as any other: it is chosen by its ROINumber or its ROIName.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from medidense.io.dicom.elements import numbers, word
from medidense.io.dicom.geometry import lps_from_ras
from medidense.io.dicom.objects import choose, items, read_object, understood
from medidense.io.dicom.polygons import inside
from medidense.io.grids import Floats, Grid, other_grid
from medidense.io.guard import LIMITS, Limits
from medidense.values import Refused

Mask = NDArray[np.bool_]

CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
"""Contour types that enclose something (PS3.3, C.8.8.6.1)."""

HALF = 0.5
"""A contour this near to a slice lies on it, and the image ends this far beyond its outer voxels' centres."""


def read_contours(path: Path, grid: Grid, roi: str = "", limits: Limits = LIMITS) -> Mask:
    """The voxels inside the contours of one region, a bool array of `grid.shape`; `roi` its number or name.

    A voxel is inside when its centre is, or lies on a contour, by the even-odd rule over all contours of its
    slice (`polygons.inside`). A contour lies on the slice nearest to all of its points; nothing is filled in
    between slices. Raises Refused GRID where a contour lies on no slice, where those of one slice lie in two
    planes, or where the frames of reference differ; OUTSIDE for one that leaves the image; BAD_TYPE for open
    contours and points; BOMB for too many points; CONFLICT or NO_MASK as `choose` does, and TRUNCATED,
    CORRUPT, NESTING, NO_TS or TOO_LARGE.
    """
    found = read_object(path, limits)
    with understood(path):
        rois = [(int(item.ROINumber), item) for item in items(found, "StructureSetROISequence", path)]
        number = choose([(at, word(item, "ROIName")) for at, item in rois], roi, path)
        frame_uid = word(dict(rois)[number], "ReferencedFrameOfReferenceUID")
        contours = list(_contours(found, number, path, limits))
    grid.check_frame(frame_uid, path)
    if not contours:
        said = f"no contour of segment {number}"
        raise Refused("NO_MASK", path, said, "a lesion", "draw the lesion or choose another segment")
    to_index = np.linalg.inv(lps_from_ras(grid.affine))
    return _filled([points @ to_index[:3, :3].T + to_index[:3, 3] for points in contours], grid, path)


def _contours(found: Dataset, number: int, path: Path, limits: Limits) -> Iterator[Floats]:
    """The contours of one region, each (n, 3) in LPS mm. Refused BAD_TYPE, BOMB, CORRUPT or CONFLICT."""
    left = limits.contour_points
    for region in items(found, "ROIContourSequence", path):
        if int(region.ReferencedROINumber) != number:
            continue
        for item in region.get("ContourSequence") or ():
            points = _points(item, path, limits, left)
            left -= len(points)
            _check_type(item, points, path)
            if len(points):
                yield points


def _points(item: Dataset, path: Path, limits: Limits, left: int) -> Floats:
    """The points of one contour, (n, 3), from the stored text.

    pydicom takes ten times as long, and leaves a text beyond 64 KiB, which has no length of its own in
    explicit VR, as it is.
    """
    raw = item.get_item("ContourData")
    text = (raw.value if raw is not None else None) or b""
    if not isinstance(text, bytes):
        raise TypeError("ContourData is no text")
    many = (text.count(b"\\") + 1) // 3
    if many > left:
        said, expected = f"more than {limits.contour_points} points of contours", "no more"
        raise Refused("BOMB", path, said, expected, "check the file, or draw the lesion with fewer points")
    parts = text.strip(b" \0").split(b"\\")
    points = np.array(list(map(float, parts)) if parts != [b""] else [], dtype=np.float64)
    if not np.isfinite(points).all() or points.size % 3:
        said = f"{points.size} numbers, {int((~np.isfinite(points)).sum())} of them not finite"
        raise Refused(
            "CORRUPT", f"{path} ContourData", said, "x, y, z of every point", "export the object again"
        )
    stated = numbers(item, "NumberOfContourPoints", 1)
    if stated is not None and stated[0] != points.size // 3:
        said, expected = f"a contour of {points.size // 3} points", f"NumberOfContourPoints {stated[0]:g}"
        raise Refused("CONFLICT", path, said, expected, "export the object again")
    return points.reshape(-1, 3)


def _check_type(item: Dataset, points: Floats, path: Path) -> None:
    """Refused BAD_TYPE for what encloses nothing; a single point is named, for the table."""
    kind = word(item, "ContourGeometricType")
    if kind in CLOSED and not any(numbers(item, "ContourOffsetVector", 3) or ()):
        return
    said, step = f"a contour of type {kind!r}", "draw closed contours in the image's planes"
    if kind in CLOSED:
        said = "contours with an offset"
    elif kind == "POINT" and len(points) == 1:
        x, y, z = points[0]
        said = f"the point {x:g}, {y:g}, {z:g} (LPS)"
        step = "give it as x_mm, y_mm, z_mm with frame LPS and a diameter_mm"
    raise Refused("BAD_TYPE", path, said, "CLOSED_PLANAR contours", step)


def _filled(contours: Sequence[Floats], grid: Grid, path: Path) -> Mask:
    """The voxels inside contours (n, 3) in voxel steps. Refused GRID or OUTSIDE."""
    spread = np.max([np.ptp(points, axis=0) for points in contours], axis=0)
    through = min((2, 1, 0), key=lambda axis: float(spread[axis]))
    first, second = (axis for axis in range(3) if axis != through)
    slices: dict[int, list[Floats]] = {}
    for points in contours:
        level = _level(points[:, through], grid.shape[through], path)
        slices.setdefault(level, []).append(points)
    mask = np.zeros(grid.shape, dtype=np.bool_, order="F")
    for level, ones in slices.items():
        heights = [float(points[:, through].mean()) for points in ones]
        apart = (max(heights) - min(heights)) * float(grid.spacing_mm[through])
        if apart > grid.allowed_mm:
            raise other_grid(path, f"contours {apart:.3g} mm apart on one slice", "one plane a slice")
        for points in ones:
            _check_inside(points[:, (first, second)], (first, second), grid, path)
        flat = [points[:, (first, second)] for points in ones]
        view = mask.transpose((first, second, through))[:, :, level]
        view |= inside(flat, (grid.shape[first], grid.shape[second]))
    return mask


def _level(heights: Floats, slices: int, path: Path) -> int:
    """The slice that a contour lies on, all of it. Refused GRID."""
    level = float(np.rint(heights.mean()))
    if not 0 <= level < slices or np.abs(heights - level).max() > HALF:
        said = f"a contour from {heights.min():.2f} to {heights.max():.2f} in slices of the image"
        raise other_grid(path, said, f"contours on one slice each, of 0 to {slices - 1}")
    return int(level)


def _check_inside(points: Floats, axes: tuple[int, int], grid: Grid, path: Path) -> None:
    """Refused OUTSIDE where a contour leaves the image's box by more than a mask may be off."""
    for axis, along in zip(axes, points.T, strict=True):
        beyond = max(-HALF - float(along.min()), float(along.max()) - (grid.shape[axis] - HALF))
        if beyond * float(grid.spacing_mm[axis]) > grid.allowed_mm:
            said = f"a contour {beyond * float(grid.spacing_mm[axis]):.3g} mm beyond the image's edge"
            step = "give the image that the lesion was drawn on"
            raise Refused("OUTSIDE", path, said, "contours inside the image", step)
