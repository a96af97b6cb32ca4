"""Where in a cube lie the maps of its three planes?"""

import math

import numpy as np
from numpy.typing import NDArray

from medidense.nets import PLANES
from medidense.preprocess import SamplingGrid


def spread_planes(maps: NDArray[np.float32], grid: SamplingGrid) -> NDArray[np.float32]:
    """Maps of the central planes, float32 (3, S, S), placed in their cube: (S, S, S), 0 between them.

    Plane p lies across axis p. Each is made as thick as half a source voxel on both sides, so that a coarse
    stack of slices has one that shows it; where planes cross the stronger evidence stands.
    """
    side = maps.shape[-1]
    cube = np.zeros((side,) * 3, dtype=np.float32)
    for axis in range(PLANES):
        reach = math.ceil(0.5 / grid.step[axis])
        slab = np.moveaxis(cube, axis, 0)[max(side // 2 - reach, 0) : side // 2 + reach + 1]
        np.maximum(slab, maps[axis], out=slab)
    return cube
