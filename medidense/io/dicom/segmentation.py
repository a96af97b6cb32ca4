"""Which voxels of an image does a segment of a DICOM segmentation hold?

A segmentation (PS3.3, A.51) is a set of frames, in any order. Its type says what their numbers mean
(C.8.20.2.3): 0 and 1 of one segment (BINARY), shares of one segment (FRACTIONAL), or the numbers of segments
(LABELMAP). Its functional groups say where each frame lies; a frame's own word counts before the shared one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from medidense.io.dicom.elements import numbers, word
from medidense.io.dicom.geometry import lps_from_ras
from medidense.io.dicom.objects import choose, items, read_object, understood
from medidense.io.dicom.planes import Layout, planes
from medidense.io.grids import Grid, corner_distance, other_grid
from medidense.io.guard import LIMITS, Limits
from medidense.values import Refused

Mask = NDArray[np.bool_]
Test = Callable[[NDArray[Any]], Mask]

LEAST_SHARE = 0.5
"""Of MaximumFractionalValue: what is lesion with this probability, or to this part, is lesion."""

BACKGROUND = ("125040", "DCM")
"""The coded type of what is no segment in a label map (PS3.16, annex D)."""


@dataclass(frozen=True)
class _Frame:
    """One frame: its number from 0, and its plane in LPS mm, as stated.

    `position` is the centre of its first pixel; `orientation` the direction of a row, then of a column;
    `spacing` the distance of rows, then of columns.
    """

    number: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]


@dataclass(frozen=True)
class _Place:
    """The slice of an image that a frame is: the axes that its rows, its columns and the slices count along,
    which of the first two run backwards, and the slice's number."""

    axes: tuple[int, int, int]
    backwards: tuple[bool, bool]
    level: int

    def of(self, mask: Mask) -> Mask:
        """That slice of `mask` as the frame sees it, (rows, columns): a view."""
        view = mask.transpose(self.axes)[:, :, self.level]
        return np.flip(view, tuple(axis for axis in (0, 1) if self.backwards[axis]))


def read_segment(path: Path, grid: Grid, segment: str = "", limits: Limits = LIMITS) -> Mask:
    """The voxels of one segment, a bool array of `grid.shape`; `segment` is its number or its label.

    Every frame of it must be a whole slice of the image, along whichever axis, its rows and columns in any
    order and direction; a slice without a frame holds no lesion. Raises Refused GRID where a frame is no such
    slice or the frames of reference differ, REPEATED_POSITION for two frames of one slice, CONFLICT or
    NO_MASK as `choose` does, and NO_GEOMETRY, BAD_TYPE, UNKNOWN_SYNTAX, TRUNCATED, CORRUPT, NESTING, NO_TS or
    TOO_LARGE.
    """
    found = read_object(path, limits)
    with understood(path):
        layout = Layout.of(found, path)
        number = choose(_segments(found, path), segment, path)
        is_lesion = _test(found, number, path)
        frames = list(_frames(found, number, layout, path))
        frame_uid = word(found, "FrameOfReferenceUID")
    grid.check_frame(frame_uid, path)
    places = {frame.number: _place(frame, layout, grid, path) for frame in frames}
    slices = {(place.axes[2], place.level) for place in places.values()}
    if len(slices) < len(places):
        said, expected = f"{len(places)} frames of {len(slices)} slices", "one frame a slice"
        raise Refused("REPEATED_POSITION", path, said, expected, "export the segmentation again")
    mask = np.zeros(grid.shape, dtype=np.bool_, order="F")  # as the slices of a series lie
    for at, stored in zip(sorted(places), planes(found, layout, sorted(places), path), strict=True):
        view = places[at].of(mask)
        view |= is_lesion(stored)
    return mask


def _segments(found: Dataset, path: Path) -> list[tuple[int, str]]:
    """(number, label) of each segment. What a label map says of its background is none."""
    is_map = word(found, "SegmentationType") == "LABELMAP"
    padding = numbers(found, "PixelPaddingValue", 1)
    segments = []
    for item in items(found, "SegmentSequence", path):
        number = int(item.SegmentNumber)
        types = item.get("SegmentedPropertyTypeCodeSequence") or [Dataset()]
        code = (word(types[0], "CodeValue"), word(types[0], "CodingSchemeDesignator"))
        if not is_map or ((number,) != padding and code != BACKGROUND):
            segments.append((number, word(item, "SegmentLabel")))
    return segments


