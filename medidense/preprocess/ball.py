"""Which voxels does a lesion take that is given as a point and a diameter?"""

import math

import numpy as np
from numpy.typing import NDArray

from medidense.values.region import Region
from medidense.values.volume import Volume

Box = tuple[slice, slice, slice]


def ball_of(volume: Volume, region: Region) -> tuple[Box, NDArray[np.bool_]]:
    """A box of the image, along i, j, k, and which of its voxels lie in the ball of the region's diameter.

    Those whose centre does, in millimetres, and always the nearest to the ball's own centre.
    """
    radius = region.extent_mm[0] / 2.0
    box, squares = [], []
    for n, middle, spacing in zip(
        volume.shape, volume.index_of(region.centre_mm), volume.spacing_mm, strict=True
    ):
        nearest = min(max(round(float(middle)), 0), n - 1)
        reach = math.ceil(radius / spacing) + 1
        box.append(slice(max(nearest - reach, 0), min(nearest + reach, n - 1) + 1))
        squares.append(((np.arange(box[-1].start, box[-1].stop) - middle) * spacing) ** 2)
    distance = np.add.outer(np.add.outer(squares[0], squares[1]), squares[2])
    return (box[0], box[1], box[2]), (distance <= radius**2) | (distance == distance.min())


def drawn(volume: Volume, region: Region) -> NDArray[np.bool_]:
    """The lesion as a bool array of the image's shape (i, j, k): its mask, or its ball."""
    if region.mask is not None:
        return region.mask
    inside = np.zeros(volume.shape, dtype=bool)
    box, ball = ball_of(volume, region)
    inside[box] = ball
    return inside
