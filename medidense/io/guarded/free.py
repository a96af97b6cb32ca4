"""How much memory may still be taken? What the machine leaves, and the control group of this process."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
NAMES = {
    "": ("memory.max", "memory.current"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes"),
}
"""Controller as /proc/self/cgroup names it -> files of limit and use: cgroup version 2, then version 1."""


def free_memory(proc: Path = Path("/proc"), groups: Path = GROUPS) -> int:
    """Bytes that can be had without swapping; all of the machine's where the system does not tell."""
    try:
        known = (proc / "meminfo").read_text(encoding="ascii")
        available = next(line for line in known.splitlines() if line.startswith("MemAvailable:"))
        free = int(available.split()[1]) << 10
    except (OSError, StopIteration, ValueError):
        free = _physical()
    return max(min([free, *_left_by_groups(proc, groups)]), 0)


def _physical() -> int:
    """All memory of this machine."""
    if not hasattr(os, "sysconf"):
        return sys.maxsize
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _left_by_groups(proc: Path, groups: Path) -> Iterator[int]:
    """What each control group around this process still allows, as far as it says so.

    Pages of files that nobody uses are counted as used by the kernel, but given back when asked for.
    """
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controller, name = line.split(":", 2)
        if controller not in NAMES:
            continue
        root = groups / controller
        inner = root / name.lstrip("/")
        for group in (inner, *inner.parents):
            if not group.is_relative_to(root):
                break
            limit, used = (_number(group / file) for file in NAMES[controller])
            if limit is not None and used is not None:
                yield limit - used + _idle_cache(group)


def _number(path: Path) -> int | None:
    """The number in a file; None where there is no file or no number in it (``max``)."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _idle_cache(group: Path) -> int:
    """Bytes of unused file pages that a control group is charged for."""
    try:
        words = (group / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    stated = dict(zip(words[::2], words[1::2], strict=False))
    return int(stated.get("total_inactive_file", stated.get("inactive_file", 0)))
