"""How do arrays come from one process to another? Piece by piece, through a little memory that both have.

Two slots in turns: while the reader copies one out, the writer fills the other. The arrays themselves are
each process's own, plain memory in huge pages. Arrays in shared memory would save the copy and cost far more:
the system gives that out, and takes it back, in pages of 4 KiB.
"""

import contextlib
import mmap
import os
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from math import prod
from time import monotonic
from typing import Any

import numpy as np

from medidense.io.guarded.account import Array
from medidense.io.guarded.wire import encode, receive, send

SLOT = 2 << 20
"""Bytes of a slot. Small enough for the cache of a core, and one huge page."""

SLOTS = 2
SIZE = SLOT * SLOTS
PIECE, TAKEN = encode("piece", None), encode("taken", None)


def create() -> int:
    """The descriptor of memory for a ring, for the caller to close. Raises OSError where none can be had.

    On Linux its size is sealed: a process that shrank it would make the other one die of SIGBUS.
    """
    descriptor = _unnamed()
    try:
        os.ftruncate(descriptor, SIZE)
        if sys.platform == "linux":
            import fcntl  # here, for this module is imported on Windows too

            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _unnamed() -> int:
    """The descriptor of an empty file that no folder holds: in memory on Linux, on disk elsewhere."""
    if sys.platform == "linux":
        return os.memfd_create("medidense", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Ring:
    """The slots, as one of the two processes sees them."""

    def __init__(self, descriptor: int) -> None:
        """Map the memory of `create`; the descriptor is not needed afterwards, and the caller's to close."""
        self._slots = np.frombuffer(mmap.mmap(descriptor, SIZE), np.uint8).reshape(SLOTS, SLOT)

    def put(self, turn: int, piece: Array) -> None:
        """Copy a piece into the slot of this turn; turns count from 0."""
        self._slots[turn % SLOTS, : piece.size] = piece

    def take(self, turn: int, piece: Array) -> None:
        """Fill a piece from the slot of this turn."""
        piece[:] = self._slots[turn % SLOTS, : piece.size]


class Draft:
    """An array in the making: memory of this process alone, given back piece by piece as it is sent."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raises MemoryError where the address space is too small."""
        nbytes = max(prod(shape) * dtype.itemsize, 1)  # nothing cannot be mapped
        try:
            self._memory = mmap.mmap(-1, nbytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except (OSError, OverflowError) as error:
            raise MemoryError(f"{nbytes} bytes") from error
        with contextlib.suppress(AttributeError, OSError):  # huge pages: not every system has or allows them
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self.array: Array = np.ndarray(shape, dtype, self._memory, order="F")

    def drop(self, start: int, nbytes: int) -> None:
        """Give back the memory of a piece that was sent; its values are lost."""
        with contextlib.suppress(AttributeError, OSError):
            self._memory.madvise(mmap.MADV_DONTNEED, start, nbytes)


def pieces(array: Array) -> Iterator[tuple[int, Array]]:
    """The bytes of an array in Fortran order as runs of at most `SLOT`, each with where it starts."""
    content = array.reshape(-1, order="F").view(np.uint8)
    for start in range(0, content.size, SLOT):
        yield start, content[start : start + SLOT]


def send_arrays(channel: socket.socket, ring: Ring, drafts: Iterable[Draft]) -> None:
    """Send the values of all drafts, and wait until they are taken. Raises as `wire.receive`."""
    turn = 0
    for draft in drafts:
        for start, piece in pieces(draft.array):
            if turn >= SLOTS:
                receive(channel)  # the slot was taken
            ring.put(turn, piece)
            send(channel, PIECE)
            draft.drop(start, piece.size)
            turn += 1
    for _ in range(min(turn, SLOTS)):
        receive(channel)


def receive_arrays(channel: socket.socket, ring: Ring, arrays: Iterable[Array], seconds: float) -> None:
    """Fill arrays with what `send_arrays` sends; each piece must come within `seconds`.

    Raises as `wire.receive`, and ValueError for anything but a piece.
    """
    for turn, (_, piece) in enumerate(chain.from_iterable(map(pieces, arrays))):
        if receive(channel, monotonic() + seconds).kind != "piece":
            raise ValueError("no piece of an array")
        ring.take(turn, piece)
        send(channel, TAKEN)
