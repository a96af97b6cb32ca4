"""Which process wrote this, and does it still live?"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
GONE = "ZX"
"""States of a process that has ended and is still listed."""


@dataclass(frozen=True)
class Presence:
    """One process, told apart from all others that ever were.

    `machine`, `boot` and `space` are digests: of the machine, of the time since it was started, and of the
    processes that see one another (a container has its own). `started` is in clock ticks since that start:
    a process ID is given out again, with another one. Empty where the system has no ``/proc``.
    """

    machine: str = ""
    boot: str = ""
    space: str = ""
    pid: int = 0
    started: int = 0

    def lives(self, here: "Presence") -> bool | None:
        """Whether the process lives, as far as the process `here` can tell; None: it cannot.

        On another machine or in another container nobody here sees it. Of a machine that was started anew no
        process is left.
        """
        if not self.machine or self.machine != here.machine:
            return None
        if self.boot != here.boot:
            return False
        if self.space != here.space:
            return None
        return _started(self.pid) == self.started


def this_process(pid: int | None = None) -> Presence:
    """This process, or another one of the same space."""
    pid = os.getpid() if pid is None else pid
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text()
        space = boot + str((PROC / "self/ns/pid").readlink())
    except OSError:
        return Presence()
    started = _started(pid)
    if started is None:
        return Presence()
    return Presence(_digest(_machine()), _digest(boot), _digest(space), pid, started)


def living() -> Iterator[Presence]:
    """Every process that this one sees."""
    here = this_process()
    for place in PROC.glob("[0-9]*") if here.machine else ():
        started = _started(int(place.name))
        if started is not None:
            yield Presence(here.machine, here.boot, here.space, int(place.name), started)


def _started(pid: int) -> int | None:
    """When the process began (field 22 of proc(5) stat), None where there is none that lives."""
    try:
        words = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in GONE else int(words[19])


def _machine() -> str:
    """What stays when a machine is started anew; machines made from one image have their own names."""
    found = [os.uname().nodename]
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        if path.is_file() and os.access(path, os.R_OK):
            found.append(path.read_text().strip())
    return " ".join(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
