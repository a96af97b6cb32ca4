"""What do the other folds' scores say of a fold's?"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from medidense.values import Predictions

Fitted = TypeVar("Fitted")


def from_others(whole: Predictions, fit: Callable[[Predictions], Fitted]) -> dict[int, Fitted]:
    """For each fold what `fit` finds in the out-of-fold scores of all others. See `cannot_cross`."""
    found = {}
    for fold in np.unique(whole.fold):
        rows = np.flatnonzero(whole.fold != fold)
        found[int(fold)] = fit(whole.take({whole.samples[row] for row in rows}))
    return found


def cannot_cross(whole: Predictions) -> str:
    """Why nothing can be fitted on the other folds; nothing where it can.

    Fitted is on rows of every class, for each fold.
    """
    folds = np.unique(whole.fold)
    if len(folds) < 2:
        return "there is one test part, and nothing else to fit on"
    for fold in folds:
        there = set(whole.label[whole.fold != fold])
        missing = [name for index, name in enumerate(whole.classes) if index not in there]
        if missing:
            return f"the folds beside fold {fold} hold no sample of class {', '.join(missing)}"
    return ""
