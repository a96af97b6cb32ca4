"""What has been scored already, and how did it end?

One SQLite file in the output folder. A unit is one input (a file, or a series of a folder); its rows are
stored in one transaction when all of them are known, so that after a crash a unit is there whole or not.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medidense import durable
from medidense.errors import RunError, WriteError
from medidense.values import Score

VERSION = 1
"""Of the tables, kept as SQLite's user_version."""

TABLES = f"""
BEGIN;
CREATE TABLE package(digest TEXT PRIMARY KEY) STRICT;
CREATE TABLE unit(
    place TEXT, part TEXT, loose INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY(place, part)
) STRICT;
CREATE TABLE result(
    place TEXT, part TEXT, lesion_id TEXT, input TEXT NOT NULL, series_uid TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY(place, part, lesion_id)
) STRICT;
CREATE INDEX result_order ON result(input, series_uid, lesion_id, place, part);
PRAGMA user_version = {VERSION};
COMMIT;
"""


@dataclass(frozen=True)
class Unit:
    """One input: where it lies (links followed), which part of that, a digest of all that decides its rows.

    `part` is the series UID of DICOM. A `loose` unit is something that could not be read as an image; its
    part ends with the refusal's sentence, and when it is met no more, repaired say, its row goes.
    """

    place: str
    part: str
    key: str
    loose: bool = False


class Ledger:
    """The rows of one output folder, made by one package. `open_ledger` makes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows_of(self, unit: Unit) -> list[Score]:
        """The stored rows of a unit; none where it is new or anything that decides them has changed."""
        query = (
            "SELECT data FROM result JOIN unit USING (place, part) "
            "WHERE place = ? AND part = ? AND key = ? ORDER BY lesion_id"
        )
        found = self._connection.execute(query, (unit.place, unit.part, unit.key))
        return [_score(data) for (data,) in found]

    def store(self, unit: Unit, scores: Sequence[Score]) -> None:
        """Put the rows of a unit in the place of whatever was known of it, in one transaction."""
        where = (unit.place, unit.part)
        rows = [(*where, score.lesion_id, score.input, score.series_uid, _data(score)) for score in scores]
        with _transaction(self._connection):
            self._connection.execute("DELETE FROM result WHERE place = ? AND part = ?", where)
            self._connection.execute(
                "INSERT OR REPLACE INTO unit VALUES (?, ?, ?, ?)", (*where, unit.loose, unit.key)
            )
            self._connection.executemany("INSERT INTO result VALUES (?, ?, ?, ?, ?, ?)", rows)

    def rows(self) -> Iterator[Score]:
        """Every row, sorted by the bytes of input, series and lesion."""
        query = "SELECT data FROM result ORDER BY input, series_uid, lesion_id, place, part"
        for (data,) in self._connection.execute(query):
            yield _score(data)

    def meet(self, unit: Unit) -> None:
        """Note, for this run only, that a loose unit is still there."""
        if unit.loose:
            self._connection.execute("INSERT OR IGNORE INTO met VALUES (?, ?)", (unit.place, unit.part))

    def forget_unmet(self, place: str) -> None:
        """Drop the loose units at or below `place` that this run has not met."""
        query = (
            "SELECT place, part FROM unit WHERE loose AND (place = ? OR substr(place, 1, ?) = ?) "
            "AND NOT EXISTS (SELECT 1 FROM met WHERE met.place = unit.place AND met.part = unit.part)"
        )
        below = place.rstrip("/") + "/"
        gone = self._connection.execute(query, (place, len(below), below)).fetchall()
        if gone:
            with _transaction(self._connection):
                for table in ("result", "unit"):
                    self._connection.executemany(f"DELETE FROM {table} WHERE place = ? AND part = ?", gone)


@contextlib.contextmanager
def open_ledger(path: Path, package_digest: str, *, anew: bool = False) -> Iterator[Ledger]:
    """The ledger at `path`, made (mode 0600) where there is none; `anew` forgets the rows of another package.

    Raises RunError when it belongs to another package, WriteError (also out of the block) when it cannot be
    used: damaged, of another version, on a full or read-only disk.
    """
    with durable.writing(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, durable.PRIVATE))
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TEMP TABLE met(place TEXT, part TEXT, PRIMARY KEY(place, part))")
            _prepare(connection, path, package_digest, anew)
            yield Ledger(connection)
    except sqlite3.Error as error:
        step = "free the disk, or move the folder away and run the same command again"
        raise WriteError(str(path), "the ledger cannot be used", error, step) from error


def _prepare(connection: sqlite3.Connection, path: Path, package_digest: str, anew: bool) -> None:
    """Make the tables of a new ledger; check whose an old one is."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(TABLES)
    elif version != VERSION:
        step = "use the version of medidense that wrote it, or choose another --out"
        raise WriteError(str(path), f"this version writes ledgers of version {VERSION}", version, step)
    known = connection.execute("SELECT digest FROM package").fetchone()
    if anew and known is not None and known[0] != package_digest:
        with _transaction(connection):
            for table in ("result", "unit", "package"):
                connection.execute(f"DELETE FROM {table}")
        known = None
    if known is None:
        with _transaction(connection):
            connection.execute("INSERT INTO package VALUES (?)", (package_digest,))
    elif known[0] != package_digest:
        rule = "this folder holds the scores of another package"
        found = f"{known[0]} there, {package_digest} given"
        raise RunError(str(path.parent), rule, found, "choose another --out for this package")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it; the connection begins none by itself."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _data(score: Score) -> str:
    return json.dumps(asdict(score), sort_keys=True)


def _score(data: str) -> Score:
    return Score(**json.loads(data))
