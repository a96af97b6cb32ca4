"""How does a run directory become a page in MLflow, or a page that was left before its end a whole one?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.errors import LockedError, RunError, UsageError, WriteError
from medidense.rundir import Picture, RunDir
from medidense.track.live import Live
from medidense.track.opening import LOCK, opened
from medidense.track.quiet import STORE_ERRORS
from medidense.track.session import Packing, Session
from medidense.track.store_errors import sentence


@dataclass(frozen=True)
class Tracked:
    """Where MLflow holds the run, or in `problem` why it does not and in `later` what to do about it."""

    run_id: str = ""
    experiment: str = ""
    uri: str = ""
    problem: str = ""
    later: str = "the run directory holds everything; run the same command again to log it"
    followed: bool = False
    """True where another process is at work on the run and logs it."""

    @property
    def words(self) -> str:
        """One line for people."""
        if self.followed:
            return self.problem
        if self.problem:
            return f"not logged to MLflow: {self.problem}; {self.later}"
        return f"MLflow experiment {self.experiment}, run {self.run_id}, in {self.uri}"


def log_cross_validation(
    run: RunDir,
    *,
    working: Path,
    command: str,
    package: Path | Packing | None = None,
    pictures: Sequence[Picture] = (),
) -> Tracked:
    """Log a finished run directory: a parent run for the cross-validation, a child run for each fold.

    `working` is the folder whose ``mlruns`` is the default store; `command` stands where MLflow would write
    the script's path; `package` is the folder of the run's package, logged as its model, or what makes one
    when it is needed; of `pictures` the clean ones are logged, and no other picture of a scan. What was
    logged before, while it was trained too, is not logged again (tracking.json remembers); what was begun
    goes on. All that names a subject or a sample is replaced by a pseudonym.

    A store that is away or refuses stops nothing: `Tracked.problem` says it in one sentence, and the next
    call goes on. Raises RunError when the run directory itself is damaged or not finished.
    """
    run.require_finished()
    return _logged(run, working, command, results=_digest(run), package=package, pictures=pictures)


def log_unfinished(run: RunDir, *, working: Path, command: str) -> Tracked:
    """Log what there is of a run directory that is not finished, and how it was left; otherwise the same.

    Where a living process trains it `Tracked.followed` says so: that one logs it. Raises RunError when this
    is no run directory.
    """
    if not run.exists:
        raise RunError(str(run.path), "this is no run directory", "no run.json", "give one that cv wrote")
    return _logged(run, working, command)


def _logged(
    run: RunDir,
    working: Path,
    command: str,
    *,
    results: str = "",
    package: Path | Packing | None = None,
    pictures: Sequence[Picture] = (),
) -> Tracked:
    """Where the run stands now; `results` is empty where there are none yet."""

    def log() -> Tracked:
        with durable.locked(run.path, LOCK):
            session = opened(run, working, command, results=results, package=package, pictures=pictures)
            parent = session.log() if results else _looked(session)
            home = session.client.get_experiment(session.client.get_run(parent).info.experiment_id)
            return Tracked(parent, home.name, session.memory.store)

    return in_words(log, f"everything is kept, log it with: medidense sync {run.path}")


def in_words(log: Callable[[], Tracked], later: str) -> Tracked:
    """What logging gives, or what went wrong with the store in words. Raises RunError of the files alone."""
    try:
        return log()
    except STORE_ERRORS as error:
        return Tracked(problem=sentence(error), later=later)
    except LockedError:
        problem = "another process is at work on the run and logs it"
        return Tracked(problem=problem, later=later, followed=True)
    except RunError:
        raise
    except (UsageError, WriteError) as error:
        return Tracked(problem=error.lines[0], later=later)


def _looked(session: Session) -> str:
    Live(session).look()
    return session.parent()


def _digest(run: RunDir) -> str:
    """Of everything whose change means that results must be logged again."""
    paths = (run.evaluation_path, run.predictions_path, run.recipe_path)
    allowed = "pictures of any modality" * run.burned_in_allowed
    return durable.sha256_bytes(("".join(map(durable.sha256_file, paths)) + allowed).encode())
