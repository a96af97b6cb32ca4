"""Which candidate settings did each outer fold choose, and by which inner figures?"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from medidense import durable
from medidense.errors import RunError
from medidense.rundir.tables import read_rows


@dataclass(frozen=True)
class Choice:
    """One candidate in one outer fold: its settings as text, and its figure over the inner folds.

    `figure` is ``auroc`` (the highest is chosen) or ``log_loss`` (the lowest), of the pooled inner
    out-of-fold scores. Candidates are counted from 0 in the order they were given.
    """

    fold: int
    candidate: int
    settings: str
    figure: str
    value: float
    chosen: bool


def write_choices(choices: Iterable[Choice], target: Path) -> None:
    """choices.csv: one row for each candidate of each outer fold."""
    rows = [[_cell(value) for value in astuple(choice)] for choice in choices]
    durable.write_csv(target, [item.name for item in fields(Choice)], rows)


def read_choices(path: Path) -> tuple[Choice, ...]:
    """The table back as values. Raises RunError."""
    try:
        return tuple(
            Choice(
                fold=int(row["fold"]),
                candidate=int(row["candidate"]),
                settings=row["settings"],
                figure=row["figure"],
                value=float(row["value"]),
                chosen=row["chosen"] == "yes",
            )
            for row in read_rows(path, [item.name for item in fields(Choice)])
        )
    except ValueError as error:
        raise RunError(str(path), "the table does not hold", error, "run cv again") from None


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.9f}" if isinstance(value, float) else str(value)
