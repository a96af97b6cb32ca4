"""May a task have this much memory? The record of what one call was granted, kept by whoever grants."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from medidense.io.guard import LIMITS, Limits, check_size
from medidense.io.guarded.free import free_memory
from medidense.values import Refused

Array = NDArray[Any]

ARRAYS = 1024
"""Arrays that one call may have, those given back counted too."""

AXES = 32
NUMBERS = re.compile(r"[<>|][biufc]\d{1,2}")
"""Types of numbers as NumPy spells them: nothing that holds a reference or a structure."""


def form_of(shape: Sequence[int], dtype: DTypeLike) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array of numbers. Raises TypeError or ValueError for what is none."""
    kind, sides = np.dtype(dtype), tuple(index(side) for side in shape)
    if not NUMBERS.fullmatch(kind.str) or len(sides) > AXES or any(side < 0 for side in sides):
        raise ValueError(f"no array of numbers: {sides} of {kind.str[:20]}")
    return sides, kind


def number_of(arrays: Mapping[int, Array], array: Array) -> int:
    """The number under which this very array is kept. Raises ValueError where it is not."""
    for number, kept in arrays.items():
        if kept is array:
            return number
    raise ValueError("this array was not granted, or was given back")


class Account:
    """What a call may take, and what it has taken.

    Arrays and scratch together stay within `limits.decoded_bytes` and within half of the memory that was
    free when the call first asked.
    """

    def __init__(self, where: object, limits: Limits = LIMITS, free: Callable[[], int] = free_memory) -> None:
        self._where, self._limits, self._free = where, limits, free
        self._half: int | None = None
        self._scratch = 0
        self._granted = 0
        self.kept: dict[int, Array] = {}

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays that were granted and not given back, in the order of granting."""
        return tuple(self.kept.values())

    def grant(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        """Make an array in Fortran order and keep it; its number in this call.

        Raises Refused BOMB or TOO_LARGE where it would pass the limits, or cannot be had.
        """
        check_size(shape, dtype.itemsize, Path(str(self._where)), self._limits)
        if self._granted >= ARRAYS:
            raise self._too_large(f"more than {ARRAYS} arrays", f"at most {ARRAYS}")
        self._check(prod(shape) * dtype.itemsize, self._scratch)
        try:
            array = np.empty(shape, dtype, order="F")
        except (MemoryError, ValueError) as error:  # a ValueError says: beyond any address space
            found = f"{prod(shape) * dtype.itemsize} bytes"
            raise self._too_large(found, "what the system gives out") from error
        number = self._granted
        self._granted += 1
        self.kept[number] = array
        return number

    def release(self, number: int) -> None:
        """Take back an array of this call. Raises ValueError for a number that it has not."""
        if self.kept.pop(number, None) is None:
            raise ValueError(f"array {number} was not granted")

    def scratch(self, nbytes: int) -> int:
        """The private memory that the task may have from now on: the most that was asked for.

        Raises Refused TOO_LARGE where it would pass the limits, ValueError for less than nothing.
        """
        if nbytes < 0:
            raise ValueError(f"{nbytes} bytes")
        wanted = max(self._scratch, nbytes)
        self._check(0, wanted)
        self._scratch = wanted
        return wanted

    def _check(self, more: int, scratch: int) -> None:
        """Refuse TOO_LARGE where `more` bytes of arrays, and this scratch, would be too much."""
        if self._half is None:
            self._half = self._free() // 2
        total = sum(array.nbytes for array in self.kept.values()) + more + scratch
        if total > self._limits.decoded_bytes:
            raise self._too_large(f"{total} bytes", f"at most {self._limits.decoded_bytes}")
        if total > self._half:
            raise self._too_large(f"{total} bytes", f"at most half of the free memory, {self._half} bytes")

    def _too_large(self, found: str, expected: str) -> Refused:
        step = "cut the input into smaller ones, or read it on a machine with more memory"
        return Refused("TOO_LARGE", self._where, found, expected, step)
