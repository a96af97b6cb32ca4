"""How does a finished cross-validation become a page in MLflow?"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from medidense import durable
from medidense.errors import RunError, UsageError, WriteError
from medidense.rundir import RunDir
from medidense.track.contents import Contents
from medidense.track.experiments import end_stale, experiment_of, still_there
from medidense.track.memory import Memory
from medidense.track.pseudonyms import pseudonym, pseudonym_key
from medidense.track.quiet import STORE_ERRORS, client_of
from medidense.track.session import Session
from medidense.track.store import artifact_location, tracking_uri


@dataclass(frozen=True)
class Tracked:
    """Where MLflow holds the run, or in `problem` why it does not."""

    run_id: str = ""
    experiment: str = ""
    uri: str = ""
    problem: str = ""

    @property
    def words(self) -> str:
        """One line for people."""
        if self.problem:
            return f"not logged to MLflow: {self.problem}"
        return f"MLflow experiment {self.experiment}, run {self.run_id}, in {self.uri}"


def log_cross_validation(run: RunDir, *, working: Path, command: str, package: Path | None = None) -> Tracked:
    """Log a finished run directory: a parent run for the cross-validation, a child run for each fold.

    `working` is the folder whose ``mlruns`` is the default store; `command` stands where MLflow would write
    the script's path; `package` is the folder of the run's package, logged as its model. What was logged
    before is not logged again (tracking.json remembers); what was begun goes on. Everything that names a
    subject or a sample is replaced by a pseudonym.

    A store that is away or refuses stops nothing: `Tracked.problem` says it in one sentence, and the next
    call goes on. Raises RunError when the run directory itself is damaged or not finished.
    """
    run.require_finished()
    results = _digest(run)
    try:
        uri, key = tracking_uri(working), pseudonym_key()
        client = client_of(uri)
        contents = Contents(run, lambda text: pseudonym(key, text))
        memory = Memory.of(run.tracking_path, without_password(uri), results)
        if not still_there(client, memory):
            memory.forget()
        memory.save()
        experiment = experiment_of(client, contents.experiment, artifact_location(uri))
        end_stale(client, experiment, memory)
        parent = Session(client, experiment, contents, memory, command, package).log()
        home = client.get_experiment(client.get_run(parent).info.experiment_id)
    except STORE_ERRORS as error:
        return Tracked(problem=sentence(error))
    except RunError:
        raise
    except (UsageError, WriteError) as error:
        return Tracked(problem=error.lines[0])
    return Tracked(parent, home.name, memory.store)


def _digest(run: RunDir) -> str:
    """Of everything whose change means that results must be logged again."""
    paths = (run.evaluation_path, run.predictions_path, run.recipe_path)
    return durable.sha256_bytes("".join(durable.sha256_file(path) for path in paths).encode())


def without_password(uri: str) -> str:
    """The address without a user's name and password.

    >>> without_password("https://me:secret@host:5000/x")
    'https://host:5000/x'
    """
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri


def sentence(error: Exception) -> str:
    """An error of the store on one line, short, without a password, and what to do.

    >>> sentence(OSError("http://me:secret@host is away")).split(" (")[0]
    'http://host is away'
    """
    said = re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))[:300]
    return f"{said} (the run directory holds everything; run the same command again to log it)"
