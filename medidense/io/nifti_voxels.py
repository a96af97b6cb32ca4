"""What modality values do the stored voxels of a NIfTI file stand for?

They are read and converted in pieces, straight into the result, so that nothing of the image's size is held
beside it. A box of the image is read by seeking to the rows that it needs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.arrays import Allocate
from medidense.io.nifti_files import unpacked
from medidense.io.nifti_header import NiftiHeader
from medidense.values import Refused
from medidense.values.volume import Box

Array = NDArray[Any]

PIECE = 1 << 21
"""Numbers that are read at a time; 16 MiB of the widest type."""


@dataclass(frozen=True, eq=False)
class Voxels:
    """Modality values (i, j, k) or (i, j, k, 3), how many were not finite, and whether bytes follow them."""

    array: Array
    not_finite: int
    more: bool


def read_voxels(header: NiftiHeader, box: Box, allocate: Allocate, fill: float | None = None) -> Voxels:
    """The values in `box`, in the first of `value_types` that holds them all.

    `fill`, where it is given, replaces what is NaN or infinite.
    Raises Refused TRUNCATED or CORRUPT for the bytes, COLOUR where colour voxels are not opaque.
    """
    channels = () if header.samples == 1 else (3,)
    shape = (*(stop - start for start, stop in box), *channels)
    kinds, found = iter(value_types(header)), None
    while found is None:  # the last type holds everything
        found = _filled(allocate(shape, next(kinds)), header, box, fill)
    return found


def value_types(header: NiftiHeader) -> tuple[np.dtype[Any], ...]:
    """The types to try for the modality values, narrowest first; the last one always does.

    float32 alone for stored floats, and where the slope is not 1 or the intercept not whole; uint8 for
    colour. Else int16 for stored integers that fit in it, int32 for wider ones. The next wider type (float32
    behind int32) is tried only where some value of the stored type would not fit: with an intercept beside
    int16, and for 32 bits without sign or 64 bits.
    """
    stored, floats = header.stored, np.dtype(np.float32)
    if header.samples > 1:
        return (np.dtype(np.uint8),)
    if stored.kind == "f" or header.slope != 1 or header.intercept != int(header.intercept):
        return (floats,)
    types: list[np.dtype[Any]] = []
    for kind in (np.dtype(np.int16), np.dtype(np.int32)):
        if not np.can_cast(stored, np.int16) and kind == np.int16:
            continue
        types.append(kind)
        if _holds(kind, np.iinfo(stored).min, np.iinfo(stored).max, int(header.intercept)):
            return tuple(types)
    return (*types, floats)


def _holds(kind: np.dtype[Any], low: int, high: int, shift: int) -> bool:
    """Whether an integer type holds both numbers once they are shifted."""
    bounds = np.iinfo(kind)
    return int(bounds.min) <= int(low) + shift and int(high) + shift <= int(bounds.max)


def _filled(values: Array, header: NiftiHeader, box: Box, fill: float | None) -> Voxels | None:
    """Read and convert piece by piece into `values`; None where a value does not fit its type."""
    if not values.flags.f_contiguous:
        raise ValueError("the array for the voxels must be in Fortran order")
    side, (first, last) = header.shape[0], box[0]
    lines = max(1, PIECE // (side * header.samples))
    room = np.empty(min(lines, math.prod(header.shape[1:])) * side * header.samples, dtype=header.stored)
    direct = _as_stored(header, values.dtype) and last - first == side
    not_finite = 0
    with unpacked(header.voxels) as stream:
        for line, target in _runs(values, header.shape, box):
            stream.seek(header.offset + line * side * header.samples * header.stored.itemsize)
            for begin in range(0, target.shape[1], lines):
                part = target[:, begin : begin + lines]
                size = part.shape[1] * side * header.samples
                raw = part.reshape(-1, order="F") if direct else room[:size]
                _read(stream, raw, header)
                stored = raw.reshape((header.samples, side, -1), order="F")[:, first:last]
                if not (direct or _converted(stored, part, header)):
                    return None
                not_finite += _repaired(part, fill)
        more = box == whole(header.shape) and bool(stream.read(1))
    return Voxels(values, not_finite, more)


def whole(shape: tuple[int, int, int]) -> Box:
    """The box of everything."""
    i, j, k = shape
    return (0, i), (0, j), (0, k)


def _runs(values: Array, shape: tuple[int, int, int], box: Box) -> Iterator[tuple[int, Array]]:
    """(first line, target) of each run of lines that lie one behind the other in the file.

    A line is all voxels along i. The target is a view of `values`, shaped (i, lines) or (i, lines, 3).
    """
    (_, _), (top, bottom), (front, back) = box
    if bottom - top == shape[1]:
        flat = (values.shape[0], values.shape[1] * values.shape[2], *values.shape[3:])
        yield front * shape[1], values.reshape(flat, order="F")
        return
    for slab in range(front, back):
        yield slab * shape[1] + top, values[:, :, slab - front]


def _as_stored(header: NiftiHeader, kind: np.dtype[Any]) -> bool:
    """Whether the stored numbers are the modality values, byte for byte."""
    return header.samples == 1 and header.stored == kind and (header.slope, header.intercept) == (1, 0)


def _read(stream: BufferedIOBase, raw: Array, header: NiftiHeader) -> None:
    """Fill `raw` (one-dimensional) from the stream. Refused TRUNCATED where it ends before."""
    place, got = memoryview(raw.view(np.uint8)), 0  # type: ignore[arg-type]
    while got < len(place):
        count = stream.readinto(place[got:])
        if not count:
            found = f"{stream.tell() - header.offset} bytes of voxels"
            raise Refused("TRUNCATED", header.voxels, found, f"{header.size} bytes", "copy the file again")
        got += count


def _converted(raw: Array, part: Array, header: NiftiHeader) -> bool:
    """Put the modality values of stored numbers (samples, i, lines) into `part`: (i, lines), colour last.

    False where one does not fit. Raises Refused COLOUR for colour that is not opaque.
    """
    if header.samples > 1:
        if header.samples == 4 and (raw[3] != 255).any():
            step = "save it without transparency"
            raise Refused("COLOUR", header.path, "transparent voxels", "opaque colour", step)
        part[...] = np.moveaxis(raw[:3], 0, -1)
        return True
    raw, shift = raw[0], header.intercept
    if part.dtype.kind == "i":
        kind = np.iinfo(part.dtype)
        if not _holds(part.dtype, raw.min(), raw.max(), int(shift)):
            return False
        np.copyto(part, raw, casting="unsafe")  # wraps, as does the sum below: the end fits
        if shift:
            part += part.dtype.type((int(shift) - kind.min) % (1 << kind.bits) + kind.min)
        return True
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is infinite, and found by the caller
        if header.slope == 1 and shift == 0:
            np.copyto(part, raw, casting="unsafe")
        else:
            part[...] = raw.astype(np.float64) * header.slope + shift
    return True


def _repaired(part: Array, fill: float | None) -> int:
    """How many values are NaN or infinite; they become `fill` where one is given."""
    if part.dtype.kind != "f":
        return 0
    finite = np.isfinite(part)
    count = part.size - int(np.count_nonzero(finite))
    if count and fill is not None:
        part[~finite] = fill
    return count
