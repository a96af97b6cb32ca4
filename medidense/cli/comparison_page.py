"""How two runs stand beside each other on a page of a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from medidense.cli.printing import Piece, Table, facts
from medidense.values.wording import count

if TYPE_CHECKING:
    from medidense.values import Comparison


def comparison_page(comparison: "Comparison") -> Sequence[Piece]:
    """The difference in rank with its interval, the decisions, and what to mind."""
    delong = comparison.delong.text() if comparison.delong_p is not None else ""
    points = " and ".join(f"{point:g}" for point in comparison.operating_points)
    headline = facts(
        [
            ("AUROC of the first run", comparison.auroc_first.text()),
            ("AUROC of the second run", comparison.auroc_second.text()),
            ("first minus second", comparison.difference.text()),
            ("the same by DeLong", f"{delong}, p {_p(comparison.delong_p)}" if delong else ""),
            ("samples", f"{comparison.samples} of {count(comparison.subjects, 'subject')}"),
            ("intervals", comparison.interval),
        ]
    )
    rows = tuple(
        (name, str(test.rows), str(test.subjects), str(test.only_first), str(test.only_second), _p(test.p))
        for name, test in comparison.mcnemar.items()
    )
    columns = (
        "figure",
        "rows",
        "subjects",
        "right in first alone",
        "in second alone",
        "McNemar p",
    )
    title = f"Decisions at the operating points {points}"
    tables = [Table(columns, rows, title)] if rows else []
    return [headline, *tables, *(f"note: {note}" for note in comparison.notes)]


def _p(p: float | None) -> str:
    """A p-value as journals write it.

    >>> _p(0.0312), _p(0.0000012)
    ('0.031', '< 0.001')
    """
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
