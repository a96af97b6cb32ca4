"""Where does a task get memory, and how does it say that it is alive? Its desk, here or in a worker."""

import socket
from collections.abc import Callable, Sequence
from math import prod
from mmap import PAGESIZE
from time import monotonic
from typing import Protocol

from numpy.typing import DTypeLike

from medidense.io.guard import LIMITS, Limits
from medidense.io.guarded.account import Account, Array, form_of, number_of
from medidense.io.guarded.carried import decode_error
from medidense.io.guarded.ring import Draft
from medidense.io.guarded.wire import encode, receive, send

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
        return self._account.kept[self._account.grant(*form_of(shape, dtype))]

    def release(self, array: Array) -> None:
        """See `Desk`."""
        self._account.release(number_of(self._account.kept, array))

    def scratch(self, nbytes: int) -> None:
        """See `Desk`."""
        self._account.scratch(nbytes)

    def beat(self) -> None:
        """See `Desk`."""


class WorkerDesk:
    """A worker's desk. It asks the supervisor, who decides; arrays are drafts, sent when the task is done."""

    def __init__(
        self, channel: socket.socket, widen: Callable[[int], None], alive: Callable[[], None]
    ) -> None:
        """`widen` sets the bytes of address space beyond the usual, `alive` winds up the worker's clock."""
        self._channel, self._widen, self._alive = channel, widen, alive
        self._drafts: dict[int, Draft] = {}
        self._scratch = 0
        self._heard = monotonic()

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """The arrays that were granted and not given back, in the order of granting."""
        return tuple(self._drafts.values())

    def array(self, shape: Sequence[int], dtype: DTypeLike) -> Array:
        """See `Desk`."""
        sides, kind = form_of(shape, dtype)
        number = self._asked("array", [sides, kind.str])
        self._widen(self._held() + prod(sides) * kind.itemsize + PAGESIZE)
        draft = Draft(sides, kind)
        self._drafts[number] = draft
        return draft.array

    def release(self, array: Array) -> None:
        """See `Desk`."""
        number = number_of({number: draft.array for number, draft in self._drafts.items()}, array)
        self._say("release", number)
        del self._drafts[number]

    def scratch(self, nbytes: int) -> None:
        """See `Desk`."""
        self._scratch = self._asked("scratch", nbytes)
        self._widen(self._held())

    def beat(self) -> None:
        """See `Desk`."""
        if monotonic() - self._heard >= BEAT:
            self._say("beat", None)

    def _held(self) -> int:
        """Bytes of address space that were granted, each array rounded up to whole pages."""
        return self._scratch + sum(draft.array.nbytes + PAGESIZE for draft in self.drafts)

    def _say(self, kind: str, body: object) -> None:
        """Tell the supervisor something, which is a sign of life."""
        send(self._channel, encode(kind, body))
        self._heard = monotonic()
        self._alive()

    def _asked(self, kind: str, body: object) -> int:
        """What is granted: the number of an array, or bytes. Raises the error where it is refused."""
        self._say(kind, body)
        message = receive(self._channel)
        if message.kind != "granted":
            raise decode_error(message)
        return int(message.body)
