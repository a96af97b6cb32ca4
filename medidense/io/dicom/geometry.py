"""Where do the slices of a series lie? Their order, their even grid, and the one turn from LPS to RAS.

DICOM states positions in LPS (PS3.3, C.7.6.2.1.1); everything outside this module is RAS+ millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.attributes import BEYOND_REPAIR, MARKS, Plane
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.stacks import SAME_PLACE_MM, places_of, value_of
from medidense.values import Refused

Floats = NDArray[np.float64]

LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns LPS into RAS and RAS into LPS."""

SAME_SPACING = 1e-4
"""Relative."""
THINNEST = 0.04
"""Share of a pixel by which slices are apart at least; closer ones lie in one plane. No scanner reconstructs
slices so much denser than pixels, but repeated images of a slice may drift."""
STEP_MM, STEP_SHARE = 0.02, 0.01
"""A step may differ from the median one by the larger of the two."""
SHIFT_MM, SHIFT_PIXELS = 0.1, 0.5
"""A stack may wander sideways by the larger of the two; beyond, it is tilted."""
ALMOST = 1e-3
"""A shift by less of a pixel needs no further pixel."""
SMALLEST_MM, LARGEST_MM, FARTHEST_MM = 1e-6, 1e4, 1e6
"""Pixels and positions beyond these are no image of a body, and squares of them no numbers."""
REPAIRED = 1e-4
"""How far direction cosines may be from unit length and right angles without a warning."""


