"""How far apart do two affines put the same grid of voxels?"""

import numpy as np
from numpy.typing import NDArray


def corner_distance(
    first: NDArray[np.float64], second: NDArray[np.float64], shape: tuple[int, int, int]
) -> float:
    """Greatest distance in mm between what two affines (4, 4) make of the eight corner voxels' centres.

    >>> corner_distance(np.eye(4), np.diag([1.0, 1.0, 2.0, 1.0]), (5, 5, 4))
    3.0
    """
    ends = [(0, side - 1) for side in shape]
    corners = np.array([(i, j, k, 1) for i in ends[0] for j in ends[1] for k in ends[2]], dtype=np.float64)
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())
