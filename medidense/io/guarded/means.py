"""Which guards does this system lack? Said in words, for a user who relies on them."""

import importlib.util
import socket
import sys
from dataclasses import dataclass


class MissingGuardWarning(RuntimeWarning):
    """A guard against hostile files is off, because the system lacks it."""


@dataclass(frozen=True)
class Means:
    """What an operating system offers to guard a decoder with."""

    workers: bool
    """Processes of our own with limits, and a way to talk to them."""
    address_space: bool
    """A limit on a process's memory that is held."""

    @property
    def missing(self) -> tuple[str, ...]:
        """A sentence for each guard that is off."""
        if not self.workers:
            return (
                "files are decoded in this process, because no worker process with limits can be had here: "
                "a damaged file may end the program, or keep it busy without an end",
            )
        if not self.address_space:
            return (
                "the memory of a decoder is not limited, because this system does not hold a process to "
                "RLIMIT_AS: a damaged file may use up the memory",
            )
        return ()


def means() -> Means:
    """What this system offers, as far as it is known without a try.

    A frozen program has no interpreter to start a worker with; Windows has neither resource limits nor
    processes that inherit a socket; macOS takes RLIMIT_AS and does not hold to it.
    """
    workers = (
        bool(sys.executable)
        and not getattr(sys, "frozen", False)
        and hasattr(socket, "AF_UNIX")
        and importlib.util.find_spec("resource") is not None
        and importlib.util.find_spec("fcntl") is not None
    )
    return Means(workers, sys.platform == "linux")


def missing_guards() -> tuple[str, ...]:
    """A sentence for each guard against hostile files that this system lacks; empty on Linux."""
    return means().missing
