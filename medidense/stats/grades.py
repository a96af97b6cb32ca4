"""How far off are the grades that the scores lead to?"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from medidense.stats.decisions import Decisions
from medidense.stats.intervals import SubjectDraws, moving_interval
from medidense.values import Estimate

KAPPA, ERROR = "quadratic_kappa", "mean_absolute_error"


def grade_figures(decisions: Decisions, draws: SubjectDraws) -> dict[str, Estimate]:
    """Quadratic weighted kappa and the mean absolute error in grades, with intervals over subjects.

    Kappa (Cohen 1968, Psychol Bull 70:213-220) is 1 for full agreement and 0 for that of chance; it has no
    value where truth and decision are one and the same single grade. No interval where no draw moves a
    figure, as where every grade is right.
    """
    label, decided = decisions.label, decisions.decided
    kappa = None
    if len(np.union1d(label, decided)) > 1:
        every = list(range(decisions.classes))
        kappa = float(cohen_kappa_score(label, decided, labels=every, weights="quadratic"))
    found = draws.replicate(lambda weights: weighted_grade_figures(decisions.confusions(weights)))
    error = float(mean_absolute_error(label, decided))
    return {
        KAPPA: Estimate(None) if kappa is None else Estimate(kappa, *moving_interval(found[:, 0])),
        ERROR: Estimate(error, *moving_interval(found[:, 1])),
    }


def weighted_grade_figures(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Both figures, (B, 2), of confusions (B, K, K), rows the truth; NaN for kappa where chance cannot err.

    >>> weighted_grade_figures(np.array([[[2.0, 0, 0], [0, 1, 1], [0, 0, 2]]])).round(4).tolist()
    [[0.8889, 0.1667]]
    """
    steps = np.arange(confusions.shape[1])
    apart = np.abs(steps[:, None] - steps)
    total = confusions.sum(axis=(1, 2))
    chance = confusions.sum(axis=2)[:, :, None] * confusions.sum(axis=1)[:, None, :]
    seen = (confusions * apart**2).sum(axis=(1, 2))
    expected = (chance * apart**2).sum(axis=(1, 2)) / total
    ratio = np.divide(seen, expected, out=np.full(len(seen), np.nan), where=expected > 0)
    return np.stack([1 - ratio, (confusions * apart).sum(axis=(1, 2)) / total], axis=1)
