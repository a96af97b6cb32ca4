"""Which series does a user mean who writes part of its UID?"""

from collections.abc import Sequence

from medidense.errors import UsageError

ELLIPSES = ("..", "\u2026")
"""What stands before the last characters of a UID where `scan` lists it."""

SHOWN = 5


def choose_series(there: Sequence[str], said: str) -> str:
    """The one UID that `said` is, begins or ends; with dots before it, ends.

    Raises UsageError where there is none or more than one.
    """
    if said in there:
        return said
    dots = next((dots for dots in ELLIPSES if said.startswith(dots)), "")
    part = said.removeprefix(dots)
    fitting = [uid for uid in there if uid.endswith(part) or (not dots and uid.startswith(part))]
    if len(fitting) == 1 and part:
        return fitting[0]
    if fitting:
        rule = f"{len(fitting)} series fit: {_listed(fitting)}"
        raise UsageError(f"--series {said}", rule, "", "write more of the one you mean")
    step = f"choose one of {_listed(there)}" if there else "leave --series out: no series is there"
    raise UsageError(f"--series {said}", "there is no such series", "", step)


def _listed(uids: Sequence[str]) -> str:
    """The first few of them."""
    return ", ".join(uids[:SHOWN]) + (" ..." if len(uids) > SHOWN else "")
