"""Which files of a tree are known already, and what was found in them? One SQLite file beside a catalogue.

A file is known by its path, size and time of change. What a series is depends on all its files, so its
entries are made anew when one of them comes, changes or goes, or when a folder they lie in gets or loses a
file. The memory needed does not grow with the tree, and a scan that was stopped goes on.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medidense.durable import PRIVATE, writing
from medidense.io.dicom.packing import BROKEN, IMAGE
from medidense.values import Entry, Refusal

VERSION = 2
"""Of the tables and of what is in them, kept as SQLite's user_version; another one's content is dropped."""

OWNER = 0x6D646978
"""SQLite's application_id of an index: no other database is touched."""

TABLES = """
CREATE TABLE file(
    key BLOB PRIMARY KEY, shown BLOB NOT NULL, root INTEGER NOT NULL, size INTEGER, mtime INTEGER,
    kind TEXT NOT NULL, series TEXT NOT NULL, facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_series ON file(root, series, shown);
CREATE INDEX file_shown ON file(root, shown);
CREATE TABLE entry(
    root INTEGER, series TEXT, key BLOB, number INTEGER, shown BLOB NOT NULL, folder BLOB NOT NULL,
    state TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY(root, series, key, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_order ON entry(root, shown, series, number);
CREATE INDEX entry_key ON entry(key) WHERE series = '';
CREATE TABLE stale(root INTEGER, series TEXT, PRIMARY KEY(root, series)) STRICT, WITHOUT ROWID;
CREATE TABLE touched(root INTEGER, folder BLOB, PRIMARY KEY(root, folder)) STRICT, WITHOUT ROWID;
CREATE TABLE asked(said TEXT) STRICT;
"""

MET = """
CREATE TEMP TABLE met(
    key BLOB PRIMARY KEY, shown BLOB, root INTEGER, size INTEGER, mtime INTEGER
) STRICT, WITHOUT ROWID;
"""

UNKNOWN = """
SELECT met.key, met.shown, met.root, met.size, met.mtime FROM met LEFT JOIN file USING (key)
WHERE file.key IS NULL OR file.size IS NOT met.size OR file.mtime IS NOT met.mtime OR file.shown != met.shown
    OR file.root != met.root
ORDER BY met.root, met.shown
"""

FORGOTTEN = "SELECT root, series, shown FROM file WHERE key NOT IN (SELECT key FROM met)"


@dataclass(frozen=True, slots=True)
class Met:
    """A file that the walk met: `key` is its real path, `shown` the path as the user reaches it."""

    key: bytes
    shown: bytes
    root: int
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Known:
    """What was found in a file: its kind, its series (empty but for DICOM images), and facts as JSON."""

    kind: str
    series: str
    facts: str


