"""From finished folds to the tables of the whole run."""

from collections.abc import Sequence
from pathlib import Path

from medidense.rundir import (
    BASELINE,
    Choice,
    RunDir,
    join_predictions,
    mean_predictions,
    read_choices,
    read_predictions,
    write_choices,
    write_predictions,
)
from medidense.values import Predictions, Splits


def pool(run: RunDir, splits: Splits) -> None:
    """Write predictions.csv from the folds' own, and choices.csv where the folds chose.

    Scores from random weights, where the recipe compares, go to predictions_scratch.csv in the same way,
    those of a rule that knows the covariates alone to predictions_covariates.csv. Where there are several
    repeats each has a table of its own, and predictions.csv the mean of their scores with the folds of the
    first: the models of that repeat speak for a sample. Raises RunError, WriteError.
    """
    places = [run.fold(fold.index) for fold in splits.folds]
    if all(place.scratch_path.is_file() for place in places):
        scratch = _repeats(run, splits, [place.scratch_path for place in places])
        write_predictions(mean_predictions(scratch), run.scratch_path)
    if all((place.path / BASELINE).is_file() for place in places):
        alone = _repeats(run, splits, [place.path / BASELINE for place in places])
        write_predictions(mean_predictions(alone), run.path / BASELINE)
    repeats = _repeats(run, splits, [place.predictions_path for place in places])
    if len(repeats) > 1:
        for number, table in enumerate(repeats):
            write_predictions(table, run.repeat_path(number))
    if run.candidates:
        rows = [row for fold in splits.folds for row in read_choices(run.fold(fold.index).choices_path)]
        write_choices(rows, run.choices_path)
    for fold in splits.folds:
        # a kill may have come between a fold's end and this
        run.fold(fold.index).states.remove()
        run.fold(fold.index).scratch_states.remove()
    write_predictions(mean_predictions(repeats), run.predictions_path)


def _repeats(run: RunDir, splits: Splits, paths: Sequence[Path]) -> list[Predictions]:
    """The out-of-fold scores of each repeat, from the files of the folds."""
    parts = [read_predictions(path, run.positive, run.kind) for path in paths]
    return [
        join_predictions(
            [part for part, fold in zip(parts, splits.folds, strict=True) if fold.repeat == repeat]
        )
        for repeat in range(splits.repeats)
    ]


def choices_of(run: RunDir) -> tuple[Choice, ...]:
    """What the outer folds chose; nothing where the split is not nested."""
    return read_choices(run.choices_path) if run.candidates else ()
