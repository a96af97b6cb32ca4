"""How a result looks: tables on a terminal, plain aligned lines elsewhere, one JSON object where asked."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from medidense.cli.errors import emit, legible


@dataclass(frozen=True)
class Table:
    """Rows under column names. With one empty column name for all, the header is left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    def plain(self) -> list[str]:
        """Lines whose columns are aligned with spaces.

        >>> Table(("fold", "AUROC"), (("0", "0.912"), ("10", "0.9"))).plain()
        ['fold  AUROC', '0     0.912', '10    0.9']
        """
        rows = [self.columns, *self.rows] if any(self.columns) else list(self.rows)
        rows = [tuple(map(legible, row)) for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.columns))] if rows else []
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        return [*([self.title] if self.title else []), *(line.rstrip() for line in lines)]


Piece = str | Table


def facts(pairs: Sequence[tuple[str, object]]) -> Table:
    """A table of names and values without a header; pairs whose value is empty are left out."""
    return Table(("", ""), tuple((name, str(value)) for name, value in pairs if str(value)))


def show(pieces: Sequence[Piece], json_object: Mapping[str, object], *, as_json: bool) -> None:
    """Print a result on stdout in the way that fits where stdout goes."""
    if as_json:
        emit(_json(json_object))
    elif sys.stdout.isatty():
        _show_rich(pieces)
    else:
        for piece in pieces:
            emit("\n".join(piece.plain()) if isinstance(piece, Table) else piece)


def show_stream(head: Mapping[str, object], name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object on stdout whose last value, a list under `name`, is never held as a whole."""
    emit(f"{_json(head)[:-1]}, {_json(name)}: [", end="")
    for number, row in enumerate(rows):
        emit(f"{',' if number else ''}\n{_json(row)}", end="")
    emit("]}")


def _json(value: object) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _show_rich(pieces: Sequence[Piece]) -> None:
    """Tables drawn by rich, no wider than the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn

    console = Console(highlight=False)
    for piece in pieces:
        if isinstance(piece, str):
            console.print(piece, markup=False)
            continue
        drawn = Drawn(
            title=piece.title or None, title_justify="left", box=box.SIMPLE, show_header=any(piece.columns)
        )
        for column in piece.columns:
            drawn.add_column(column, overflow="fold")
        for row in piece.rows:
            drawn.add_row(*(_literal(cell) for cell in row))
        console.print(drawn)


def _literal(cell: str) -> str:
    """The cell with what rich would take for markup switched off."""
    from rich.markup import escape

    return escape(cell)


def figure(value: float | None, digits: int = 3) -> str:
    """A number as it stands in a table; a missing one is a dash.

    >>> figure(0.91249), figure(None)
    ('0.912', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(4.21), duration(75.0), duration(7322.0)
    ('4.2 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
