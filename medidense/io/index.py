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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from medidense.io.dicom.packing import BROKEN, IMAGE
from medidense.io.index_file import readable, writable
from medidense.values import Entry, Refusal

NO_UID = "no SeriesInstanceUID"
"""What the index calls the series of images that state none."""

LONGEST_UID = 64
"""Characters of a UID (PS3.5 chapter 9)."""

UNKNOWN = """
SELECT met.key, met.shown, met.root, met.size, met.mtime FROM met LEFT JOIN file USING (key)
WHERE file.key IS NULL OR file.size IS NOT met.size OR file.mtime IS NOT met.mtime OR file.shown != met.shown
    OR file.root != met.root
ORDER BY met.root, met.shown
"""

Facts = tuple[int, int, str, str, str]
"""(size, time of change, kind, series, facts) of a file."""

FIRST_ROOT = "SELECT min(root) FROM file WHERE series = ?"

OWN_ENTRIES = "DELETE FROM file WHERE series = ''"
"""Forgets the files that have entries of their own."""

FORGOTTEN = "SELECT series, shown FROM file WHERE key NOT IN (SELECT key FROM met)"


class Met(NamedTuple):
    """A file that the walk met: `key` is its real path, `shown` the path as the user reaches it.

    `root` is the number of the given path that led to it: entries are listed in that order.
    """

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

    def ask(self, said: str, rules: str = "") -> None:
        """Drop the entries made for another question (other roots); files stay known.

        Where files were looked at by other `rules` they are forgotten as well.
        """
        before = self._connection.execute("SELECT said, rules FROM asked").fetchone() or ("", rules)
        if before == (said, rules):
            return
        with self.transaction():
            self._connection.execute("DELETE FROM asked")
            self._connection.execute("INSERT INTO asked VALUES (?, ?)", (said, rules))
            self._connection.execute("DELETE FROM entry")
            self._connection.execute("DELETE FROM file" if before[1] != rules else OWN_ENTRIES)
            self._mark("SELECT DISTINCT series FROM file WHERE series != ''")

    def meet(self, files: Iterable[Met]) -> int:
        """Note that these files are there; the number of those not met before in this scan."""
        before = self._connection.total_changes
        with self.transaction():
            self._connection.executemany("INSERT OR IGNORE INTO met VALUES (?, ?, ?, ?, ?)", files)
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
        with self.transaction():
            # before anything else: refused parts of the tree have such entries too
            self._connection.execute(
                "DELETE FROM entry WHERE series = '' AND key NOT IN (SELECT key FROM met)"
            )
            if self._connection.execute(f"{FORGOTTEN} LIMIT 1").fetchone() is None:
                return
            self._touch(shown for _, shown in self._connection.execute(FORGOTTEN).fetchall())
            self._mark(f"SELECT series FROM ({FORGOTTEN}) WHERE series != ''")
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
        series = {(known.series,) for _, known, _ in found if known.series}
        many = self._connection.executemany
        with self.transaction():
            many(
                "INSERT OR IGNORE INTO stale SELECT series FROM file WHERE key = ? AND series != ''",
                keys,
            )
            many("INSERT OR IGNORE INTO stale VALUES (?)", series)
            many("DELETE FROM entry WHERE series = '' AND key = ?", keys)
            many("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            for met, _, entries in found:
                if entries:
                    self._put(met.root, "", met.key, b"", entries)
            self._touch(met.shown for met, _, _ in found)

    def stale(self) -> Iterator[str]:
        """Every series whose entries must be made anew."""
        with self.transaction():
            self._mark("SELECT series FROM entry JOIN touched USING (folder) WHERE series != ''")
            self._connection.execute("DELETE FROM touched")
        for (series,) in self._connection.execute("SELECT series FROM stale").fetchall():
            yield series

    def files_of(self, series: str) -> list[tuple[bytes, str, str]]:
        """(shown path, kind, facts) of the files of a series, by path."""
        query = "SELECT shown, kind, facts FROM file WHERE series = ? ORDER BY shown"
        return self._connection.execute(query, (series,)).fetchall()

    def known_below(self, folder: bytes) -> dict[bytes, Facts]:
        """Real path -> (size, time of change, kind, series, facts) of the files at or below a real folder."""
        query = "SELECT key, size, mtime, kind, series, facts FROM file WHERE key > ? AND key < ?"
        return {key: (*rest,) for key, *rest in self._connection.execute(query, _ends(folder))}

    def known_at(self, key: bytes) -> Facts | None:
        """(size, time of change, kind, series, facts) of the file with this real path."""
        query = "SELECT size, mtime, kind, series, facts FROM file WHERE key = ?"
        found: Facts | None = self._connection.execute(query, (key,)).fetchone()
        return found

    def strays(self, folder: bytes | None = None) -> list[tuple[bytes, str, str]]:
        """(shown path, kind, facts) of broken files that may be of any series: all, or below a folder."""
        within = "" if folder is None else "shown > ? AND shown < ? AND"
        query = (
            f"SELECT shown, kind, facts FROM file WHERE {within} series = '' AND kind = '{BROKEN}' "
            "ORDER BY shown"
        )
        return self._connection.execute(query, () if folder is None else _ends(folder)).fetchall()

    def has_others(self, folder: bytes, series: str) -> bool:
        """Whether DICOM images, sound or broken, of no or another series lie at or below a folder."""
        query = (
            f"SELECT 1 FROM file WHERE shown > ? AND shown < ? AND series != ? "
            f"AND kind IN ('{IMAGE}', '{BROKEN}') LIMIT 1"
        )
        return self._connection.execute(query, (*_ends(folder), series)).fetchone() is not None

    def settle(self, series: str, folder: bytes, entries: Sequence[Entry]) -> None:
        """Put the entries of a series in the place of the old ones."""
        with self.transaction():
            self._connection.execute("DELETE FROM entry WHERE series = ?", (series,))
            self._connection.execute("DELETE FROM stale WHERE series = ?", (series,))
            (root,) = self._connection.execute(FIRST_ROOT, (series,)).fetchone()
            self._put(root or 0, series, b"", folder, entries)

    def entries(self) -> Iterator[Entry]:
        """Every entry, by root, then by the bytes of its path and by its series."""
        query = "SELECT facts FROM entry ORDER BY root, shown, series, number"
        for (facts,) in self._connection.execute(query):
            yield entry_of(json.loads(facts))

    def counts(self) -> dict[str, int]:
        """State (``volume``, ``refused`` or ``skipped``) -> number of entries."""
        return dict(self._connection.execute("SELECT state, count(*) FROM entry GROUP BY state"))

    def series(self) -> list[str]:
        """The UIDs of all series, sorted; those in archives too."""
        query = "SELECT DISTINCT uid FROM entry WHERE uid != '' ORDER BY uid"
        return [uid for (uid,) in self._connection.execute(query)]

    def tail(self, least: int = 6) -> int:
        """How many last characters of a series UID tell it from every other one."""
        query = "SELECT count(DISTINCT substr(uid, ?)) = count(DISTINCT uid) FROM entry"
        told = (
            count
            for count in range(least, LONGEST_UID)
            if self._connection.execute(query, (-count,)).fetchone()[0]
        )
        return next(told, LONGEST_UID)

    def rules(self) -> str:
        """By which rules the files were looked at."""
        found = self._connection.execute("SELECT rules FROM asked").fetchone()
        return str(found[0]) if found else ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of a block; part of the one around it, where there is one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        with self._connection:
            yield

    def _put(self, root: int, series: str, key: bytes, folder: bytes, entries: Sequence[Entry]) -> None:
        """Insert entries, numbered in their order."""
        rows = (
            (
                series,
                key,
                number,
                root,
                os.fsencode(one.path),
                folder,
                one.series_uid,
                one.state,
                json.dumps(one, default=vars),
            )
            for number, one in enumerate(entries)
        )
        self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _mark(self, query: str) -> None:
        """Series that a query names must be looked at again."""
        self._connection.execute(f"INSERT OR IGNORE INTO stale {query}")

    def _touch(self, files: Iterable[bytes]) -> None:
        """Every folder above these files has changed."""
        direct = {folder_of(shown) for shown in files}
        folders = direct | {above for folder in direct for above in folders_above(folder)}
        self._connection.executemany("INSERT OR IGNORE INTO touched VALUES (?)", [(one,) for one in folders])


@contextmanager
def open_index(path: Path | None) -> Iterator[Index]:
    """The index at `path` (made where missing, mode 0600), or one that ends with the block.

    Raises LockedError where another scan writes it, WriteError where it cannot be written or is no index.
    """
    with writable(path) as connection:
        yield Index(connection)


@contextmanager
def read_index(path: Path) -> Iterator[Index]:
    """The index at `path` as it is; any number of processes may read it at once.

    Raises LockedError where a scan writes it, WriteError where it cannot be opened or is no index of this
    version.
    """
    with readable(path) as connection:
        yield Index(connection)


def _ends(folder: bytes) -> tuple[bytes, bytes]:
    """What the paths below a folder lie between: "0" follows "/" in ASCII."""
    return folder.rstrip(b"/") + b"/", folder.rstrip(b"/") + b"0"


def folders_above(shown: bytes) -> Iterator[bytes]:
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
    facts |= {name: tuple(facts[name]) for name in ("shape", "spacing_mm", "parts")}
    facts["marks"] = tuple((name, value) for name, value in facts["marks"])
    return Entry(**facts, refusal=None if refusal is None else Refusal(**refusal))
