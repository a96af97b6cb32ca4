"""What would a tilted stack be on a straight grid? Each slice moved sideways in its own plane, linearly."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def straighten(slanted: Array, shifts: NDArray[np.float64], target: Array) -> None:
    """Put a stack on the straight grid of `target` (i, j, k) float32, from its slices as acquired.

    `slanted` (columns, rows, n) holds the slices in the order of k, `shifts` (n, 2) by how many pixels along
    i and j each is moved, at least 0. It moves within its own plane, so the distance between slices stays as
    measured. What no slice covers gets the lowest value of the stack, air in a CT.
    """
    outside = float(slanted.min())
    for k, shift in enumerate(shifts):
        target[:, :, k] = _moved(slanted[:, :, k], shift, target.shape[:2], outside)


def _moved(plane: Array, shift: NDArray[np.float64], shape: tuple[int, ...], outside: float) -> Array:
    """A slice (i, j) moved by `shift` pixels on a canvas of `shape`, bilinear."""
    steps = np.floor(shift).astype(int)
    part = shift - steps
    framed = np.full((shape[0] + 1, shape[1] + 1), outside, dtype=np.float64)  # one more for the fraction
    covered = framed[steps[0] + 1 :, steps[1] + 1 :][: plane.shape[0], : plane.shape[1]]
    covered[...] = plane[: covered.shape[0], : covered.shape[1]]
    along = (1 - part[0]) * framed[1:] + part[0] * framed[:-1]
    moved: Array = (1 - part[1]) * along[:, 1:] + part[1] * along[:, :-1]
    return moved
