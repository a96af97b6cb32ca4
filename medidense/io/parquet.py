"""How is a table of text written as Parquet?"""

import importlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from medidense.durable import PRIVATE, replacing

TOGETHER = 10_000
"""Rows of one row group: what is held in memory at a time."""


def write_parquet(
    target: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], mode: int = PRIVATE
) -> None:
    """Put a table of text columns at `target` as Parquet, whole or not at all. Raises WriteError."""
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    schema = arrow.schema([(name, arrow.string()) for name in columns])
    rest = iter(rows)
    with replacing(target, mode) as draft, parquet.ParquetWriter(draft, schema) as writer:
        while some := list(islice(rest, TOGETHER)):
            cells = [[_text(cell) for cell in column] for column in zip(*some, strict=True)]
            writer.write_table(arrow.table(cells, schema=schema))


def _text(cell: str) -> str:
    """A cell as UTF-8 can say it: what of a file name is no text at all gets backslashes."""
    return cell.encode("utf-8", "backslashreplace").decode()
