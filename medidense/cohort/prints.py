"""By what is an image known again, whatever file it stands in?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.cohort.perceptual import Cells
from medidense.values import Volume, canonical

EXACT = (np.dtype("<i2"), np.dtype("<i4"), np.dtype("<f4"))
"""Types that values are written in for the digest: the first that holds all of them, else float64."""


@dataclass(frozen=True)
class ImagePrint:
    """`digest` is equal for equal values, `look` alike for images that look alike; no picture comes back
    from the first, and from the second only a coarse one."""

    digest: str
    look: bytes


def image_print(volume: Volume) -> ImagePrint:
    """The digest and the perceptual hash of an image of one channel.

    The digest is the sha256 of the shape and the values, the axes turned to the closest RAS+, so that it
    does not depend on the file's format, the stored type or the axis order. Where the voxels lie and how far
    apart they are does not enter: the same picture under another header is a copy. Only a slice at a time is
    copied.
    """
    array: NDArray[Any] = canonical(volume).array
    shape = (array.shape[0], array.shape[1], array.shape[2])
    kind, cells = _exact(array), Cells(shape)
    digest = hashlib.sha256(f"{kind.str} {shape}".encode())
    for k, plane in enumerate(_planes(array)):
        cells.add(k, plane)
        values: NDArray[Any] = np.ascontiguousarray(plane, dtype=kind)
        if kind.kind == "f":
            values = values + kind.type(0)  # one pattern of bits for 0.0 and -0.0
        digest.update(values.data)
    return ImagePrint(digest.hexdigest(), cells.hash())


def _planes(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The slices along k, each (j, i): contiguous for the axis order that files have."""
    for k in range(array.shape[2]):
        yield array[:, :, k].T


def _exact(array: NDArray[Any]) -> np.dtype[Any]:
    """The first of `EXACT` that holds every value: it follows from the values, not from the stored type."""
    if array.dtype in (np.dtype(np.int16), np.dtype(np.uint8), np.dtype(np.int8)):
        return EXACT[0]
    return next(
        (kind for kind in EXACT if all(_holds(plane, kind) for plane in _planes(array))), np.dtype("<f8")
    )


def _holds(plane: NDArray[Any], kind: np.dtype[Any]) -> bool:
    """True when every value of a slice is one of `kind`."""
    if kind.kind == "f":
        return bool(np.array_equal(plane, plane.astype(kind)))
    limits = np.iinfo(kind)
    low, high = plane.min(), plane.max()
    if not (limits.min <= low and high <= limits.max):
        return False
    return plane.dtype.kind in "iu" or bool(np.array_equal(plane, np.rint(plane)))
