"""Which columns of its table does a run keep, so that its figures can be told apart by them?"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from medidense import durable
from medidense.rundir.tables import read_rows
from medidense.values import Sample

GROUPS = "groups.csv"

COLUMNS = ("sex", "age", "site", "scanner", "slice_mm")
"""Columns of a cohort by which subgroups are made, in any case; others never."""


def write_groups(samples: Iterable[Sample], folder: Path) -> None:
    """groups.csv: `sample` and those of `COLUMNS` that the table has; no file where it has none."""
    rows = {sample.name: group_cells(sample) for sample in samples}
    columns = [name for name in COLUMNS if any(cells.get(name) for cells in rows.values())]
    if columns:
        table = [(name, *(cells.get(column, "") for column in columns)) for name, cells in rows.items()]
        durable.write_csv(folder / GROUPS, ("sample", *columns), sorted(table))


def read_groups(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """By sample its cells by column; none where there is no such file. Raises RunError."""
    path = folder / GROUPS
    if not path.is_file():
        return {}
    return {
        row["sample"]: {name: cell for name, cell in row.items() if name in COLUMNS}
        for row in read_rows(path, ("sample",))
    }


def group_cells(sample: Sample) -> dict[str, str]:
    """What a row says in `COLUMNS`, by name."""
    found = {name.strip().lower(): cell.strip() for name, cell in sample.extra.items()}
    return {name: cell for name, cell in {**found, "site": sample.site}.items() if name in COLUMNS}
