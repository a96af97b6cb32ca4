"""Is a file of a run as it was when the run was made?"""

from pathlib import Path

from medidense import durable
from medidense.errors import RunError

ANEW = "start anew in another --out"


def require_unchanged(path: Path, sha256: str | None, otherwise: str = ANEW) -> None:
    """Raise RunError where the file is not there or has another sum; None, of older runs, asks nothing.

    `otherwise` is what can be done instead of restoring it.
    """
    if sha256 is None:
        return
    try:
        now = durable.sha256_file(path)
    except OSError as error:
        step = f"restore it, or {otherwise}"
        raise RunError(str(path), "cannot be read", error.strerror, step) from None
    if now != sha256:
        found = f"sha256 {now[:12]}, not {sha256[:12]}"
        step = f"restore {path.name}, or {otherwise}"
        raise RunError(str(path), "the file was changed after the run was made", found, step)
