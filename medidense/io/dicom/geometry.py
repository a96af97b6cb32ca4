"""Where do the slices of a series lie? Their order, their even grid, and the one turn from LPS to RAS.

DICOM states positions in LPS (PS3.3, C.7.6.2.1.1); everything outside this module is RAS+ millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.attributes import Plane
from medidense.io.dicom.headers import Header, tell_apart
from medidense.values import Refused

Floats = NDArray[np.float64]

LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns LPS into RAS and RAS into LPS."""

SAME_PLACE_MM = 0.01
SAME_DIRECTION = 1e-3
SAME_SPACING = 1e-4
"""Relative."""
STEP_MM, STEP_SHARE = 0.02, 0.01
"""A step may differ from the median one by the larger of the two."""
SHIFT_MM, SHIFT_PIXELS = 0.1, 0.5
"""A stack may wander sideways by the larger of the two; beyond, it is tilted."""
REPAIRED, BEYOND_REPAIR = 1e-4, 1e-2
"""How far direction cosines may be from unit length and right angles: without a word, with a warning."""


@dataclass(frozen=True, eq=False)
class Stack:
    """The files of one volume in the order of k, and the affine (4, 4) from (i, j, k, 1) to RAS+ mm.

    i counts columns, j rows, k slices along the normal (row direction x column direction).
    """

    headers: tuple[Header, ...]
    affine: Floats
    warnings: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        rows, columns = self.headers[0].pixels.shape
        return columns, rows, len(self.headers)


def lay_out(headers: Sequence[Header], where: object) -> Stack:
    """The stack that single-frame images of one size form.

    Raises Refused NO_GEOMETRY, SEVERAL_SERIES (orientations), CONFLICT (spacings), REPEATED_POSITION, TILTED,
    MISSING_SLICE or UNEVEN; `where` names the input in them.
    """
    warnings = [warning for header in headers if (warning := _check_plane(header))]
    spread = np.array([header.plane.orientation for header in headers], dtype=np.float64)
    row, column, normal = _axes(spread[0])
    turned = int((np.abs(spread - spread[0]).max(axis=1) > SAME_DIRECTION).sum())
    if turned:
        said = f"{turned} of {len(headers)} slices in another orientation"
        raise Refused("SEVERAL_SERIES", where, said, "one orientation", "give one series of parallel slices")
    down, right = _spacing(headers, where)
    positions = np.array([header.plane.position for header in headers], dtype=np.float64)
    _refuse_repeated(headers, positions, where)
    order = np.argsort(positions @ normal, kind="stable")
    positions, ordered = positions[order], tuple(headers[index] for index in order)
    _refuse_tilted(positions, normal, min(down, right), where)
    if len(ordered) > 1:
        step = even_step(positions @ normal, where)
    elif ordered[0].plane.thickness is not None:
        step = ordered[0].plane.thickness
    else:
        step = 1.0
        warnings.append("REPAIRED_VALUE: one slice without SliceThickness is taken as 1 mm thick")
    affine = np.eye(4)
    affine[:3, :] = np.column_stack([row * right, column * down, normal * step, positions[0]])
    return Stack(ordered, LPS_RAS @ affine, tuple(dict.fromkeys(warnings)))


