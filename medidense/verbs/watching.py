"""How do training and MLflow come together: watched while it goes, logged whole at the end?"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from medidense.package import write_package
from medidense.rundir import RunDir
from medidense.track import Follower, Tracked, followed, log_cross_validation
from medidense.verbs.exporting import package_contents
from medidense.verbs.picturing import clean_pictures


@contextlib.contextmanager
def watched(run: RunDir, *, tracked: bool) -> Iterator[Follower | None]:
    """Show the run in MLflow while the block works at it; None where it is not `tracked`.

    The run's journal says how the block ended before the store hears of it.
    """
    if not tracked:
        yield None
        return
    with followed(run, working=Path.cwd(), command="medidense cv") as follower, run.journal.at_work():
        yield follower


def log_finished(run: RunDir, command: str, follower: Follower | None = None) -> Tracked:
    """Log a finished run with its model; `follower` has watched it and knows whether the store still hangs.

    What goes wrong with the store comes back in words. Raises RunError where the run directory is damaged.
    """
    if follower is not None and follower.stuck:
        problem = follower.problem or "the tracking server does not answer"
        return Tracked(problem=problem, later=f"everything is kept, log it with: medidense sync {run.path}")

    @contextlib.contextmanager
    def packed() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="medidense-") as folder:
            package = Path(folder) / "package"
            package.mkdir()
            write_package(package, package_contents(run))
            yield package

    shown = clean_pictures(run)
    return log_cross_validation(run, working=Path.cwd(), command=command, package=packed, pictures=shown)
