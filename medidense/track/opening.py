"""Which store, experiment and runs does a run directory log to?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medidense.rundir import Picture, RunDir, this_process
from medidense.track.contents import Contents
from medidense.track.experiments import end_stale, experiment_of, still_there
from medidense.track.kept_runs import KeptRuns
from medidense.track.liveness import end_dead, mark
from medidense.track.memory import Memory
from medidense.track.pseudonyms import pseudonym, pseudonym_key
from medidense.track.quiet import client_of
from medidense.track.reaching import require_answer
from medidense.track.session import Packing, Session
from medidense.track.store import SQLITE, artifact_location, tracking_uri

LOCK = ".tracking.lock"
"""Whoever logs a run directory, alive or afterwards, holds this lock of it: one process at a time."""

TELLER = "process"
"""Under which name the memory keeps who told the statuses that it knows."""


@dataclass(frozen=True, eq=False)
class Store:
    """A tracking store that answers: its address and client, and the user's key of pseudonyms."""

    uri: str
    client: Any
    key: bytes

    def alias(self, text: str) -> str:
        """The pseudonym of a subject or a sample."""
        return pseudonym(self.key, text)

    def runs(self, tracking: Path, experiment: str, command: str, results: str) -> KeptRuns:
        """The runs that the file `tracking` remembers, in the experiment of that name, made where missing.

        `results` is the digest of what is to be logged. Runs that dead processes left RUNNING are ended.
        """
        memory = self.memory(tracking, results)
        home = experiment_of(self.client, experiment, artifact_location(self.uri))
        return self.kept(memory, home, command)

    def memory(self, tracking: Path, results: str) -> Memory:
        """What the file `tracking` remembers of this store and is true still."""
        marked = mark(self.key, this_process())
        memory = Memory.of(tracking, without_password(self.uri), results)
        if not still_there(self.client, memory):
            memory.forget()
        if memory.told.get(TELLER) != marked:
            memory.told = {TELLER: marked}
        memory.save()
        return memory

    def kept(self, memory: Memory, home: str, command: str) -> KeptRuns:
        """The runs that are remembered, in the experiment with the ID `home`; dead ones are ended."""
        end_stale(self.client, home, memory)
        end_dead(self.client, self.key, memory.uid)
        return KeptRuns(self.client, home, memory, command, mark(self.key, this_process()))


def reached(working: Path) -> Store:
    """The store for work done in the folder `working`.

    Raises what a store raises that is away (`STORE_ERRORS`), UsageError, WriteError.
    """
    uri = tracking_uri(working)
    require_answer(uri)
    return Store(uri, client_of(uri), pseudonym_key())


def opened(
    run: RunDir,
    working: Path,
    command: str,
    *,
    results: str = "",
    package: Path | Packing | None = None,
    pictures: Sequence[Picture] = (),
) -> Session:
    """The session of a run directory with the store for work done in `working`; whoever calls holds `LOCK`.

    `results` is the digest of the results that are to be logged, empty while there are none. Raises as
    `reached`.
    """
    store = reached(working)
    contents = Contents(run, store.alias, pictures)
    return Session(store.runs(run.tracking_path, contents.experiment, command, results), contents, package)


def without_password(uri: str) -> str:
    """The address of a store in one spelling, without a name, a password and options.

    >>> without_password("https://me:secret@Host:5000/x/")
    'https://host:5000/x'
    >>> without_password("sqlite:////data/mlflow.db?timeout=60")
    'sqlite:////data/mlflow.db'
    """
    if uri.startswith(SQLITE):
        return uri.partition("?")[0]
    parts = urlsplit(uri)
    host, path = parts.netloc.rpartition("@")[2].lower(), parts.path.rstrip("/")
    return parts._replace(netloc=host, path=path).geturl()
