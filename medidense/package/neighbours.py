"""Do neighbouring pixels agree, as they do in sound images? A check of what was compressed.

A damaged codestream is often decoded without an error, into noise or streaks. Nothing in the file tells; the
pixels may. `docs/results.md` has what this finds and what it does not.
"""

import numpy as np
from numpy.typing import NDArray

from medidense.values import Refused, Volume

Array = NDArray[np.generic]

LEAST = 0.4
"""Correlation of neighbours that a slice must have along its rows or its columns. Noise has none."""

ROUGHER = 6.0
"""How many times as far from 1 as in the slices around it both correlations of a slice may be."""

AROUND = 3
"""Slices on each side that a slice is compared with."""

FINEST = 1e-4
"""Distance from 1 below which differences are rounding."""


def check_neighbours(volume: Volume, where: object) -> None:
    """Refuse DAMAGED_PIXELS where neighbouring pixels of a slice of a compressed image do not agree.

    Uncompressed images pass: their pixels are what was written. So do slices of one value.
    """
    if not volume.source.compressed or volume.channels != 1:
        return
    found = correlations(volume.array)
    step = "compare it with the archive's copy, and copy or export it again"
    for k, (along, down) in enumerate(found):
        said = f"neighbours in slice {k + 1} that correlate by {along:.2f} and {down:.2f}"
        if max(along, down) < LEAST:
            raise Refused("DAMAGED_PIXELS", where, said, f"at least {LEAST:g} along one of its axes", step)
    for k in range(len(found)):
        around = _around(found, k)
        if around is not None and (1 - found[k] > ROUGHER * np.maximum(1 - around, FINEST)).all():
            along, down = found[k]
            said = f"neighbours in slice {k + 1} that correlate by {along:.3f} and {down:.3f}"
            expected = f"about {around[0]:.3f} and {around[1]:.3f}, as in the slices around it"
            raise Refused("DAMAGED_PIXELS", where, said, expected, step)


def correlations(array: Array) -> NDArray[np.float64]:
    """Correlation of neighbouring pixels along i and along j in each slice (k, 2) of an image (i, j, k).

    1 less the mean square successive difference over twice the variance (von Neumann, 1941). The variance is
    the slice's, or the mean one of all slices where that is larger: a slice that shows next to nothing holds
    little but noise, and is sound. 1 in an image of one value.

    >>> correlations(np.repeat(np.arange(4.0), 4).reshape(4, 4, 1)).tolist()
    [[0.6, 1.0]]
    """
    facts = np.array([_squares(array[:, :, k]) for k in range(array.shape[2])])
    twice = 2 * np.maximum(facts[:, 2], facts[:, 2].mean())
    return 1 - facts[:, :2] / np.where(twice, twice, 1)[:, None]


def _squares(picture: Array) -> tuple[float, float, float]:
    """Mean square difference of neighbours along the first and the second axis of a picture, its variance."""
    values = picture.astype(np.float32)
    values -= np.float32(values.mean(dtype=np.float64))
    parts = (np.diff(values, axis=0), np.diff(values, axis=1), values)
    down, along, own = (float(np.mean(part * part, dtype=np.float64)) if part.size else 0.0 for part in parts)
    return down, along, own


def _around(found: NDArray[np.float64], k: int) -> NDArray[np.float64] | None:
    """The median of both correlations in the slices around slice `k`; None for fewer than three."""
    others = [at for at in range(max(k - AROUND, 0), min(k + AROUND + 1, len(found))) if at != k]
    return np.asarray(np.median(found[others], axis=0)) if len(others) >= AROUND else None
