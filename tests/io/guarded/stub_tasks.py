"""Tasks that behave and tasks that do not. Workers of the tests find this module by PYTHONPATH."""

import os
import resource
import signal
import sys
import time
from pathlib import Path
from types import MappingProxyType

import numpy as np

from medidense.errors import CohortError, Problem
from medidense.values import Refused

KEPT = []


def ramp(arguments, desk):
    """Two arrays, of which the second one counts up; the first one may be given back."""
    first = desk.array((2, 3), np.uint8)
    first[...] = 7
    second = desk.array(arguments["shape"], arguments["dtype"])
    second.reshape(-1, order="F")[:] = np.arange(second.size)
    if arguments.get("release"):
        desk.release(first)
    return {"order": "F" if second.flags.f_contiguous else "C", "sum": float(second.sum())}


def tell(arguments, desk):
    """Say much."""
    return "x" * arguments["bytes"]


def ask(arguments, desk):
    """Ask for an array and do nothing with it."""
    desk.array(arguments["shape"], "u1")
    return "granted"


def refuse(arguments, desk):
    raise Refused("COLOUR", "a\udcff.dcm", "3 samples", "1", "convert it")


def complain(arguments, desk):
    problems = [Problem(f"row {n}", "label must not be empty", "''", "fill it in") for n in (3, 5)]
    raise CohortError.several(problems)


def fail(arguments, desk):
    desk.array((5,), np.uint8)
    raise KeyError("DOE^JANE")


def die(arguments, desk):
    """End by a signal: always, or only the first time."""
    mark = Path(arguments.get("mark", "/nowhere/at/all"))
    if mark.is_dir():
        return "alive"
    if mark.parent.is_dir():
        mark.mkdir()
    os.kill(os.getpid(), arguments["signal"])
    time.sleep(60)
    return "never"


def leave(arguments, desk):
    sys.exit(3)


def sleep(arguments, desk):
    if "mark" in arguments:
        Path(arguments["mark"]).mkdir()
    time.sleep(arguments["seconds"])
    return os.getpid()


def work(arguments, desk):
    """Go on for a while and say so."""
    end = time.monotonic() + arguments["seconds"]
    while time.monotonic() < end:
        time.sleep(0.05)
        desk.beat()
    return "done"


def take(arguments, desk):
    """Have private memory, after asking for it or not, beside an array. None of it is touched."""
    if "scratch" in arguments:
        desk.scratch(arguments["scratch"])
    array = desk.array((arguments["array"],), np.uint8) if "array" in arguments else None
    size = np.zeros(arguments["bytes"], np.uint8).size
    if array is not None:
        desk.release(array)
    return size


def leak(arguments, desk):
    KEPT.append(np.zeros(arguments["bytes"], np.uint8))
    time.sleep(arguments.get("seconds", 0))
    return os.getpid()


def tangle(arguments, desk):
    """Leave an array in a cycle of references, as an exception with its traceback does."""
    cycle = [desk.array((arguments["bytes"],), np.uint8)]
    cycle.append(cycle)
    desk.release(cycle[0])
    return os.getpid()


def chatter(arguments, desk):
    os.write(1, b"to output\n")
    os.write(2, b"to error\n")
    return "said"


def look(arguments, desk):
    """What the worker is, has and may."""
    names = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_FSIZE")
    return {
        "limits": {name: resource.getrlimit(getattr(resource, name))[0] for name in names},
        "modules": sorted(sys.modules),
        "random": sys.modules["random"].__file__ if "random" in sys.modules else "",
        "folder": str(Path.cwd()),
        "input": sys.stdin.read(),
        "threads": os.environ["OMP_NUM_THREADS"],
        "pid": os.getpid(),
        "seconds_left": signal.getitimer(signal.ITIMER_REAL)[0],
        "session": os.getsid(0),
        "files": len(list(Path("/proc/self/fd").iterdir())),
    }


def write(arguments, desk):
    """Try to write a file."""
    try:
        Path(arguments["path"]).write_text("pixels")
    except OSError as error:
        return error.strerror
    return "written"


TASKS = MappingProxyType(
    {
        "echo": lambda arguments, desk: arguments,
        "object": lambda arguments, desk: object(),
        "pid": lambda arguments, desk: os.getpid(),
    }
    | {
        task.__name__: task
        for task in (
            ramp, tell, ask, refuse, complain, fail, die, leave, sleep, work, take, leak, tangle, chatter,
            look, write,
        )
    }
)  # fmt: skip
