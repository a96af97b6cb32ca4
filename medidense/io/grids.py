"""Do two statements speak of the same grid of voxels, and how far may they be apart?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.values import Refused, Volume

Floats = NDArray[np.float64]

SHARE_OF_VOXEL, MOST_MM = 0.25, 0.5
"""A mask's corner voxels lie within a quarter of the smallest voxel side, and never more than 0.5 mm, of
their image's: enough for affines rounded by other tools, too little for a mask drawn on another grid."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of one image lie, without their values: all that drawing a lesion on it needs.

    `affine` (4, 4) takes (i, j, k, 1) to RAS+ mm; `frame_uid` is its FrameOfReferenceUID, "" if unknown.
    """

    shape: tuple[int, int, int]
    affine: Floats
    frame_uid: str = ""

    @classmethod
    def of(cls, volume: Volume) -> "Grid":
        """The grid of a volume."""
        return cls(volume.shape, volume.affine, volume.source.frame_uid)

    @property
    def spacing_mm(self) -> Floats:
        """Distance between neighbouring voxel centres along i, j, k, (3,)."""
        return np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))

    @property
    def allowed_mm(self) -> float:
        """How far a mask's voxels may lie from this grid's."""
        return min(SHARE_OF_VOXEL * float(self.spacing_mm.min()), MOST_MM)

    def check_frame(self, frame_uid: str, where: object) -> None:
        """Refused GRID where both frames of reference are known and differ."""
        if frame_uid and self.frame_uid and frame_uid != self.frame_uid:
            expected = f"the image's, {self.frame_uid}"
            raise other_grid(where, f"FrameOfReferenceUID {frame_uid}", expected)


def corner_distance(first: Floats, second: Floats, shape: tuple[int, int, int]) -> float:
    """Greatest distance in mm between what two affines (4, 4) make of the eight corner voxels' centres.

    >>> corner_distance(np.eye(4), np.diag([1.0, 1.0, 2.0, 1.0]), (5, 5, 4))
    3.0
    """
    ends = [(0, side - 1) for side in shape]
    corners = np.array([(i, j, k, 1) for i in ends[0] for j in ends[1] for k in ends[2]], dtype=np.float64)
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())


def other_grid(where: object, found: object, expected: object) -> Refused:
    """The refusal of a mask that was drawn on something else."""
    step = "give the mask that was drawn on this image, or resample it"
    return Refused("GRID", where, found, expected, step)
