"""Where the samples of a crop lie in its source image, and how what was found there comes back to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.preprocess.resample import interpolate
from medidense.values.volume import Volume

Triple = tuple[float, float, float]
Axes = tuple[int, int, int]


@dataclass(frozen=True)
class SamplingGrid:
    """The samples of one crop, as indices of the source image turned to canonical axes.

    Sample t along canonical axis a lies at index ``start[a] + t * step[a]``. `axes[a]` is the stored axis
    that became a, `flips[a]` says whether it was reversed, `shape` is the source's shape along canonical
    axes. `counts` are the samples along each axis; a 2D crop has one along `normal`, the axis its tensor
    lacks.
    """

    axes: Axes
    flips: tuple[bool, bool, bool]
    shape: Axes
    start: Triple
    step: Triple
    counts: Axes
    normal: int | None = None

    @property
    def size(self) -> tuple[int, ...]:
        """The tensor's shape: 3 numbers, or 2 for a crop of one plane."""
        return tuple(n for axis, n in enumerate(self.counts) if axis != self.normal)

    def positions(self, axis: int) -> NDArray[np.float64]:
        """Canonical source indices of the samples along one canonical axis."""
        samples = np.arange(self.counts[axis], dtype=np.float64)
        return np.asarray(self.start[axis] + samples * self.step[axis])

    def turned(self, array: NDArray[Any]) -> NDArray[Any]:
        """An array on the stored grid (i, j, k) seen along canonical axes; writing into it writes back."""
        view = np.transpose(array, self.axes)
        return view[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def source_index(self, index: Sequence[float]) -> NDArray[np.float64]:
        """Continuous stored index (3,) of a continuous tensor index (one number for each tensor axis)."""
        inner = list(index)
        if self.normal is not None:
            inner.insert(self.normal, 0.0)
        found = np.empty(3)
        for axis in range(3):
            at = self.start[axis] + inner[axis] * self.step[axis]
            found[self.axes[axis]] = self.shape[axis] - 1 - at if self.flips[axis] else at
        return found

    def to_source(self, values: NDArray[np.float32], volume: Volume) -> NDArray[np.float32]:
        """Map values on the tensor's grid, float32 of shape `size`, to the volume's own stored grid.

        Linear between samples, 0 outside the crop (half a step beyond its outer samples); a 2D crop fills the
        one slice that was sampled. Raises ValueError when the shapes are not this grid's.
        """
        out = np.zeros(volume.shape, dtype=np.float32)
        view = self.turned(out)
        if values.shape != self.size or view.shape != self.shape:
            raise ValueError(f"values {values.shape} or volume {volume.shape} do not belong to this grid")
        box, wanted = [], []
        for axis in range(3):
            at = (np.arange(self.shape[axis]) - self.start[axis]) / self.step[axis]
            inside = np.flatnonzero((at > -0.5) & (at < self.counts[axis] - 0.5))
            if not inside.size:
                return out
            box.append(slice(int(inside[0]), int(inside[-1]) + 1))
            wanted.append(np.clip(at[inside], 0, self.counts[axis] - 1))
        interpolate(values.reshape(self.counts), wanted, view[tuple(box)])
        return out
