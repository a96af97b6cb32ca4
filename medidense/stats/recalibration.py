"""What would a new cohort have the scores of a frozen model changed by?"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from medidense.stats.calibrating import fit_platt, log_odds
from medidense.stats.crossing import cannot_cross, from_others
from medidense.stats.decisions import Decisions
from medidense.stats.intervals import SubjectDraws
from medidense.stats.reliability import calibration_figures, level_of
from medidense.values import Predictions
from medidense.values.calibration import Calibration, CalibrationFigures, calibrate
from medidense.values.external import Recalibration

Fit = Callable[[Predictions], Calibration]

PARTS = 5
"""Parts that the subjects are cut into, as far as there are as many of each class."""


def recalibrations(predictions: Predictions, draws: SubjectDraws) -> tuple[Recalibration, ...]:
    """Of two classes: by an intercept alone, and by intercept and slope (Steyerberg 2019, Clinical Prediction
    Models, section 20.3).

    `predictions` hold the probabilities to be changed. Nothing where they show one class alone.
    """
    if len(np.unique(predictions.label)) < 2:
        return ()
    cut, parts = _parts(predictions, draws.seed)
    found = []
    for name, fit in (("intercept", _intercept), ("intercept and slope", _both)):
        terms = fit(predictions)
        figures = None if cut is None else _figures(cut, fit, draws)
        found.append(Recalibration(name, terms.slope, terms.intercept, parts, figures))
    return tuple(found)


def _intercept(rows: Predictions) -> Calibration:
    column = rows.positive_index
    level = level_of(rows.label == column, log_odds(rows.scores[:, column]))
    return Calibration(method="platt", slope=1.0, intercept=level)


def _both(rows: Predictions) -> Calibration:
    return fit_platt(rows.label, rows.scores, rows.positive_index)


def _parts(predictions: Predictions, seed: int) -> tuple[Predictions | None, int]:
    """The rows with a part each in the place of the fold; None where a part leaves no row of a class."""
    fewest = min(
        len(
            {
                name
                for name, label in zip(predictions.subjects, predictions.label, strict=True)
                if label == one
            }
        )
        for one in np.unique(predictions.label)
    )
    parts = min(PARTS, fewest)
    if parts < 2:
        return None, 0
    cutter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    fold = np.zeros(len(predictions.label), dtype=np.int64)
    pieces = cutter.split(predictions.scores, predictions.label, np.array(predictions.subjects))
    for number, (_, rows) in enumerate(pieces):
        fold[rows] = number
    cut = replace(predictions, fold=fold)
    return (None, 0) if cannot_cross(cut) else (cut, parts)


def _figures(cut: Predictions, fit: Fit, draws: SubjectDraws) -> CalibrationFigures:
    """Of scores recalibrated part by part."""
    scores = cut.scores.copy()
    for part, terms in from_others(cut, fit).items():
        rows = cut.fold == part
        scores[rows] = calibrate(terms, cut.scores[rows], cut.positive_index)
    return calibration_figures(
        Decisions(cut.label, np.zeros_like(cut.label), scores, cut.positive_index), draws
    )
