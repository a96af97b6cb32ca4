"""What are the modality values of a stack? Stored samples of every slice, rescaled, on a straight grid."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.attributes import Pixels
from medidense.io.dicom.decoding import WITH_JUNK, colours, decoder_version, stored_samples
from medidense.io.dicom.geometry import Stack
from medidense.io.dicom.headers import Frame
from medidense.io.dicom.open_file import OpenFile
from medidense.io.dicom.syntaxes import DECODERS, LOSSY
from medidense.io.dicom.tilt import straighten
from medidense.io.guard import LIMITS, Limits, check_size
from medidense.io.guarded.desk import Desk, LocalDesk
from medidense.values import Refused
from medidense.values.volume import Box

Array = NDArray[Any]
Means = tuple[Desk, OpenFile]
"""Who gives memory, and whose frames are read now."""


def read_pixels(
    stack: Stack, desk: Desk | None = None, box: Box | None = None, limits: Limits = LIMITS
) -> Array:
    """Modality values (i, j, k) of a stack, or of an index box of it: int16, int32 or float32.

    Integers where every slope is 1 and every intercept whole: int16 where all values fit, else int32; float32
    otherwise (and where even int32 is too small), computed in float64; float32 too where a tilted stack is
    resampled. Colour is uint8 (i, j, k, 3). One slice is one block of the desk's memory, and only the slices
    of the box are decoded.
    Raises Refused TRUNCATED, CORRUPT, UNKNOWN_SYNTAX, NOT_FINITE, NO_ACCESS, BOMB or TOO_LARGE.
    """
    desk = desk or LocalDesk()
    with OpenFile(limits) as file:
        return _read(stack, box, (desk, file))


def _read(stack: Stack, box: Box | None, means: Means) -> Array:
    """See `read_pixels`."""
    if stack.frames[0].pixels.samples > 1 or stack.frames[0].pixels.photometric == "PALETTE COLOR":
        return _read_colours(stack, box or whole(stack), means)
    if stack.shifts is not None:
        return _read_tilted(stack, stack.shifts, box or whole(stack), means)
    wanted = box or whole(stack)
    first, last = wanted[2]
    chosen = stack.frames[first:last]
    exact = all(frame.syntax in WITH_JUNK for frame in chosen)
    for kind in value_types([frame.pixels for frame in chosen], exact=exact):
        values = _allocated(stack, wanted, kind, means)
        if _fill_all(values, chosen, wanted, means):
            break
        means[0].release(values)
    return values


def whole(stack: Stack) -> Box:
    """The box of all voxels."""
    i, j, k = stack.shape
    return (0, i), (0, j), (0, k)


def _allocated(stack: Stack, box: Box, kind: np.dtype[Any], means: Means) -> Array:
    """Memory for a box of the stack, once it is known to be within the limits."""
    desk, file = means
    shape = tuple(last - first for first, last in box)
    check_size(shape, kind.itemsize, stack.frames[0].path, file.limits)
    return desk.array(shape, kind)


def _fill_all(values: Array, frames: tuple[Frame, ...], box: Box, means: Means) -> bool:
    """Put all slices into `values` (i, j, k); False where its type is too small."""
    desk, file = means
    for k in file_by_file(frames):
        if not _fill(values[:, :, k].T, frames[k], box, file):
            return False
        desk.beat()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        said, step = "values beyond float32 after the rescale", "export the series again"
        raise Refused("NOT_FINITE", frames[0].path, said, "finite values", step)
    return True


def _read_tilted(stack: Stack, shifts: NDArray[np.float64], box: Box, means: Means) -> Array:
    """A box of a tilted stack on the straight grid, cut from the whole."""
    rows, columns = stack.frames[0].pixels.shape
    desk, file = means
    check_size(stack.shape, 4, stack.frames[0].path, file.limits)
    desk.scratch(2 * 4 * math.prod(stack.shape))
    slanted = np.empty((columns, rows, len(stack.frames)), dtype=np.float32, order="F")
    _fill_all(slanted, stack.frames, ((0, columns), (0, rows), (0, len(stack.frames))), means)
    straight = np.empty(stack.shape, dtype=np.float32, order="F")
    straighten(slanted, shifts, straight)
    values = _allocated(stack, box, np.dtype(np.float32), means)
    values[...] = straight[tuple(slice(*ends) for ends in box)]
    return values


def _read_colours(stack: Stack, box: Box, means: Means) -> Array:
    """Red, green and blue of every slice."""
    desk, file = means
    (i0, i1), (j0, j1), (k0, k1) = box
    shape = (i1 - i0, j1 - j0, k1 - k0, 3)
    check_size(shape, 1, stack.frames[0].path, file.limits)
    values = desk.array(shape, np.uint8)
    chosen = stack.frames[k0:k1]
    for k in file_by_file(chosen):
        values[:, :, k, :] = colours(chosen[k], file)[j0:j1, i0:i1].transpose(1, 0, 2)
        desk.beat()
    return values


def file_by_file(frames: Sequence[Frame]) -> list[int]:
    """The numbers of the frames, all of one file together and in the order that they are stored in.

    Files come in the order of their first frames, so that single images stay in theirs.
    """
    files: dict[Path, int] = {}
    turns = [files.setdefault(frame.path, len(files)) for frame in frames]
    return sorted(range(len(frames)), key=lambda at: (turns[at], frames[at].number))


def value_types(stored: list[Pixels], *, exact: bool = True) -> tuple[np.dtype[Any], ...]:
    """The types to try for the modality values of these slices, smallest first; the last one always does.

    Unless `exact`, samples may exceed what BitsStored says, as those of a deeper JPEG 2000 codestream do.
    """
    floats = np.dtype(np.float32)
    if not all(pixels.slope == 1 and pixels.intercept == int(pixels.intercept) for pixels in stored):
        return (floats,)
    ranges = [_range(pixels) for pixels in stored]
    sure = (min(first for first, _ in ranges), max(last for _, last in ranges))
    types: list[np.dtype[Any]] = []
    for kind in (np.dtype(np.int16), np.dtype(np.int32)):
        types.append(kind)
        if exact and _holds(kind, *sure):
            return tuple(types)
    return (*types, floats)


def _holds(kind: np.dtype[Any], low: int, high: int) -> bool:
    """Whether an integer type holds both numbers."""
    bounds = np.iinfo(kind)
    return int(bounds.min) <= low and high <= int(bounds.max)


def decoder_of(stack: Stack) -> str:
    """The decoders that a stack needs, with their versions; ``native`` for plain samples."""
    names = sorted({DECODERS.get(frame.syntax, "native") for frame in stack.frames})
    return ", ".join(name if name == "native" else f"{name} {decoder_version(name)}" for name in names)


def syntaxes_of(stack: Stack) -> tuple[str, ...]:
    """The transfer syntaxes of a stack's files, sorted."""
    return tuple(sorted({frame.syntax for frame in stack.frames}))