class Index:
    """The files and entries of the trees below some roots. `open_index` makes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def ask(self, said: str) -> None:
        """Drop the entries made for another question (other roots, other rules); files stay known."""
        if self._connection.execute("SELECT said FROM asked").fetchall() == [(said,)]:
            return
        with self._transaction():
            self._connection.execute("DELETE FROM asked")
            self._connection.execute("INSERT INTO asked VALUES (?)", (said,))
            self._connection.execute("DELETE FROM entry")
            self._connection.execute("DELETE FROM file WHERE series = ''")
            self._mark("SELECT DISTINCT root, series FROM file WHERE series != ''")

    def meet(self, files: Iterable[Met]) -> int:
        """Note that these files are there; the number of those not met before in this scan."""
        before = self._connection.total_changes
        rows = ((met.key, met.shown, met.root, met.size, met.mtime) for met in files)
        self._connection.executemany("INSERT OR IGNORE INTO met VALUES (?, ?, ?, ?, ?)", rows)
        return self._connection.total_changes - before

    def count_unknown(self) -> int:
        """How many files `unknown` has."""
        return int(self._connection.execute(f"SELECT count(*) FROM ({UNKNOWN})").fetchone()[0])

    def unknown(self) -> Iterator[Met]:
        """The files met that are new or changed, by path."""
        for row in self._connection.execute(UNKNOWN):
            yield Met(*row)

    def forget_unmet(self) -> None:
        """Drop the files that are there no longer."""
        with self._transaction():
            self._touch((root, shown) for root, _, shown in self._connection.execute(FORGOTTEN).fetchall())
            self._mark(f"SELECT root, series FROM ({FORGOTTEN}) WHERE series != ''")
            self._connection.execute(
                "DELETE FROM entry WHERE series = '' AND key NOT IN (SELECT key FROM met)"
            )
            self._connection.execute("DELETE FROM file WHERE key NOT IN (SELECT key FROM met)")

    def refuse(self, refusals: Sequence[tuple[int, Refusal]]) -> None:
        """Entries for (root, refusal) of what the walk could not enter; they last until the next scan."""
        for root, refusal in refusals:
            entry = Entry(refusal.where, "refused", refusal=refusal)
            self._put(root, "", b"refused\0" + os.fsencode(refusal.where), b"", [entry])

    def store(self, found: Sequence[tuple[Met, Known, Sequence[Entry]]]) -> None:
        """Put what was found in files, with the entries of those that are no DICOM, in one transaction."""
        keys = [(met.key,) for met, _, _ in found]
        rows = [
            (met.key, met.shown, met.root, met.size, met.mtime, known.kind, known.series, known.facts)
            for met, known, _ in found
        ]
        series = {(met.root, known.series) for met, known, _ in found if known.series}
        many = self._connection.executemany
        with self._transaction():
            many(
                "INSERT OR IGNORE INTO stale SELECT root, series FROM file WHERE key = ? AND series != ''",
                keys,
            )
            many("INSERT OR IGNORE INTO stale VALUES (?, ?)", series)
            many("DELETE FROM entry WHERE series = '' AND key = ?", keys)
            many("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            for met, _, entries in found:
                if entries:
                    self._put(met.root, "", met.key, b"", entries)
            self._touch((met.root, met.shown) for met, _, _ in found)

    def stale(self) -> Iterator[tuple[int, str]]:
        """(root, series) of every series whose entries must be made anew."""
        with self._transaction():
            self._mark(
                "SELECT entry.root, series FROM entry JOIN touched USING (root, folder) WHERE series != ''"
            )
            self._connection.execute("DELETE FROM touched")
        yield from self._connection.execute("SELECT root, series FROM stale").fetchall()

    def files_of(self, root: int, series: str) -> list[tuple[bytes, str, str]]:
        """(shown path, kind, facts) of the files of a series, by path."""
        query = "SELECT shown, kind, facts FROM file WHERE root = ? AND series = ? ORDER BY shown"
        return self._connection.execute(query, (root, series)).fetchall()

    def known_below(self, folder: bytes) -> dict[bytes, tuple[int, int, str, str, str]]:
        """Real path -> (size, time of change, kind, series, facts) of the files at or below a real folder."""
        query = "SELECT key, size, mtime, kind, series, facts FROM file WHERE key > ? AND key < ?"
        ends = (folder.rstrip(b"/") + b"/", folder.rstrip(b"/") + b"0")
        return {key: (*rest,) for key, *rest in self._connection.execute(query, ends)}

    def strays(self, root: int, folder: bytes) -> list[tuple[bytes, str, str]]:
        """(shown path, kind, facts) of broken files at or below a folder that may be of any series."""
        query = (
            f"SELECT shown, kind, facts FROM file WHERE root = ? AND shown > ? AND shown < ? AND series = '' "
            f"AND kind = '{BROKEN}' ORDER BY shown"
        )
        ends = (folder.rstrip(b"/") + b"/", folder.rstrip(b"/") + b"0")
        return self._connection.execute(query, (root, *ends)).fetchall()

    def has_others(self, root: int, folder: bytes, series: str) -> bool:
        """Whether DICOM images, sound or broken, of no or another series lie at or below a folder."""
        query = (
            f"SELECT 1 FROM file WHERE root = ? AND shown > ? AND shown < ? AND series != ? "
            f"AND kind IN ('{IMAGE}', '{BROKEN}') LIMIT 1"
        )
        ends = (folder.rstrip(b"/") + b"/", folder.rstrip(b"/") + b"0")  # "0" follows "/" in ASCII
        return self._connection.execute(query, (root, *ends, series)).fetchone() is not None

    def settle(self, root: int, series: str, folder: bytes, entries: Sequence[Entry]) -> None:
        """Put the entries of a series in the place of the old ones."""
        with self._transaction():
            where = (root, series)
            self._connection.execute("DELETE FROM entry WHERE root = ? AND series = ?", where)
            self._connection.execute("DELETE FROM stale WHERE root = ? AND series = ?", where)
            self._put(root, series, b"", folder, entries)

    def entries(self) -> Iterator[Entry]:
        """Every entry, by root, then by the bytes of its path and by its series."""
        query = "SELECT facts FROM entry ORDER BY root, shown, series, number"
        for (facts,) in self._connection.execute(query):
            yield entry_of(json.loads(facts))

    def count(self, state: str = "%") -> int:
        """Entries of a state: ``volume``, ``refused`` or ``skipped``; all without one."""
        query = "SELECT count(*) FROM entry WHERE state LIKE ?"
        return int(self._connection.execute(query, (state,)).fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing of a block."""
        self._connection.execute("BEGIN")
        with self._connection:
            yield

    def _put(self, root: int, series: str, key: bytes, folder: bytes, entries: Sequence[Entry]) -> None:
        """Insert entries, numbered in their order."""
        rows = (
            (root, series, key, number, os.fsencode(one.path), folder, one.state, json.dumps(asdict(one)))
            for number, one in enumerate(entries)
        )
        self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _mark(self, query: str) -> None:
        """Series that a query names must be looked at again."""
        self._connection.execute(f"INSERT OR IGNORE INTO stale {query}")

    def _touch(self, files: Iterable[tuple[int, bytes]]) -> None:
        """Every folder above these files has changed."""
        direct = {(root, folder_of(shown)) for root, shown in files}
        folders = direct | {(root, above) for root, folder in direct for above in _above(folder)}
        self._connection.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?)", folders)


