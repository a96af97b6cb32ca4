"""How far does the figure of one cohort scatter with the cut of its folds?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medidense.stats.evaluation import FOLD_MEAN, fold_mean_notes
from medidense.stats.folds import fold_results, mean_of_defined
from medidense.stats.ranking import auroc
from medidense.values import Evaluation, Predictions, RepeatSpread


def with_repeats(evaluation: Evaluation, repeats: Sequence[Predictions]) -> Evaluation:
    """An evaluation of mean scores with what each repeat says on its own.

    The folds listed become those of all repeats, each with its own model's scores; the fold mean is theirs,
    and so is the note of what it leaves out. The spread is the standard deviation (n - 1) over the repeats'
    pooled AUROC.
    """
    areas = tuple(auroc(one.label, one.scores, one.positive_index) for one in repeats)
    known = [area for area in areas if area is not None]
    spread = RepeatSpread(
        auroc=areas,
        mean=mean_of_defined(areas),
        standard_deviation=float(np.std(known, ddof=1)) if len(known) > 1 else None,
        lowest=min(known, default=None),
        highest=max(known, default=None),
    )
    folds = tuple(result for one in repeats for result in fold_results(one))
    others = [note for note in evaluation.notes if not note.startswith(FOLD_MEAN)]
    return replace(
        evaluation,
        folds=folds,
        auroc_fold_mean=mean_of_defined([fold.auroc for fold in folds]),
        auroc_definition=f"{evaluation.auroc_definition}, each the mean of {len(repeats)} repeats",
        notes=(*fold_mean_notes(folds), *others),
        repeats=spread,
    )
