"""Where does a task get memory, and how does it say that it is alive? Its desk, here or in a worker."""

import os
import socket
from collections.abc import Callable, Sequence
from math import prod
from mmap import PAGESIZE
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from medidense.io.guard import LIMITS, Limits
from medidense.io.guarded.account import Account, form_of, number_of
from medidense.io.guarded.carried import decode_error
from medidense.io.guarded.memory import Array, mapped
from medidense.io.guarded.wire import encode, receive_with_file, send

BEAT = 1.0
"""Seconds between two signs of life."""


class Desk(Protocol):
    """What a task may ask of whoever runs it."""

    def array(self, shape: Sequence[int], dtype: DTypeLike) -> Array:
        """A new array of numbers in Fortran order, to be filled: its values are not defined.

        It is part of the answer unless it is given back. Raises Refused BOMB or TOO_LARGE.
        """

    def release(self, array: Array) -> None:
        """Give back an array, the very object that `array` returned; its memory ends with its last view."""

    def scratch(self, nbytes: int) -> None:
        """Have `nbytes` of private memory beyond the usual, until the task ends. Raises Refused TOO_LARGE.

        Of two calls the larger counts.
        """

    def beat(self) -> None:
        """Say that the task goes on. Cheap: call it with every slice."""


class LocalDesk:
    """A desk in the caller's own process: plain memory within the same limits; nobody waits for a beat."""

    def __init__(self, where: object = "", limits: Limits = LIMITS) -> None:
        self._account = Account(where, limits)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays that were granted and not given back, in the order of granting."""
        return self._account.arrays

    def array(self, shape: Sequence[int], dtype: DTypeLike) -> Array:
        """See `Desk`."""
        sides, kind = form_of(shape, dtype)
        self._account.admit(sides, kind)
        array = np.empty(sides, kind, order="F")
        self._account.keep(array)
        return array

    def release(self, array: Array) -> None:
        """See `Desk`."""
        self._account.release(number_of(self._account.kept, array))

    def scratch(self, nbytes: int) -> None:
        """See `Desk`."""
        self._account.scratch(nbytes)

    def beat(self) -> None:
        """See `Desk`."""


class SharedDesk:
    """A worker's desk. It asks the supervisor, who decides; arrays lie in memory that both have mapped."""

    def __init__(
        self, channel: socket.socket, widen: Callable[[int], None], alive: Callable[[], None]
    ) -> None:
        """`widen` sets the bytes of address space beyond the usual, `alive` winds up the worker's clock."""
        self._channel, self._widen, self._alive = channel, widen, alive
        self._kept: dict[int, Array] = {}
        self._scratch = 0
        self._heard = monotonic()

    def array(self, shape: Sequence[int], dtype: DTypeLike) -> Array:
        """See `Desk`."""
        sides, kind = form_of(shape, dtype)
        self._say("array", [sides, kind.str])
        number, descriptor = self._reply()
        if descriptor is None:
            raise ValueError("a grant without memory")
        try:
            self._widen(self._held() + prod(sides) * kind.itemsize + PAGESIZE)
            array = mapped(descriptor, sides, kind, shared=True)
        finally:
            os.close(descriptor)
        self._kept[number] = array
        return array

    def release(self, array: Array) -> None:
        """See `Desk`."""
        number = number_of(self._kept, array)
        self._say("release", number)
        del self._kept[number]

    def scratch(self, nbytes: int) -> None:
        """See `Desk`."""
        self._say("scratch", nbytes)
        self._scratch, _ = self._reply()
        self._widen(self._held())

    def beat(self) -> None:
        """See `Desk`."""
        if monotonic() - self._heard >= BEAT:
            self._say("beat", None)

    def _held(self) -> int:
        """Bytes of address space that were granted, each mapping rounded up to whole pages."""
        return self._scratch + sum(array.nbytes + PAGESIZE for array in self._kept.values())

    def _say(self, kind: str, body: object) -> None:
        """Tell the supervisor something, which is a sign of life."""
        send(self._channel, encode(kind, body))
        self._heard = monotonic()
        self._alive()

    def _reply(self) -> tuple[int, int | None]:
        """The number that was granted and the descriptor with it. Raises the error where it is refused."""
        message, descriptor = receive_with_file(self._channel)
        if message.kind != "granted":
            raise decode_error(message)
        return int(message.body), descriptor
