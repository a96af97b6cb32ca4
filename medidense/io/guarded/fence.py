"""What may this process use from now on? The limits that a worker sets itself before it sees a foreign byte.

They hold against decoders gone astray. The one on memory is soft, for it follows the arrays that are granted:
code that has taken a worker over could lift it.
"""

import os
import resource
import select
import signal
import socket
import threading
from pathlib import Path

SPARE = 512 << 20
"""Bytes of address space that a decoder has for itself."""

FILES = 64
GRACE = 10.0
"""Seconds that a worker outlives its time, in which the supervisor, if it lives, ends it first."""


def shut_in() -> None:
    """No core dump (it would hold pixels), no file written, few open; deaf to signals for the program.

    Ctrl-C and the end of a terminal are for the supervisor to answer: it ends its workers itself.
    """
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
    ):
        _, hard = resource.getrlimit(kind)
        lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lower, lower))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


class Space:
    """The address space of this process: what it has now, `SPARE`, and what is granted.

    On Linux alone; other systems do not hold a process to it.
    """

    def __init__(self) -> None:
        self._own = _mapped_now()
        self.widen(0)

    def widen(self, granted: int) -> None:
        """Set the limit so that `granted` bytes fit beyond the usual."""
        if self._own:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            wanted = self._own + SPARE + granted
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _mapped_now() -> int:
    """Bytes of address space in use; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def wind_up(seconds: float) -> None:
    """End this process when it is not wound up again within its time; 0 stops the clock.

    The kernel does it, whatever a decoder is doing and whether or not the supervisor still lives.
    """
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE if seconds else 0.0)


def end_with(channel: socket.socket) -> None:
    """End this process as soon as the other end of `channel` is closed, as it is when its holder dies.

    A thread watches, not PR_SET_PDEATHSIG: that one already strikes when the thread that started the worker
    ends, and workers outlive the threads that ask for them (prctl(2), PR_SET_PDEATHSIG, caveats).
    """

    def watch() -> None:
        poll = select.poll()
        poll.register(channel, select.POLLHUP)
        poll.poll()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
