"""Was this process told to stop?"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

from medidense.errors import Interrupted
from medidense.values.wording import count

Handler = Callable[[int, FrameType | None], Any] | int | None
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Drain:
    """Remembers the first signal that asked for an end; `requested` is looked at between two inputs."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def requested(self) -> bool:
        """True once SIGINT or SIGTERM has come."""
        return self.signal is not None

    def interrupted(self, where: str, done: int) -> Interrupted:
        """The error that says so, with the exit code of the signal (130 or 143)."""
        error = Interrupted(
            where, "told to stop", f"{count(done, 'input')} done", "the same command goes on from there"
        )
        error.exit_code = 128 + (self.signal or signal.SIGINT)
        return error


@contextlib.contextmanager
def draining() -> Iterator[Drain]:
    """Take the first SIGINT or SIGTERM as a wish to stop soon; a second one acts as it would without this.

    Outside the main thread nothing is changed: Python lets only that one handle signals.
    """
    drain = Drain()
    if threading.current_thread() is not threading.main_thread():
        yield drain
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, _frame: FrameType | None) -> None:
        drain.signal = number
        _put_back(before)

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield drain
    finally:
        _put_back(before)


def _put_back(handlers: Mapping[signal.Signals, Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
