"""Which images look the same, although not every value is equal?

The hash of an image holds its lowest frequencies: the image is averaged over 32 x 32 cells (a volume: over
20 x 20 x 20), and of their discrete cosine transform the 16 x 16 (10 x 10 x 10) lowest coefficients are kept
without the mean. So far it is the DCT hash of C. Zauner, Implementation and Benchmarking of Perceptual Image
Hash Functions, 2010, section 3.2.1. That one keeps the sign of each coefficient; here each is divided by the
median magnitude and squeezed by tanh to -127..127, because signs of coefficients near 0 follow the noise.
Likeness is the cosine of the angle between two hashes. docs/results.md has the figures behind the threshold.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.sparse import csr_array

NEAR = 0.1
"""Distance (1 minus the likeness) up to which two images are near copies."""

CELLS = {2: 32, 3: 20}
KEPT = {2: 16, 3: 10}
"""Cells and coefficients along each axis, by dimensions."""

LEAST_SIDE = 16
"""Voxels along the two longest axes below which an image has too little detail to be told from others."""

NOTHING = 1e-5
"""Share of the largest coefficient below which one is rounding and no picture."""

LEAST_TEXTURE = 0.25
"""Share of the coefficients that must be more than rounding."""

BLOCK = 2048
"""Images compared with as many others at a time: 16 MiB of likenesses, whatever the number of images."""

PREFIX = 4
"""Every fourth coefficient is compared first; what is lost can only make a pair look nearer."""

ROUNDING = 1e-4
"""What the first comparison may be off by, in float32."""

Floats = NDArray[np.float32]


def cell_weights(side: int, cells: int) -> Floats:
    """Share of each of `side` voxels in the mean of each of `cells` equal cells along an axis: (cells, side).

    >>> cell_weights(4, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    edges = np.linspace(0.0, side, cells + 1)
    voxel = np.arange(side)
    overlap = np.minimum(edges[1:, None], voxel + 1) - np.maximum(edges[:-1, None], voxel)
    return np.asarray(np.clip(overlap, 0.0, None) * cells / side, dtype=np.float32)


class Cells:
    """The means over an image's cells, gathered slice by slice so that no copy of the image is made.

    The weights are sparse: one pass over the voxels, and no threads of BLAS that wait for each other.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        """For an image of this shape along i, j, k."""
        self.shape, self.dims = shape, 2 if shape[2] == 1 else 3
        number = CELLS[self.dims]
        self._i, self._j = (csr_array(cell_weights(side, number)) for side in shape[:2])
        self._k = cell_weights(shape[2], number if self.dims == 3 else 1)
        self._means = np.zeros((len(self._k), number, number))

    def add(self, k: int, plane: NDArray[np.generic]) -> None:
        """Take slice `k`, an array (j, i); values beyond float32 leave the hash empty."""
        with np.errstate(over="ignore", invalid="ignore"):
            means = (self._i @ (self._j @ plane.astype(np.float32)).T).T
        held = np.flatnonzero(self._k[:, k])
        self._means[held] += self._k[held, k][:, None, None] * means

    def hash(self) -> bytes:
        """The hash, a signed byte for each coefficient (255 for 2D, 999 for 3D).

        Empty where the image has too little texture to be told from others: a side below `LEAST_SIDE`, or
        fewer coefficients than `LEAST_TEXTURE` that are more than rounding.
        """
        if sorted(self.shape)[1] < LEAST_SIDE:
            return b""
        means = self._means if self.dims == 3 else self._means[0]
        kept = (slice(KEPT[self.dims]),) * self.dims
        if not np.isfinite(means).all():
            return b""
        lowest = dctn(means - means.mean(), norm="ortho")[kept].ravel()[1:]
        size = np.abs(lowest)
        real = size > NOTHING * size.max()
        if real.mean() < LEAST_TEXTURE:
            return b""
        squeezed = np.tanh(lowest / np.median(size[real]))
        return np.round(127 * squeezed * real).astype(np.int8).tobytes()


def near_pairs(hashes: Sequence[bytes]) -> Iterator[tuple[int, int, float]]:
    """Pairs (first < second) of hashes within `NEAR`, with their distance, in ascending order.

    Empty hashes and hashes of another length are like nothing. Block by block: memory grows with the
    hashes alone, time with the square of their number (100,000 images: 5e9 pairs).
    """
    found: list[tuple[int, int, float]] = []
    for length in sorted({len(code) for code in hashes} - {0}):
        members = np.array([n for n, code in enumerate(hashes) if len(code) == length])
        codes = np.stack([np.frombuffer(hashes[n], dtype=np.int8) for n in members])
        for rows, columns, distances in _near(codes):
            found += zip(members[rows].tolist(), members[columns].tolist(), distances.tolist(), strict=True)
    yield from sorted(found)


def _near(
    codes: NDArray[np.int8],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Rows, columns and distances of the near pairs above the diagonal, a block at a time.

    A product of vectors is at most that of their prefixes plus that of the lengths of their remainders
    (Cauchy and Schwarz), so pairs that are far apart are known after a quarter of the work.
    """
    short, starts = _shortened(codes), range(0, len(codes), BLOCK)
    for top in starts:
        for left in starts[top // BLOCK :]:
            likeness = short[top : top + BLOCK] @ short[left : left + BLOCK].T
            rows, columns = np.nonzero(likeness >= 1 - NEAR - ROUNDING)
            rows, columns = rows + top, columns + left
            upper = rows < columns
            yield from _measured(codes, rows[upper], columns[upper])


def _shortened(codes: NDArray[np.int8]) -> Floats:
    """The codes scaled to length 1: every fourth coefficient, and the length of the others: (N, m + 1)."""
    unit = codes / np.sqrt((codes.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    prefix = unit[:, ::PREFIX]
    rest = np.sqrt(np.clip(1 - (prefix**2).sum(axis=1, keepdims=True), 0, None))
    return np.hstack([prefix, rest]).astype(np.float32)


def _measured(
    codes: NDArray[np.int8], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Those of the pairs that are near, with their distances: whole numbers, so every machine agrees."""
    for begin in range(0, len(rows), BLOCK):
        i, j = rows[begin : begin + BLOCK], columns[begin : begin + BLOCK]
        a, b = codes[i].astype(np.int64), codes[j].astype(np.int64)
        likeness = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        near = likeness >= 1 - NEAR
        yield i[near], j[near], np.maximum(0, 1 - likeness[near])
