"""How are the facts of many frames said shortly? By columns; what is equal in all frames is said once."""

from collections.abc import Iterable, Sequence
from typing import Any

Row = Sequence[Any]


def narrowed(rows: Sequence[Row]) -> list[Any]:
    """Rows (number, fields, fields, anything) as columns; a single row as it is.

    >>> narrowed([[0, (1, 2), (9,), "a"], [1, (1, 3), (9,), "a"]])
    [2, [0, 1], [[1], [2, 3]], [[9]], ['a']]
    """
    if len(rows) < 2:
        return list(rows)
    numbers, planes, pixels, marks = zip(*rows, strict=True)
    return [len(rows), _column(numbers), _columns(planes), _columns(pixels), _column(marks)]


def widened(told: Sequence[Any]) -> Iterable[Row]:
    """The rows again. Raises ValueError, TypeError or IndexError for what is none of `narrowed`."""
    if not told or not isinstance(told[0], int):
        return told
    count, numbers, planes, pixels, marks = told
    every = (_long(numbers, count), _rows(planes, count), _rows(pixels, count), _long(marks, count))
    return zip(*every, strict=True)


def _column(values: Sequence[Any]) -> list[Any]:
    """The values, or the one that they all are."""
    first = values[0]
    return [first] if all(value == first for value in values) else list(values)


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    """One column for each field."""
    return [_column(values) for values in zip(*rows, strict=True)]


def _long(column: Sequence[Any], count: int) -> Sequence[Any]:
    """A column with a value for each row."""
    return list(column) * count if len(column) == 1 else column


def _rows(columns: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """The rows of columns."""
    long = [_long(column, count) for column in columns]
    return [list(row) for row in zip(*long, strict=True)]
