"""The lesion that a sample is about, on its image's grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Marker:
    """A lesion given as a point and a diameter, in RAS+ millimetres, before it met its image."""

    centre_mm: Point
    diameter_mm: float


@dataclass(frozen=True, eq=False)
class Region:
    """A lesion on the grid of one volume.

    `centre_mm` is the centre of the lesion's bounding box in RAS+ millimetres, `extent_mm` the size of that
    box along the volume's own i, j, k. `mask` is a bool array of the volume's shape, or None where the
    lesion was given as a point: then it is taken as a ball of `extent_mm[0]` in diameter.
    """

    centre_mm: Point
    extent_mm: Point
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite([*self.centre_mm, *self.extent_mm]).all() or min(self.extent_mm) <= 0:
            raise ValueError(f"a region has a finite centre and a positive extent, not {self}")
