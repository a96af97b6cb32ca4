"""Which of the candidate settings does a fold train with? Its inner folds decide, its test part never."""

from collections.abc import Mapping

import numpy as np

from medidense.errors import UsageError
from medidense.rundir import (
    Choice,
    RunDir,
    join_predictions,
    read_predictions,
    write_choices,
    write_predictions,
)
from medidense.stats import best, inner_figure
from medidense.train import Device
from medidense.values import Fold, Predictions, Recipe
from medidense.verbs.cohort_arrays import Arrays
from medidense.verbs.fold_training import FoldTraining, inner_predictions
from medidense.verbs.progress import Progress

SHARED = ("training.early_stopping", "training.precision", "training.threads")
"""Keys of training that all models of a run share: the folds and the device are settled by them."""


def check_candidates(recipe: Recipe, candidates: tuple[Mapping[str, object], ...]) -> None:
    """Raise UsageError or RecipeError for candidates that are no settings of one run's models.

    They may differ in how they train and in dropout. Input and network are one recipe's, because the models
    of the folds score together.
    """
    for number, candidate in enumerate(candidates):
        for key in candidate:
            trains = key.startswith("training.") and not key.startswith(SHARED)
            if not trains and key != "network.dropout":
                rule = (
                    "a candidate changes keys of training, or network.dropout; what it may not change is one"
                )
                step = "compare it in two runs, or take another key"
                raise UsageError(f"--candidate {key}", f"{rule} for all models of a run", key, step)
        recipe.with_settings(candidate, "--candidate")
        if candidate in candidates[:number]:
            raise UsageError("--candidate", "two candidates are the same", in_words(candidate), "drop one")


def choose(
    run: RunDir, fold: Fold, arrays: Arrays, device: Device, progress: Progress
) -> Mapping[str, object]:
    """The settings that an outer fold trains with; its folder's choices.csv holds the figures.

    Every candidate is trained on every inner fold, from the same seed and on the same rows; the best figure
    of the pooled inner out-of-fold scores wins. Scores that are there already are kept.
    """
    choices: list[Choice] = []
    for number, candidate in enumerate(run.candidates):
        figure, value = inner_figure(_inner_scores(run, fold, (number, candidate), arrays, device, progress))
        choices.append(Choice(fold.index, number, in_words(candidate), figure, value, False))
    winner = best(choices[0].figure, [choice.value for choice in choices])
    rows = [
        Choice(one.fold, one.candidate, one.settings, one.figure, one.value, one.candidate == winner)
        for one in choices
    ]
    write_choices(rows, run.fold(fold.index).choices_path)
    return run.candidates[winner]


def _inner_scores(
    run: RunDir,
    fold: Fold,
    candidate: tuple[int, Mapping[str, object]],
    arrays: Arrays,
    device: Device,
    progress: Progress,
) -> Predictions:
    """One candidate's scores of the outer training part, each by the inner model that did not see it."""
    number, settings = candidate
    inner = run.inner_splits(fold.index)
    parts = []
    for part in inner.folds:
        target = run.fold(fold.index).inner_path(number, part.index)
        if not target.is_file():
            seeds = np.random.SeedSequence([run.seed, fold.index, part.index])
            training = FoldTraining(
                recipe=run.recipe().with_settings(settings, "--candidate"),
                seed=int(seeds.generate_state(1)[0]),
                device=device,
                step=f"fold {fold.index + 1} of {run.folds}: candidate {number}, "
                f"inner fold {part.index + 1} of {len(inner.folds)}",
                fold=fold,
            )
            states = run.fold(fold.index).inner_states(number, part.index)
            write_predictions(inner_predictions(run, part, arrays, training, states, progress), target)
            states.remove()
        parts.append(read_predictions(target, run.positive, run.kind))
    return join_predictions(parts)


def in_words(candidate: Mapping[str, object]) -> str:
    """A candidate as it is typed.

    >>> in_words({"training.epochs": 3, "network.dropout": 0.1})
    'training.epochs=3, network.dropout=0.1'
    """
    return ", ".join(f"{key}={value}" for key, value in candidate.items())
