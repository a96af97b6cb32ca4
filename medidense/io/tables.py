"""What rows does a CSV file hold? And how is one written?

Read strictly: the file is checked whole, and every problem is reported with its line.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from medidense.durable import PRIVATE, write_text
from medidense.errors import CohortError, Problem

SAVE_AS = "save the file as CSV UTF-8 (comma delimited)"
MANY = 50
"""Problems reported of one file; more say the same."""


@dataclass(frozen=True)
class Row:
    """One row. `line` is the line of the file that it begins on, the header being 1; cells are as typed."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A header and its rows; every row has a cell for each column."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    """Read a UTF-8 CSV file with commas and a header; a byte order mark is fine, empty lines are skipped.

    Blanks around column names are removed, cells stay as typed.
    Raises CohortError with every problem: no such file, empty, another encoding or separator, NUL bytes, no
    header, unnamed or repeated columns, rows of another length, an open quote, no rows.
    """
    where = str(path)
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, problems = [], []
    try:
        columns = tuple(name.strip() for name in next(reader))
        _check_columns(where, columns)
        for line, cells in _numbered(reader):
            if len(cells) != len(columns):
                rule = f"a row needs {len(columns)} cells, as many as the header"
                step = "put cells that hold a comma into double quotes"
                problems.append(Problem(f"{where} line {line}", rule, str(len(cells)), step))
            elif any(cells):
                rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        step = "close the double quotes, and double those inside a cell"
        problems.append(
            Problem(f"{where} line {reader.line_num}", "a line must be valid CSV", str(error), step)
        )
    if not rows and not problems:
        problems.append(Problem(where, "a table needs at least one row below its header", "none", "add rows"))
    if problems:
        raise CohortError.several(problems[:MANY])
    return Table(columns, tuple(rows))


def write_table(
    target: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], mode: int = PRIVATE
) -> None:
    """Write a CSV file (UTF-8, commas, one newline a row), whole or not at all. Raises WriteError.

    Raises ValueError for a row of another length than the header (a programming error).
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} cells under {len(columns)} columns")
        writer.writerow(row)
    write_text(target, out.getvalue(), mode)


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each row; empty lines are left out. A quoted cell may span lines."""
    first = reader.line_num + 1  # type: ignore[attr-defined]
    for cells in reader:
        if cells:
            yield first, cells
        first = reader.line_num + 1  # type: ignore[attr-defined]


def _text(path: Path) -> str:
    """The file's text, once it is plain UTF-8 with commas."""
    where = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        _stop(where, "the file must be readable", error.strerror or "", "check the path")
    if not content.strip():
        _stop(where, "the file must not be empty", f"{len(content)} bytes", "add a header and rows")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _stop(where, "the file must be UTF-8", "UTF-16", SAVE_AS)
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        _stop(f"{where} line {line}", "the file must be UTF-8 text", "NUL bytes (UTF-16?)", SAVE_AS)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _stop(f"{where} line {line}", "the file must be UTF-8", f"byte 0x{content[error.start]:02x}", SAVE_AS)
    head = text.split("\n", 1)[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if separator in head and "," not in head:
            _stop(f"{where} line 1", "cells must be separated by commas", name, SAVE_AS)
    return text


def _check_columns(where: str, columns: tuple[str, ...]) -> None:
    """Every column named, and once."""
    problems = []
    for name in dict.fromkeys(columns):
        if not name:
            number = columns.index(name) + 1
            rule, step = "every column needs a name", "name it in the first line, or delete it"
            problems.append(Problem(f"{where} line 1", rule, f"none for column {number}", step))
        elif columns.count(name) > 1:
            rule, step = "no column may occur twice", "rename or delete one of them"
            problems.append(Problem(f"{where} line 1", rule, name, step))
    if problems:
        raise CohortError.several(problems)


def _stop(where: str, rule: str, found: str, step: str) -> NoReturn:
    """The file cannot be read any further."""
    raise CohortError(where, rule, found, step)
