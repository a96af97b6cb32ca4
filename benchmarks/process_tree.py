"""What do a process and its children take? CPU seconds, and memory as the sum of their PSS.

Readers decode in worker processes, so the figures of one process say little. PSS, the proportional set size,
counts a page that n processes share as 1/n in each, so that the sum counts it once. Both come from Linux's
/proc; elsewhere only the process itself is counted, and memory is not measured.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PROC = Path("/proc")


class Watched(NamedTuple):
    """What a child said of itself, and the memory of its tree in bytes: when it was ready, and the peak."""

    said: dict[str, Any]
    start: int | None
    peak: int | None


def tree_of(pid: int) -> Iterator[int]:
    """The process and its living descendants."""
    yield pid
    with contextlib.suppress(OSError):  # it ended meanwhile, or there is no /proc
        for task in (PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree_of(int(child))


def cpu_seconds() -> float:
    """CPU seconds of this process, of the children it has waited for, and of its living descendants."""
    waited = os.times()
    seconds = time.process_time() + waited.children_user + waited.children_system
    for pid in list(tree_of(os.getpid()))[1:]:
        with contextlib.suppress(OSError):
            seconds += time.clock_gettime(~pid << 3 | 2)  # the clock of another process, as glibc numbers it
    return seconds


def memory_of(pid: int) -> int | None:
    """PSS of the process and its descendants in bytes; None where the system does not tell."""
    if not (PROC / "self" / "smaps_rollup").exists():
        return None
    total = 0
    for one in tree_of(pid):
        with contextlib.suppress(OSError):
            for line in (PROC / str(one) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def watch(script: str, arguments: Sequence[str], every_s: float) -> Watched:
    """Run a script of this folder that calls `answer`, and sample its memory from ready to done."""
    command = [sys.executable, script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        asking, answering = child.stdin, child.stdout
        if asking is None or answering is None or answering.readline() != "ready\n":
            sys.exit(f"the child process failed: {' '.join(command)}")
        start = memory_of(child.pid)
        samples = [start]
        asking.write("go\n")
        asking.flush()
        while not select.select([answering], [], [], every_s)[0]:
            samples.append(memory_of(child.pid))
        said = answering.readline()
        samples.append(memory_of(child.pid))
        if not said:
            sys.exit(f"the child process failed: {' '.join(command)}")
    known = [size for size in samples if size is not None]
    return Watched(json.loads(said), start, max(known, default=None))


def answer(action: Callable[[], dict[str, Any]]) -> None:
    """In the child: say ready, wait for the word, act, say the result, stay until nobody listens.

    Whatever `action` is to be measured without (imports, a warm read) comes before this call.
    """
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(action()), flush=True)
    sys.stdin.read()
