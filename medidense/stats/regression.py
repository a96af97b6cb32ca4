"""How likely is each class by a logistic regression on figures, of which a few may be missing?"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def filled(train: NDArray[np.float64], test: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Rows (M, F) to fit on and rows (N, F) to score, with each NaN the median of its column in `train`.

    Of a column that `train` lacks altogether it is 0.

    >>> [part.tolist() for part in filled(np.array([[1.0], [3.0], [np.nan]]), np.array([[np.nan]]))]
    [[[1.0], [3.0], [2.0]], [[2.0]]]
    """
    known = ~np.isnan(train).all(axis=0)
    middle = np.zeros(train.shape[1])
    middle[known] = np.nanmedian(train[:, known], axis=0)
    return [np.where(np.isnan(part), middle, part) for part in (train, test)]


def regression_scores(
    features: NDArray[np.floating],
    labels: NDArray[np.int64],
    test: NDArray[np.floating],
    classes: int,
    c: float = 1.0,
) -> NDArray[np.float64]:
    """Probabilities (N, classes) of `test` (N, F) by logistic regression fitted on `features` (M, F).

    `labels` (M,) count classes from 0. Standardised, L2 with C = `c`. A class that they lack gets 0; with one
    class there is nothing to fit. Of several labels at once (M, classes), -1 where one is not known, each is
    asked by itself over the rows that know it; one that no row knows gets one half.
    """
    if labels.ndim == 2:
        return np.stack([_chance(features, column, test) for column in labels.T], axis=1)
    there = np.unique(labels)
    scores = np.zeros((len(test), classes))
    if len(there) == 1:
        scores[:, there] = 1.0
        return scores
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
    model.fit(features, labels)
    scores[:, there] = model.predict_proba(test)
    return scores


def _chance(
    features: NDArray[np.floating], label: NDArray[np.int64], test: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The same for one of several labels, (M,) of 1, 0 and -1: the probability (N,) that it is shown."""
    known = label >= 0
    if not known.any():
        return np.full(len(test), 0.5)
    return regression_scores(features[known], label[known], test, 2)[:, 1]