def _test(found: Dataset, number: int, path: Path) -> Test:
    """What tells the pixels that are lesion. Refused BAD_TYPE or CORRUPT."""
    kind = word(found, "SegmentationType")
    if kind == "BINARY":
        return lambda stored: stored > 0
    if kind == "LABELMAP":
        return lambda stored: stored == number
    step = "export the segmentation again"
    if kind != "FRACTIONAL":
        said = f"SegmentationType {kind!r}"
        raise Refused("BAD_TYPE", path, said, "BINARY, FRACTIONAL or LABELMAP", step)
    most = numbers(found, "MaximumFractionalValue", 1)
    if most is None or most[0] <= 0:
        where = f"{path} MaximumFractionalValue"
        raise Refused("CORRUPT", where, "none that can be used", "a number above 0", step)
    least = LEAST_SHARE * most[0]
    return lambda stored: stored >= least


def _frames(found: Dataset, number: int, layout: Layout, path: Path) -> Iterator[_Frame]:
    """The frames of one segment; of a label map all. Refused CONFLICT, CORRUPT or NO_GEOMETRY."""
    own = items(found, "PerFrameFunctionalGroupsSequence", path)
    if len(own) != layout.frames:
        said, expected = f"{len(own)} descriptions of frames", f"NumberOfFrames {layout.frames}"
        raise Refused("CONFLICT", path, said, expected, "export the segmentation again")
    shared = found.get("SharedFunctionalGroupsSequence") or [Dataset()]
    is_map = word(found, "SegmentationType") == "LABELMAP"
    for at, item in enumerate(own):
        groups = (item, shared[0])
        whose = numbers(_group(groups, "SegmentIdentificationSequence"), "ReferencedSegmentNumber", 1)
        if not is_map and whose is None:
            step = "export the segmentation again"
            raise Refused("CORRUPT", path, f"frame {at + 1} of no segment", "a segment number", step)
        if is_map or whose == (number,):
            yield _Frame(
                number=at,
                position=_stated(groups, ("PlanePositionSequence", "ImagePositionPatient", 3), path, at),
                orientation=_stated(
                    groups, ("PlaneOrientationSequence", "ImageOrientationPatient", 6), path, at
                ),
                spacing=_stated(groups, ("PixelMeasuresSequence", "PixelSpacing", 2), path, at),
            )


def _group(groups: tuple[Dataset, Dataset], sequence: str) -> Dataset:
    """The functional group of that name: the frame's own, else the shared one, else an empty one."""
    for group in groups:
        if group.get(sequence):
            only: Dataset = group[sequence][0]
            return only
    return Dataset()


def _stated(
    groups: tuple[Dataset, Dataset], what: tuple[str, str, int], path: Path, at: int
) -> tuple[float, ...]:
    """Numbers of a frame's plane; `what` is their group, their keyword, and how many. Refused NO_GEOMETRY."""
    sequence, keyword, count = what
    values = numbers(_group(groups, sequence), keyword, count)
    if values is None:
        where, step = f"{path} frame {at + 1} {keyword}", "export the segmentation with its geometry"
        raise Refused("NO_GEOMETRY", where, "none that can be used", f"{count} numbers", step)
    return values


def _place(frame: _Frame, layout: Layout, grid: Grid, path: Path) -> _Place:
    """The slice of the image that a frame is. Refused GRID."""
    plane = np.eye(4)
    plane[:3, 0] = np.array(frame.orientation[:3]) * frame.spacing[1]
    plane[:3, 1] = np.array(frame.orientation[3:]) * frame.spacing[0]
    plane[:3, 2], plane[:3, 3] = 0, frame.position
    image = lps_from_ras(grid.affine)
    index = np.linalg.solve(image, plane)
    steps = np.rint(index[:3, :2])
    along, down = (int(axis) for axis in np.abs(steps).argmax(axis=0))
    name = f"frame {frame.number + 1}"
    if along == down or not (np.abs(steps).sum(axis=0) == 1).all():
        raise other_grid(path, f"{name} with axes in other directions or of other spacing", "the image's")
    sides = grid.shape[along], grid.shape[down]
    if (layout.columns, layout.rows) != sides:
        said = f"{name} of {layout.columns} x {layout.rows} pixels"
        raise other_grid(path, said, f"{sides[0]} x {sides[1]}")
    through = 3 - along - down
    level = np.rint(index[through, 3])
    if not 0 <= level < grid.shape[through]:
        raise other_grid(path, f"{name} beside the image", f"one of its {grid.shape[through]} slices")
    backwards = bool(steps[down, 1] < 0), bool(steps[along, 0] < 0)
    nearest = np.zeros((4, 4))
    nearest[:3, :2], nearest[through, 3], nearest[3, 3] = steps, level, 1
    nearest[down, 3] = grid.shape[down] - 1 if backwards[0] else 0
    nearest[along, 3] = grid.shape[along] - 1 if backwards[1] else 0
    off = corner_distance(plane, image @ nearest, (layout.columns, layout.rows, 1))
    if off > grid.allowed_mm:
        expected = f"at most {grid.allowed_mm:.3g} mm"
        raise other_grid(path, f"{name} with corners {off:.3g} mm from the nearest slice's", expected)
    return _Place((down, along, through), backwards, int(level))