def even_step(along: Floats, where: object) -> float:
    """Mean distance of sorted positions (n,) in mm. Refused MISSING_SLICE or UNEVEN where they are not even.

    >>> round(even_step(np.array([0.0, 2.0, 4.001, 6.0]), "a"), 3)
    2.0
    >>> even_step(np.array([0.0, 5.0, 15.0, 20.0]), "a")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    medidense.values.refusal.Refused: MISSING_SLICE: ... found steps of 5 to 10 mm, expected 5 mm; ... (a)
    """
    steps = np.diff(along)
    usual = float(np.sort(steps)[(len(steps) - 1) // 2])  # the lower median: gaps lengthen steps
    allowed = max(STEP_MM, STEP_SHARE * usual)
    odd = steps[np.abs(steps - usual) > allowed]
    said, expected = f"steps of {steps.min():.4g} to {steps.max():.4g} mm", f"{usual:.4g} mm"
    if len(odd):
        times = np.rint(odd / usual)
        if (times >= 2).all() and (np.abs(odd - times * usual) <= allowed * times).all():
            missing = int((times - 1).sum())
            step = f"find the {missing} missing, or give the complete part as a series of its own"
            raise Refused("MISSING_SLICE", where, said, expected, step)
        raise Refused("UNEVEN", where, said, expected, "resample the series to even slices first")
    grid = np.linspace(along[0], along[-1], len(along))
    if np.abs(along - grid).max() > usual / 2:
        raise Refused("UNEVEN", where, f"{said} that add up", expected, "resample the series first")
    return float(along[-1] - along[0]) / len(steps)


def ras_from_lps(point: tuple[float, float, float]) -> tuple[float, float, float]:
    """A point in LPS millimetres, as DICOM tools write it, in RAS+ millimetres.

    >>> ras_from_lps((10.0, -20.0, 30.0))
    (-10.0, 20.0, 30.0)
    """
    x, y, z = point
    return -x, -y, z


def lps_from_ras(affine: Floats) -> Floats:
    """A RAS+ affine (4, 4) as DICOM's LPS one, for writing."""
    return LPS_RAS @ affine


def _check_plane(header: Header) -> str:
    """Refused NO_GEOMETRY unless position, orientation and spacing are usable; a warning where repaired."""
    plane: Plane = header.plane
    stated = (
        ("ImagePositionPatient", plane.position, "three numbers"),
        ("ImageOrientationPatient", plane.orientation, "six numbers"),
        ("PixelSpacing", plane.spacing, "two numbers"),
    )
    step = "give the original images; screenshots and scanned films have no geometry"
    for keyword, value, expected in stated:
        if value is None:
            raise Refused("NO_GEOMETRY", f"{header.path} {keyword}", "none that can be used", expected, step)
    if plane.spacing is not None and min(plane.spacing) <= 0:
        raise Refused("NO_GEOMETRY", f"{header.path} PixelSpacing", plane.spacing, "positive numbers", step)
    cosines = np.array(plane.orientation, dtype=np.float64).reshape(2, 3)
    off = float(np.abs(cosines @ cosines.T - np.eye(2)).max())
    if off > BEYOND_REPAIR:
        where, expected = f"{header.path} ImageOrientationPatient", "two unit vectors at a right angle"
        raise Refused("NO_GEOMETRY", where, plane.orientation, expected, step)
    return "REPAIRED_VALUE: ImageOrientationPatient was made orthonormal" if off > REPAIRED else ""


def _axes(orientation: Floats) -> tuple[Floats, Floats, Floats]:
    """Unit vectors of a row, of a column and of the normal, at exact right angles."""
    row = orientation[:3] / np.linalg.norm(orientation[:3])
    column = orientation[3:] - (orientation[3:] @ row) * row
    column /= np.linalg.norm(column)
    return row, column, np.cross(row, column)


def _spacing(headers: Sequence[Header], where: object) -> tuple[float, float]:
    """(distance of rows, distance of columns) in mm; Refused CONFLICT where the files disagree."""
    stated = np.array([header.plane.spacing for header in headers], dtype=np.float64)
    if (np.abs(stated - stated[0]) > SAME_SPACING * stated[0]).any():
        low, high = stated.min(axis=0), stated.max(axis=0)
        said = f"PixelSpacing from {low.tolist()} to {high.tolist()}"
        raise Refused("CONFLICT", where, said, "one spacing", "give the files of one reconstruction")
    return float(stated[0, 0]), float(stated[0, 1])


def _refuse_repeated(headers: Sequence[Header], positions: Floats, where: object) -> None:
    """Refused REPEATED_POSITION where two images lie at one place; names what tells them apart."""
    order = np.lexsort(positions.T)
    near = np.abs(np.diff(positions[order], axis=0)).max(axis=1, initial=0.0) < SAME_PLACE_MM
    if not near.any():
        return
    at = int(np.argmax(near))
    first, second = (tell_apart(headers[order[at + n]].path) for n in (0, 1))
    differs = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    apart = f"they differ in {', '.join(differs)}" if differs else "nothing known tells them apart"
    places = len(headers) - int(near.sum())
    said = f"{len(headers)} images at {places} positions ({apart})"
    step = "give one time, echo or diffusion weighting as a series of its own"
    raise Refused("REPEATED_POSITION", where, said, "one image a position", step)


def _refuse_tilted(positions: Floats, normal: Floats, pixel: float, where: object) -> None:
    """Refused TILTED where sorted positions (n, 3) leave the line along the normal through the first."""
    away = positions - positions[0]
    shift = float(np.linalg.norm(away - np.outer(away @ normal, normal), axis=1).max())
    allowed = max(SHIFT_MM, SHIFT_PIXELS * pixel)
    if shift > allowed:
        said, expected = f"slices shifted sideways by {shift:.3g} mm", f"at most {allowed:.3g} mm"
        raise Refused("TILTED", where, said, expected, "resample the series to straight slices first")
