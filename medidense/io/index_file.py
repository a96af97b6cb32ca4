"""Who may open the file of an index, and what tables are in it? SQLite, one writer or many readers."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from medidense.durable import PRIVATE, writing
from medidense.errors import LockedError

VERSION = 3
"""Of the tables and of what is in them, kept as SQLite's user_version; another one's content is dropped."""

PATIENCE = 1.0
"""Seconds to wait for another process that has the file."""

OWNER = 0x6D646978
"""SQLite's application_id of an index: no other database is touched."""

TABLES = """
CREATE TABLE file(
    key BLOB PRIMARY KEY, shown BLOB NOT NULL, root INTEGER NOT NULL, size INTEGER, mtime INTEGER,
    kind TEXT NOT NULL, series TEXT NOT NULL, facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_series ON file(series, shown);
CREATE INDEX file_shown ON file(shown);
CREATE TABLE entry(
    series TEXT, key BLOB, number INTEGER, root INTEGER NOT NULL, shown BLOB NOT NULL, folder BLOB NOT NULL,
    uid TEXT NOT NULL, state TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY(series, key, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_order ON entry(root, shown, series, number);
CREATE INDEX entry_key ON entry(key) WHERE series = '';
CREATE TABLE stale(series TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE touched(folder BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE asked(said TEXT, rules TEXT) STRICT;
"""

MET = """
CREATE TEMP TABLE met(
    key BLOB PRIMARY KEY, shown BLOB, root INTEGER, size INTEGER, mtime INTEGER
) STRICT, WITHOUT ROWID;
"""


@contextlib.contextmanager
def writable(path: Path | None) -> Iterator[sqlite3.Connection]:
    """A connection to tables of this version, which nobody else can open inside the block.

    The file is made where it is missing, mode 0600; without a path there is one that ends with the block.
    Raises LockedError where another process has it open, WriteError where it cannot be written or is the
    database of another program.
    """
    where = path if path is not None else Path("the temporary folder")
    with _errors(where):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(PRIVATE)
        name = "" if path is None else str(path)
        with contextlib.closing(sqlite3.connect(name, isolation_level=None, timeout=PATIENCE)) as connection:
            _prepare(connection, name)
            try:
                yield connection
            finally:  # so that readers need no files beside this one
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA journal_mode = DELETE")


@contextlib.contextmanager
def readable(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing; any number of processes may have one.

    Raises LockedError where a scan writes the file, WriteError where it cannot be opened or has no tables of
    this version.
    """
    with _errors(path):
        name = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(
            sqlite3.connect(name, isolation_level=None, timeout=PATIENCE, uri=True)
        ) as connection:
            if _version(connection)[0] != VERSION:
                raise OSError(0, "it was written by another version; scan again")
            yield connection


@contextlib.contextmanager
def _errors(where: Path) -> Iterator[None]:
    """The errors of SQLite as ours."""
    with writing(where):
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                step = "wait for it to end, or name another --out"
                raise LockedError(str(where), "locked by another run", "", step) from None
            raise OSError(0, str(error)) from error


def _prepare(connection: sqlite3.Connection, name: str) -> None:
    """Lock the file, and drop what another version left."""
    if name:  # before anything is read: two that hold a shared lock would keep each other out
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    version, names = _version(connection)
    connection.execute("PRAGMA synchronous = OFF")  # what a crash loses is scanned again
    connection.execute("PRAGMA journal_mode = WAL" if name else "PRAGMA journal_mode = MEMORY")
    if version != VERSION:
        for table in names:
            connection.execute(f'DROP TABLE "{table}"')
        marks = f"PRAGMA user_version = {VERSION}; PRAGMA application_id = {OWNER};"
        connection.executescript(TABLES + marks)
    connection.executescript(MET)


def _version(connection: sqlite3.Connection) -> tuple[int, list[str]]:
    """(version, names of the tables) of what is there. Raises OSError for another program's database."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if names and owner != OWNER:
        raise OSError(0, "it is the database of another program")
    return int(version), names
