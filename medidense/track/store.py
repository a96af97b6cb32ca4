"""Where do runs go: which store, and is it there?"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from medidense import durable
from medidense.errors import UsageError
from medidense.track.quiet import client_of

VARIABLE = "MLFLOW_TRACKING_URI"
SQLITE = "sqlite:///"


def tracking_uri(working: Path) -> str:
    """The address of the tracking store for work done in the folder `working`.

    ``MLFLOW_TRACKING_URI`` wins: http, https or sqlite (a relative file counts from `working`). Without it,
    ``<working>/mlruns/mlflow.db``. A SQLite file that is not there yet is made, whole, under a lock. The
    address returned is absolute. Raises UsageError for another kind of address, WriteError.
    """
    uri, database = _address(working)
    if database is not None:
        create_sqlite(database)
    return uri


def known_uri(working: Path) -> str:
    """The same address of a store that is there: nothing is made. Raises UsageError where there is none."""
    uri, database = _address(working)
    if database is not None and not database.is_file():
        step = f"go to the folder where cv was run, or set {VARIABLE}"
        raise UsageError(str(database), "there is no MLflow store here", "", step)
    return uri


def _address(working: Path) -> tuple[str, Path | None]:
    """(address, SQLite file or None for a server). Raises UsageError."""
    given = os.environ.get(VARIABLE, "").strip()
    if urlsplit(given).scheme in ("http", "https"):
        return given, None
    if given and not given.startswith(SQLITE):
        found = f"{urlsplit(given).scheme or 'a path'}:…"
        step = "unset it, or set an address such as sqlite:////data/mlflow.db or http://127.0.0.1:5000"
        raise UsageError(VARIABLE, "must begin with http://, https:// or sqlite:///", found, step)
    named, mark, query = given.removeprefix(SQLITE).partition("?")
    database = working.resolve() / (named or "mlruns/mlflow.db")
    return f"{SQLITE}{database}{mark}{query}", database


def sqlite_folder(uri: str) -> Path | None:
    """The folder that holds a SQLite store's file and its artifacts; None for a server.

    >>> sqlite_folder("sqlite:////data/mlflow.db")
    PosixPath('/data')
    """
    return Path(uri.removeprefix(SQLITE).partition("?")[0]).parent if uri.startswith(SQLITE) else None


def artifact_location(uri: str) -> str | None:
    """Where a SQLite store's artifacts go, as a URI; None for a server, which knows by itself."""
    folder = sqlite_folder(uri)
    return None if folder is None else (folder / "artifacts").as_uri()


def create_sqlite(database: Path) -> None:
    """Make an empty MLflow store at `database` unless one is there.

    MLflow takes no lock while it makes its tables, so that two processes at once can leave a store that never
    opens (measured). Here it is built beside and renamed, under a lock. Raises WriteError.
    """
    with waiting_lock(database.parent / f".{database.name}.lock"):
        if database.exists() and database.stat().st_size:
            return
        with durable.replacing(database) as draft:
            client_of(f"{SQLITE}{draft}").search_experiments(max_results=1)


@contextlib.contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (made where missing), waiting for whoever holds it. Raises WriteError."""
    with durable.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