@dataclass(frozen=True, eq=False)
class Stack:
    """The images of one volume in the order of k, and the affine (4, 4) from (i, j, k, 1) to RAS+ mm.

    i counts columns, j rows, k slices along the normal (row direction x column direction). `shifts` (n, 2)
    says, for a tilted stack that may be resampled, by how many pixels along i and j each slice lies beyond
    the one that lies least far; None for a straight stack. `affine` is the straight grid's.
    """

    frames: tuple[Frame, ...]
    affine: Floats
    warnings: tuple[str, ...]
    shifts: Floats | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along i, j, k, once a tilted stack is straight."""
        rows, columns = self.frames[0].pixels.shape
        if self.shifts is not None:
            wider, taller = np.ceil(self.shifts.max(axis=0) - ALMOST).astype(int)
            rows, columns = rows + int(taller), columns + int(wider)
        return columns, rows, len(self.frames)


def lay_out(frames: Sequence[Frame], where: object, *, allow_tilt: bool = False) -> Stack:
    """The stack that images of one size and orientation form.

    Raises Refused NO_GEOMETRY, CONFLICT (spacings), REPEATED_POSITION, TILTED, MISSING_SLICE or UNEVEN;
    `where` names the input in them.
    """
    checked: dict[object, str] = {}
    warnings = [warning for frame in frames if (warning := _check_plane(frame, checked))]
    row, column, normal = _axes(np.array(frames[0].plane.orientation, dtype=np.float64))
    down, right = _spacing(frames, where)
    _refuse_repeated(frames, where)
    positions = np.array([frame.plane.position for frame in frames], dtype=np.float64)
    order = np.argsort(positions @ normal, kind="stable")
    positions, ordered = positions[order], tuple(frames[index] for index in order)
    _refuse_flat(positions @ normal, min(down, right), where)
    tilted = _is_tilted(positions, normal, min(down, right), None if allow_tilt else where)
    step = _step(ordered, positions @ normal, where, warnings)
    origin, shifts = positions[0], None
    if tilted:
        away = (positions - origin) @ np.column_stack([row / right, column / down])
        shifts = away - away.min(axis=0)
        origin = origin + away.min(axis=0) @ np.stack([row * right, column * down])
        warnings.append("RESAMPLED: a tilted stack was resampled onto a straight grid, linearly")
    affine = np.eye(4)
    affine[:3, :] = np.column_stack([row * right, column * down, normal * step, origin])
    return Stack(ordered, LPS_RAS @ affine, tuple(dict.fromkeys(warnings)), shifts)


def _step(ordered: Sequence[Frame], along: Floats, where: object, warnings: list[str]) -> float:
    """Distance of the slices in mm; of a single one its stated thickness, or 1 with a warning."""
    if len(ordered) > 1:
        return even_step(along, where)
    if ordered[0].plane.thickness is not None:
        return ordered[0].plane.thickness
    warnings.append("REPAIRED_VALUE: one slice without SliceThickness is taken as 1 mm thick")
    return 1.0


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


def _check_plane(frame: Frame, checked: dict[object, str]) -> str:
    """Refused NO_GEOMETRY unless position, orientation and spacing are usable; a warning where repaired.

    `checked` holds what was found of other frames: most differ in their positions alone.
    """
    plane: Plane = frame.plane
    if plane.position is not None and max(map(abs, plane.position)) <= FARTHEST_MM:
        known = checked.get((plane.orientation, plane.spacing))
        if known is not None:
            return known
    stated = (
        ("ImagePositionPatient", plane.position, "three numbers"),
        ("ImageOrientationPatient", plane.orientation, "six numbers"),
        ("PixelSpacing", plane.spacing, "two numbers"),
    )
    step = "give the original images; screenshots and scanned films have no geometry"
    for keyword, value, expected in stated:
        if value is None:
            raise Refused("NO_GEOMETRY", f"{frame.path} {keyword}", "none that can be used", expected, step)
    if (
        plane.spacing is not None
        and not SMALLEST_MM <= min(plane.spacing) <= max(plane.spacing) <= LARGEST_MM
    ):
        expected = f"{SMALLEST_MM:g} to {LARGEST_MM:g} mm"
        raise Refused("NO_GEOMETRY", f"{frame.path} PixelSpacing", plane.spacing, expected, step)
    if plane.position is not None and max(map(abs, plane.position)) > FARTHEST_MM:
        expected = f"at most {FARTHEST_MM:g} mm"
        raise Refused("NO_GEOMETRY", f"{frame.path} ImagePositionPatient", plane.position, expected, step)
    if plane.skew > BEYOND_REPAIR:
        where, expected = f"{frame.path} ImageOrientationPatient", "two unit vectors at a right angle"
        raise Refused("NO_GEOMETRY", where, plane.orientation, expected, step)
    said = "REPAIRED_VALUE: ImageOrientationPatient was made orthonormal" if plane.skew > REPAIRED else ""
    checked[plane.orientation, plane.spacing] = said
    return said


def _axes(orientation: Floats) -> tuple[Floats, Floats, Floats]:
    """Unit vectors of a row, of a column and of the normal, at exact right angles."""
    row = orientation[:3] / np.linalg.norm(orientation[:3])
    column = orientation[3:] - (orientation[3:] @ row) * row
    column /= np.linalg.norm(column)
    return row, column, np.cross(row, column)


def _spacing(frames: Sequence[Frame], where: object) -> tuple[float, float]:
    """(distance of rows, distance of columns) in mm; Refused CONFLICT where the files disagree."""
    stated = np.array([frame.plane.spacing for frame in frames], dtype=np.float64)
    if (np.abs(stated - stated[0]) > SAME_SPACING * stated[0]).any():
        low, high = stated.min(axis=0), stated.max(axis=0)
        said = f"PixelSpacing from {low.tolist()} to {high.tolist()}"
        raise Refused("CONFLICT", where, said, "one spacing", "give the files of one reconstruction")
    return float(stated[0, 0]), float(stated[0, 1])


def _refuse_repeated(frames: Sequence[Frame], where: object) -> None:
    """Refused REPEATED_POSITION where images share a place and no attribute takes them apart."""
    places = places_of(frames)
    count = len(set(places.tolist()))
    if count == len(frames):
        return
    at = int(next(n for n, place in enumerate(places) if place != n))
    twins = frames[int(places[at])], frames[at]
    differs = [name for name in MARKS if value_of(twins[0], name) != value_of(twins[1], name)]
    apart = f"they differ in {', '.join(differs)}" if differs else "nothing known tells them apart"
    said = f"{len(frames)} images at {count} positions ({apart})"
    step = "give one time, echo or diffusion weighting as a series of its own"
    raise Refused("REPEATED_POSITION", where, said, "one image a position", step)


def _refuse_flat(along: Floats, pixel: float, where: object) -> None:
    """Refused REPEATED_POSITION where images lie side by side, or drifted, in one plane.

    `along` (n,) are sorted positions on the normal in mm, `pixel` is the smaller side of a pixel.
    """
    least = max(SAME_PLACE_MM, THINNEST * pixel)
    close = int(np.count_nonzero(np.diff(along) < least))
    if close:
        said = f"{len(along)} images, {close} of them within {least:.3g} mm of the plane of another"
        step = "give one time, echo, station or direction as a series of its own"
        raise Refused("REPEATED_POSITION", where, said, "one image a plane", step)


def _is_tilted(positions: Floats, normal: Floats, pixel: float, where: object | None) -> bool:
    """Whether sorted positions (n, 3) leave the line along the normal through the first.

    Then Refused TILTED, unless `where` is None.
    """
    away = positions - positions[0]
    shift = float(np.linalg.norm(away - np.outer(away @ normal, normal), axis=1).max())
    allowed = max(SHIFT_MM, SHIFT_PIXELS * pixel)
    if shift > allowed and where is not None:
        said, expected = f"slices shifted sideways by {shift:.3g} mm", f"at most {allowed:.3g} mm"
        raise Refused("TILTED", where, said, expected, "let it be resampled (--allow-tilt)")
    return shift > allowed