@contextmanager
def open_index(path: Path | None) -> Iterator[Index]:
    """The index at `path` (made where missing, mode 0600), or one that ends with the block.

    Raises WriteError where the file cannot be written or is no index.
    """
    name = "" if path is None else str(path)
    where = path if path is not None else Path("the temporary folder")
    with writing(where):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(PRIVATE)
        connection = _connected(name)
        try:
            yield Index(connection)
        except sqlite3.Error as error:
            raise OSError(0, str(error)) from error
        finally:
            connection.close()


def _connected(name: str) -> sqlite3.Connection:
    """A connection to tables of this version."""
    try:
        connection = sqlite3.connect(name, isolation_level=None)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if names and owner != OWNER:
            raise OSError(0, "it is the database of another program")
        connection.execute("PRAGMA synchronous = OFF")  # what a crash loses is scanned again
        connection.execute("PRAGMA journal_mode = MEMORY" if not name else "PRAGMA journal_mode = WAL")
        if version != VERSION:
            for (table,) in names:
                connection.execute(f'DROP TABLE "{table}"')
            marks = f"PRAGMA user_version = {VERSION}; PRAGMA application_id = {OWNER};"
            connection.executescript(TABLES + marks)
        connection.executescript(MET)
    except sqlite3.Error as error:
        raise OSError(0, str(error)) from error
    return connection


def _above(shown: bytes) -> Iterator[bytes]:
    """The folders that a path lies in."""
    while (folder := folder_of(shown)) != shown:
        yield folder
        shown = folder


def folder_of(shown: bytes) -> bytes:
    """The folder of a path, of bytes as the system has them; the first one is its own.

    >>> folder_of(b"a/b/c"), folder_of(b"/a"), folder_of(b"/"), folder_of(b"a")
    (b'a/b', b'/', b'/', b'.')
    """
    above = shown.rpartition(b"/")[0]
    return above or (b"/" if shown.startswith(b"/") else b".")


def entry_of(facts: dict[str, Any]) -> Entry:
    """An entry of its fields."""
    refusal = facts.pop("refusal")
    facts |= {name: tuple(facts[name]) for name in ("shape", "spacing_mm")}
    facts["marks"] = tuple((name, value) for name, value in facts["marks"])
    return Entry(**facts, refusal=None if refusal is None else Refusal(**refusal))
