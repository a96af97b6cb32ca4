"""Which store, experiment and runs does a run directory log to?"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from medidense.rundir import RunDir, this_process
from medidense.track.contents import Contents
from medidense.track.experiments import end_stale, experiment_of, still_there
from medidense.track.kept_runs import KeptRuns
from medidense.track.liveness import end_dead, mark
from medidense.track.memory import Memory
from medidense.track.pseudonyms import pseudonym, pseudonym_key
from medidense.track.quiet import client_of
from medidense.track.reaching import require_answer
from medidense.track.session import Packing, Session
from medidense.track.store import artifact_location, tracking_uri

LOCK = ".tracking.lock"
"""Whoever logs a run directory, alive or afterwards, holds this lock of it: one process at a time."""

TELLER = "process"
"""Under which name the memory keeps who told the statuses that it knows."""


def opened(
    run: RunDir, working: Path, command: str, *, results: str = "", package: Path | Packing | None = None
) -> Session:
    """The session of a run directory with the store for work done in `working`; whoever calls holds `LOCK`.

    `results` is the digest of the results that are to be logged, empty while there are none. Runs that dead
    processes left RUNNING in the store are ended. Raises what a store raises that is away (`STORE_ERRORS`),
    UsageError, WriteError.
    """
    uri = tracking_uri(working)
    require_answer(uri)
    key = pseudonym_key()
    client, marked = client_of(uri), mark(key, this_process())
    contents = Contents(run, lambda text: pseudonym(key, text))
    memory = Memory.of(run.tracking_path, without_password(uri), results)
    if not still_there(client, memory):
        memory.forget()
    if memory.told.get(TELLER) != marked:
        memory.told = {TELLER: marked}
    memory.save()
    experiment = experiment_of(client, contents.experiment, artifact_location(uri))
    end_stale(client, experiment, memory)
    end_dead(client, key, memory.uid)
    return Session(KeptRuns(client, experiment, memory, command, marked), contents, package)


def without_password(uri: str) -> str:
    """The address without a user's name and password.

    >>> without_password("https://me:secret@host:5000/x")
    'https://host:5000/x'
    """
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri


def sentence(error: Exception) -> str:
    """An error of the store on one line, short, without a password.

    >>> sentence(OSError("http://me:secret@host is away"))
    'http://host is away'
    """
    return re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))[:300]
