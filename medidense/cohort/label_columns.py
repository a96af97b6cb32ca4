"""Which labels does a row show, where it may show several at once?

A table without a column `label` gives each of several labels a column ``label_<name>``: 1, 0, or empty where
nobody knows.
"""

from collections.abc import Callable, Mapping, Sequence

from medidense.errors import Problem
from medidense.values import APART, Cohort

PREFIX = "label_"
KNOWN = {"1": True, "1.0": True, "0": False, "0.0": False, "": None}
"""What a cell may say; tables with empty cells are often written with decimals."""

Complain = Callable[[str, str, str], None]


def label_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of several labels; none where the table has the column `label`.

    >>> label_columns(("image", "label_cyst", "label_mass")), label_columns(("label", "label_mass"))
    (('label_cyst', 'label_mass'), ())
    """
    return () if "label" in columns else tuple(name for name in columns if name.startswith(PREFIX))


def label_column_problems(file: str, columns: Sequence[str]) -> list[Problem]:
    """Columns of labels without a name that can be told, and those that would pass for none."""
    problems = []
    for name in columns if label_columns(columns) else ():
        said = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and (not said or APART in said):
            rule = f"a column {PREFIX}<name> has a name without {APART!r}"
            problems.append(Problem(f"{file} row 1", rule, repr(name), "rename it"))
        elif not name.startswith(PREFIX) and name.lower().replace("-", "_").startswith(PREFIX):
            rule = f"a column that is nearly {PREFIX}<name> would not be read"
            problems.append(Problem(f"{file} row 1", rule, repr(name), f"let it begin with {PREFIX}"))
    return problems


def read_labels(cells: Mapping[str, str], complain: Complain, *, unlabelled: bool) -> dict[str, bool | None]:
    """Name -> what the row says of it; every cell that says something else is complained of.

    So is a row of which nothing is known, unless `unlabelled` ones are allowed.
    """
    found: dict[str, bool | None] = {}
    columns = label_columns(tuple(cells))
    for column in columns:
        if cells[column] not in KNOWN:
            step = (
                "write 1, 0, or nothing where it is not known; one class of several goes into a column label"
            )
            complain(f"{column} is 1, 0 or empty", column, step)
        found[column.removeprefix(PREFIX)] = KNOWN.get(cells[column])
    if columns and not unlabelled and not any(cells[column] for column in columns):
        step = "fill one in, drop the row, or give cv a recipe with labels.train_only: true"
        complain("no label of the row is known", columns[0], step)
    return found


def one_sided(cohort: Cohort) -> list[Problem]:
    """A line for each of several labels that no row shows, or that every row shows: it cannot be learnt."""
    if not cohort.multi_label:
        return []
    there = {side for sample in cohort.samples for side in cohort.sides_of(sample)}
    step = "add samples of the other kind, or drop the column"
    return [
        Problem(
            cohort.name, f"the label {side.partition('=')[0]!r} has rows of both kinds", f"no {side}", step
        )
        for side in cohort.sides
        if side not in there
    ]
