"""From finished folds to the tables of the whole run."""

from medidense.rundir import (
    Choice,
    RunDir,
    join_predictions,
    mean_predictions,
    read_choices,
    read_predictions,
    write_choices,
    write_predictions,
)
from medidense.values import Splits


def pool(run: RunDir, splits: Splits) -> None:
    """Write predictions.csv from the folds' own, and choices.csv where the folds chose.

    Where there are several repeats each has a table of its own, and predictions.csv the mean of their scores
    with the folds of the first: the models of that repeat speak for a sample. Raises RunError, WriteError.
    """
    repeats = []
    for repeat in range(splits.repeats):
        own = [fold.index for fold in splits.folds if fold.repeat == repeat]
        parts = [read_predictions(run.fold(index).predictions_path, run.positive) for index in own]
        repeats.append(join_predictions(parts))
    if len(repeats) > 1:
        for number, table in enumerate(repeats):
            write_predictions(table, run.repeat_path(number))
    if run.candidates:
        rows = [row for fold in splits.folds for row in read_choices(run.fold(fold.index).choices_path)]
        write_choices(rows, run.choices_path)
    for fold in splits.folds:
        run.fold(fold.index).states.remove()  # a kill may have come between a fold's end and this
    write_predictions(mean_predictions(repeats), run.predictions_path)


def choices_of(run: RunDir) -> tuple[Choice, ...]:
    """What the outer folds chose; nothing where the split is not nested."""
    return read_choices(run.choices_path) if run.candidates else ()
