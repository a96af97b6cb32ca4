"""May a table made from a cohort's table be written here?"""

from pathlib import Path

from medidense import durable
from medidense.errors import UsageError


def check_beside(cohort: Path, out: Path, *, overwrite: bool) -> None:
    """Raise UsageError unless `out` lies in the cohort's folder, OutputExistsError where it is there."""
    if out.resolve().parent != cohort.resolve().parent:
        step = f"write it beside {cohort.name}"
        raise UsageError(str(out), "the paths in the table are relative to its folder", out.parent, step)
    durable.refuse_existing(out, overwrite and out.resolve() != cohort.resolve())
