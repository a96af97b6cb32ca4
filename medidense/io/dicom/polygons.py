"""Which points of a grid lie inside polygons?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EDGE = 0.01
"""A grid point this close to an edge, in steps of the grid along a row or a column, lies on it: coordinates
are written with few decimals."""

BLOCK = 4096
"""Edges taken together, so that memory is bounded for any number of them."""


def inside(polygons: Sequence[Floats], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Grid points (u, v) of `shape` that lie inside closed polygons, each (n, 2) corners in grid steps.

    Even-odd rule over all polygons: a polygon within another is a hole, a slit that is passed twice changes
    nothing, the direction of walking does not matter. A point on an edge is inside: it is part of the region
    by PS3.3, C.8.8.6.3. So turning or flipping the grid turns the answer, and no more.

    >>> inside([np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])], (3, 3)).astype(int)
    array([[1, 1, 1],
           [1, 1, 0],
           [1, 0, 0]])
    """
    found = np.zeros(shape, dtype=np.bool_)
    corners = np.concatenate(polygons)
    low = np.clip(np.floor(corners.min(axis=0)), 0, shape).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=0)) + 2, low, shape).astype(np.int64)
    window = found[low[0] : high[0], low[1] : high[1]]
    window |= _inside([polygon - low for polygon in polygons], window.shape)
    return found


def _inside(polygons: Sequence[Floats], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """As `inside`, on all of a grid."""
    rows, lines = shape
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    crossed = np.zeros((rows + 1, lines), dtype=np.int64)
    on_edge = np.zeros((rows, lines), dtype=np.bool_)
    for first in range(0, len(start), BLOCK):
        tails, heads = start[first : first + BLOCK], end[first : first + BLOCK]
        line, at = _crossings(tails, heads, lines, on_edge=False)
        row = np.clip(np.ceil(at), 0, rows).astype(np.int64)
        crossed += np.bincount(row * lines + line, minlength=crossed.size).reshape(crossed.shape)
        _mark(on_edge, *_crossings(tails, heads, lines, on_edge=True))
        _mark(on_edge.T, *_crossings(tails[:, ::-1], heads[:, ::-1], rows, on_edge=True))
    return np.logical_xor.accumulate(crossed[:-1] % 2 == 1, axis=0) | on_edge


def _crossings(start: Floats, end: Floats, lines: int, *, on_edge: bool) -> tuple[NDArray[np.int64], Floats]:
    """(v, u) of every point where an edge meets a grid line v of 0 to `lines` - 1.

    An edge has its lower end and not its upper one, so that a corner is met once; with `on_edge` it has both
    and reaches `EDGE` further, and an edge along a line meets it at its start.
    """
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    if on_edge:
        first, last = np.ceil(low - EDGE), np.floor(high + EDGE)
    else:
        first, last = np.ceil(low), np.ceil(high) - 1
    first, last = np.clip(first, 0, lines), np.clip(last, -1, lines - 1)
    counts = np.maximum(last - first + 1, 0).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), counts)
    line = first[edge].astype(np.int64) + np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    rise = (end - start)[edge, 1]
    share = np.divide(line - start[edge, 1], rise, out=np.zeros(len(edge)), where=rise != 0)
    return line, start[edge, 0] + np.clip(share, 0, 1) * (end - start)[edge, 0]


def _mark(on_edge: NDArray[np.bool_], line: NDArray[np.int64], at: Floats) -> None:
    """Set the grid points that edges meet (at, line) within `EDGE`."""
    nearest = np.rint(at)
    met = (np.abs(at - nearest) <= EDGE) & (nearest >= 0) & (nearest < on_edge.shape[0])
    on_edge[nearest[met].astype(np.int64), line[met]] = True
