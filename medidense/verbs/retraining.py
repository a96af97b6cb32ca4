"""What do networks reach that are trained anew for a control, on the folds of the run?

They are trained as the run's own were, from the same seeds and with what inner folds have chosen, on one
device. Covariates stay out: they are neither label nor background.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medidense.rundir import RunDir, read_choices, read_predictions, write_predictions
from medidense.train import Device
from medidense.values import Fold, Predictions
from medidense.verbs.cohort_arrays import Arrays
from medidense.verbs.fold_training import SEEDS_APART, FoldTraining
from medidense.verbs.progress import Progress


def dealt(arrays: Arrays, source: NDArray[np.int64]) -> Arrays:
    """The arrays with labels, soft labels and auxiliary targets that come from the rows `source` (N,)."""
    soft, auxiliary = arrays.targets.probabilities, arrays.targets.auxiliary
    targets = replace(
        arrays.targets,
        probabilities=None if soft is None else soft[source],
        auxiliary=None if auxiliary is None else auxiliary[source],
    )
    return replace(arrays, labels=arrays.labels[source], targets=targets, covariates=None)


def retrained_scores(
    run: RunDir, folds: Sequence[Fold], arrays: Arrays, name: str, progress: Progress
) -> list[Predictions]:
    """Scores of each test part by a network trained on the training part, as `arrays` shows both.

    Those that were trained for the control of this `name` before are kept in the folds' folders.
    """
    found = []
    for fold in folds:
        place = run.fold(fold.index)
        target, states = place.control_path(name), place.control_states(name)
        if not target.is_file():
            training = FoldTraining(
                recipe=run.recipe().with_settings(_chosen(run, fold), "chosen candidate"),
                seed=SEEDS_APART * run.seed + fold.index,
                device=replace(Device(**run.about()["device"]), devices=1),
                step=f"{name}: train fold {fold.index + 1} of {len(folds)}",
                fold=fold,
            )
            net, _ = training.fitted(run, fold, arrays, states, progress)
            write_predictions(training.tested(run, net, fold, arrays), target)
        states.remove()
        found.append(read_predictions(target, run.positive, run.kind))
    return found


def _chosen(run: RunDir, fold: Fold) -> Mapping[str, object]:
    """What the fold's inner folds chose, where they did."""
    if not run.candidates:
        return {}
    rows = read_choices(run.fold(fold.index).choices_path)
    return run.candidates[next(row.candidate for row in rows if row.chosen)]