def is_lossy(stack: Stack) -> bool:
    """Whether a slice was compressed with loss, as far as the headers tell."""
    return any(frame.pixels.lossy or frame.syntax in LOSSY for frame in stack.frames)


def _range(pixels: Pixels) -> tuple[int, int]:
    """Smallest and largest modality value that the stored bits can say (slope 1)."""
    span, shift = 1 << pixels.bits_stored, int(pixels.intercept)
    low = -(span >> 1) if pixels.signed else 0
    return low + shift, low + span - 1 + shift


def padding_of(stack: Stack) -> float | None:
    """PixelPaddingValue as a modality value, None where the slices state none or several."""
    stated = {
        frame.pixels.padding * frame.pixels.slope + frame.pixels.intercept
        for frame in stack.frames
        if frame.pixels.padding is not None
    }
    return stated.pop() if len(stated) == 1 else None


def _fill(slab: Array, frame: Frame, box: Box, file: OpenFile) -> bool:
    """Put the modality values of a box of one image into `slab` (rows, columns); False where its type is too
    small."""
    pixels, columns = frame.pixels, slice(*box[0])
    raw = stored_samples(frame, box[1], slab, file)[:, columns]
    if slab.dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused by the caller
            slab[...] = raw.astype(np.float64) * pixels.slope + pixels.intercept
        return True
    shift = int(pixels.intercept)
    sure = frame.syntax in WITH_JUNK and _holds(slab.dtype, *_range(pixels))
    if not sure and not _holds(slab.dtype, int(raw.min()) + shift, int(raw.max()) + shift):
        return False
    if not np.may_share_memory(raw, slab):
        slab[...] = raw.astype(slab.dtype, copy=False)  # wraps, as does the sum below: the end fits
    if shift:
        slab += np.array(shift & 0xFFFFFFFF, dtype=np.uint32).astype(slab.dtype)
    return True
