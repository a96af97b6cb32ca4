"""Bring to MLflow what could not be logged when it happened, of finished runs and of others."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from medidense.errors import MedidenseError, NothingFoundError, RunError
from medidense.rundir import ExternalDir, RunDir
from medidense.track import Tracked, log_unfinished, log_validation
from medidense.verbs.picturing import allow_pictures
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.watching import log_finished

RUNS = Path("runs")
"""Where `cv` writes runs by default."""

Status = Literal["logged", "unfinished", "at work", "not logged"]


@dataclass(frozen=True)
class Synced:
    """What became of one run directory, and in words where MLflow holds it or why it does not.

    ``unfinished``: all there is so far is logged. ``at work``: another process trains the run and logs it.
    """

    run: str
    status: Status
    words: str


@dataclass(frozen=True)
class SyncResult:
    """The run directories in the order in which they were looked at."""

    items: tuple[Synced, ...]

    @property
    def failed(self) -> int:
        """How many could not be logged."""
        return sum(item.status == "not logged" for item in self.items)

    def to_json(self) -> dict[str, object]:
        """The items, and how many could not be logged."""
        return {"runs": [asdict(item) for item in self.items], "failed": self.failed}


def sync(
    runs: Sequence[Path] = (), *, allow_burned_in: bool = False, progress: Progress = quiet
) -> SyncResult:
    """Log to MLflow what is not there yet of these run directories, by default of all below ``runs/``.

    `runs` may name folders in which a package was evaluated on another cohort, too. Values go out with the
    times at which they were recorded, so a second call adds nothing. Without `runs` those that were never to
    be tracked are left alone. Raises RunError for a folder that is neither, NothingFoundError where there is
    none.

    `allow_burned_in` says of the runs that their pictures carry no name, whatever the modality; they keep it.
    """
    found: Sequence[RunDir | ExternalDir] = [_given(Path(path)) for path in runs] or _below(RUNS)
    if not found:
        step = "run it in the folder of your runs/, or name a RUN_DIR"
        raise NothingFoundError(str(RUNS), "no run directory that MLflow is to hold", "", step)
    items: list[Synced] = []
    for number, run in enumerate(found):
        progress("log to MLflow", number, len(found), run.path.name)
        items.append(_synced(run, allow_burned_in) if isinstance(run, RunDir) else _validation(run))
    progress("log to MLflow", len(found), len(found))
    return SyncResult(tuple(items))


def _given(path: Path) -> RunDir | ExternalDir:
    """The run directory, or the evaluation of a package, at `path`. Raises RunError."""
    run, elsewhere = RunDir(path), ExternalDir(path)
    if run.exists:
        return run
    if elsewhere.exists:
        return elsewhere
    step = "give the folder that medidense cv wrote, or medidense evaluate of a package"
    raise RunError(str(path), "this is no run directory", "no run.json", step)


def _below(folder: Path) -> list[RunDir]:
    """The run directories in `folder` that were followed or logged before, or were to be."""
    found = [RunDir(path.parent) for path in sorted(folder.glob("*/run.json"))]
    return [run for run in found if run.journal.path.is_file() or run.tracking_path.is_file()]


def _synced(run: RunDir, allow_burned_in: bool) -> Synced:
    """One run directory; what is wrong with it comes back in words."""
    try:
        finished = run.evaluation_path.is_file() and run.pooled
        if allow_burned_in:
            allow_pictures(run)
        if finished:
            tracked = log_finished(run, "medidense cv")
        else:
            tracked = log_unfinished(run, working=Path.cwd(), command="medidense cv")
    except MedidenseError as error:
        return Synced(str(run.path), "not logged", error.lines[0])
    return Synced(str(run.path), _status(tracked, finished), tracked.words)


def _validation(place: ExternalDir) -> Synced:
    """One evaluation of a package; what is wrong with it comes back in words."""
    try:
        tracked = log_validation(place, working=Path.cwd(), command="medidense evaluate")
    except MedidenseError as error:
        return Synced(str(place.path), "not logged", error.lines[0])
    return Synced(str(place.path), _status(tracked, finished=True), tracked.words)


def _status(tracked: Tracked, finished: bool) -> Status:
    if tracked.followed:
        return "at work"
    if tracked.problem:
        return "not logged"
    return "logged" if finished else "unfinished"
