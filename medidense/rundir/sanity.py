"""Which known-answer runs of this very code has this user made?

A file for each code digest in the user's folder of states (``XDG_STATE_HOME`` or ``~/.local/state``), so that
a cross-validation finds them wherever its run directory lies. They hold a verdict and nothing of a cohort.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from medidense import durable
from medidense.errors import WriteError
from medidense.rundir.asked import code_digest
from medidense.values import Sanity

LOCK_S = 10.0


def note_sanity(name: str, *, passed: bool, verdict: str) -> Sanity:
    """Keep a verdict on the code as it is now, in the place of an earlier one of that name. Raises WriteError
    and LockedError."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    noted = Sanity(name, passed, verdict, code_digest(), when)
    path = _place(noted.code)
    with durable.locked(path.parent, wait_s=LOCK_S):
        kept = {item.name: item.to_json() for item in newest_sanity(noted.code)}
        durable.write_text(path, json.dumps(kept | {name: noted.to_json()}, indent=1) + "\n")
    return noted


def newest_sanity(code: str) -> tuple[Sanity, ...]:
    """The newest verdict of each name on this code, by name; a file that cannot be read counts as none.

    So does a user without a home."""
    try:
        held = json.loads(_place(code).read_text(encoding="utf-8"))
        return tuple(Sanity.from_json(held[name]) for name in sorted(held))
    except (OSError, ValueError, TypeError, AttributeError, WriteError):
        return ()


def _place(code: str) -> Path:
    states = durable.home_folder("XDG_STATE_HOME", ".local/state")
    return states / "medidense" / "sanity" / f"{code.rpartition('+')[2]}.json"
