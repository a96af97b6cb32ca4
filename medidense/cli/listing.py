"""How is a long catalogue printed? Line by line, in columns, on a terminal no wider than that."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from medidense.cli.errors import legible

if TYPE_CHECKING:
    from medidense.values import Entry

COLUMNS = ("series", "state", "kind", "voxels", "mm", "path")
NARROW = 20
"""Characters that a path needs at least; where fewer are left it has a line of its own."""


def listing(entries: "Iterable[Entry]", tail: int) -> Iterator[str]:
    """A line for each volume, refusal and scout among `entries`, which are walked twice.

    Elsewhere than on a terminal an entry is one line with everything in it. On a terminal a series is named
    by its last characters, `tail` of them, and how to pick its stack and what to note follow below it.
    """
    if sys.stdout.isatty():
        yield from _on_terminal(entries, tail, shutil.get_terminal_size().columns)
    else:
        yield from _in_full(entries)


def short(uid: str, tail: int) -> str:
    """The end of a UID, as `--series` takes it.

    >>> short("1.2.840.113619.17", 6), short("1.2", 6)
    ('..619.17', '1.2')
    """
    return uid if len(uid) <= tail + 2 else f"..{uid[-tail:]}"


def _listed(entries: "Iterable[Entry]") -> "Iterator[Entry]":
    """Those that show an image."""
    return (entry for entry in entries if entry.state != "skipped" or entry.series_uid)


def _cells(entry: "Entry", uid: str) -> tuple[str, ...]:
    """What stands in the columns."""
    return tuple(
        map(
            legible,
            (
                uid,
                entry.refusal.code if entry.refusal else entry.state,
                entry.modality or entry.kind,
                "x".join(str(n) for n in entry.shape),
                "x".join(f"{mm:.3g}" for mm in entry.spacing_mm),
                entry.path,
            ),
        )
    )


def _widths(rows: Iterable[tuple[str, ...]]) -> list[int]:
    """The longest cell of each column."""
    widths = [0] * len(COLUMNS)
    for row in rows:
        widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
    return [
        width if not width or name == "path" else max(width, len(name))
        for width, name in zip(widths, COLUMNS, strict=True)
    ]


def _line(cells: Iterable[str], widths: list[int]) -> str:
    """Cells in their columns; a column that is empty throughout is left out."""
    kept = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width]
    return "  ".join(kept).rstrip()


def _in_full(entries: "Iterable[Entry]") -> Iterator[str]:
    """One line an entry: whole UIDs, and after the path how to pick the stack and what to note."""
    widths = _widths(_cells(entry, entry.series_uid) for entry in _listed(entries))
    if not any(widths):
        return
    yield _line(COLUMNS, widths)
    for entry in _listed(entries):
        more = [*([f"--pick {mark}" for mark in _marks(entry)]), *([entry.note] if entry.note else [])]
        yield "  ".join([_line(_cells(entry, entry.series_uid), widths), *map(legible, more)])


def _on_terminal(entries: "Iterable[Entry]", tail: int, width: int) -> Iterator[str]:
    """Lines of at most `width` characters, as far as words can be broken."""
    widths = _widths(_cells(entry, short(entry.series_uid, tail)) for entry in _listed(entries))
    if not any(widths):
        return
    *others, longest = widths
    left = width - sum(others) - 2 * sum(map(bool, others))
    below = longest > left and left < NARROW
    yield _line(COLUMNS[:-1] if below else COLUMNS, others if below else [*others, longest])
    for entry in _listed(entries):
        *cells, path = _cells(entry, short(entry.series_uid, tail))
        if below:
            yield _line(cells, others)
            yield from _indented(path, width)
        else:
            yield _line([*cells, _end(path, left)], [*others, longest])
        for mark in _marks(entry):
            yield from _indented(f"--pick {legible(mark)}", width)
        if entry.note:
            yield from _indented(legible(entry.note), width)


def _marks(entry: "Entry") -> Iterator[str]:
    """What tells a stack from the others of its series, each as a shell takes it."""
    import shlex

    return (shlex.quote(f"{name}={value}") for name, value in entry.marks)


def _end(path: str, width: int) -> str:
    """A path, or its last characters where it is too long."""
    return path if len(path) <= width else f"..{path[2 - width :]}"


def _indented(text: str, width: int) -> list[str]:
    """Lines below an entry."""
    first, rest = "    ", "      "
    return textwrap.wrap(
        text, max(width, NARROW), initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
