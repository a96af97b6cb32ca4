"""How does somebody say which version of a registered model is the champion?"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medidense.errors import RunError, UsageError, WriteError
from medidense.rundir import RunDir
from medidense.track import names
from medidense.track.experiments import cross_validation_of, still_there
from medidense.track.memory import Memory
from medidense.track.opening import without_password
from medidense.track.quiet import STORE_ERRORS, client_of
from medidense.track.registry import Promoted, crown, version_of_run
from medidense.track.store import known_uri
from medidense.track.store_errors import of_other_mlflow, sentence


def promote_run(run: RunDir, working: Path) -> Promoted:
    """Make the version of a finished run directory the champion of its registered model.

    `working` is the folder whose ``mlruns`` is the default store. Raises RunError where the run is not in the
    store or no version of it is registered, UsageError where there is no store, WriteError where it does not
    answer.
    """
    run.require_finished()
    uri = known_uri(working)
    store = without_password(uri)
    with _registry(store):
        client, memory = client_of(uri), Memory.of(run.tracking_path, store, "")
        known = memory.runs.get(names.CV) if still_there(client, memory) else None
        parent = known or cross_validation_of(client, memory.uid)
        if parent is None:
            step = "go to the folder or set MLFLOW_TRACKING_URI as it was for cv, or run cv again to log it"
            raise RunError(str(run.path), "the run is not in this MLflow store", store, step)
        name, version = version_of_run(client, parent, str(run.path))
        return _crowned(client, name, version, store)


def promote_version(name: str, version: str, working: Path) -> Promoted:
    """Make version `version` of the registered model `name` the champion.

    Raises UsageError where there is no such version or no store, WriteError where it does not answer.
    """
    uri = known_uri(working)
    store = without_password(uri)
    with _registry(store):
        return _crowned(client_of(uri), name, version, store)


def _crowned(client: Any, name: str, version: str, store: str) -> Promoted:
    """The champion, moved."""
    before, headline = crown(client, name, version)
    return Promoted(name, version, before, headline, store)


@contextlib.contextmanager
def _registry(store: str) -> Iterator[None]:
    """Turn what the store raises into an error of ours."""
    try:
        yield
    except (RunError, UsageError):
        raise
    except STORE_ERRORS as error:
        other = of_other_mlflow(str(error))
        step = "" if other else "start the server or correct MLFLOW_TRACKING_URI, and "
        step += "run the same command again"
        raise WriteError(
            store,
            "the MLflow registry cannot be read" if other else "the MLflow registry does not answer",
            sentence(error),
            step,
        ) from None
