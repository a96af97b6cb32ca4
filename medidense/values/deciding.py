"""What is decided for, given the scores of one image or of many?"""

import numpy as np
from numpy.typing import NDArray

from medidense.values.labels import Kind

APART, NOTHING = ";", "-"
"""Between several labels that are decided for, and in place of none."""


def middle_grade(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The median of each row's distribution over grades in order, (N,) for scores (N, C).

    It is the number of grades whose chance of being exceeded is above one half (the decision of CORN: Shi,
    Cao, Raschka 2021, arXiv 2111.08851), and of all grades the one with the least expected distance.

    >>> middle_grade(np.array([[0.4, 0.3, 0.3], [0.1, 0.2, 0.7]]))
    array([1, 2])
    """
    above = 1 - np.cumsum(scores, axis=1)[:, :-1]
    return np.asarray((above > 0.5).sum(axis=1), dtype=np.int64)


def decision(
    kind: Kind, classes: tuple[str, ...], scores: NDArray[np.float64], positive: str, operating_point: float
) -> str:
    """What is decided for one image with the scores (C,), in words: see `Prediction`.

    >>> decision("multi_label", ("cyst", "mass"), np.array([0.7, 0.6]), "mass", 0.5)
    'cyst;mass'
    """
    if kind == "multi_label":
        reached = [name for name, score in zip(classes, scores, strict=True) if score >= operating_point]
        return APART.join(reached) or NOTHING
    if kind == "ordinal":
        return classes[int(middle_grade(scores[None])[0])]
    if len(classes) != 2:
        return classes[int(np.argmax(scores))]
    column = classes.index(positive)
    return classes[column if scores[column] >= operating_point else 1 - column]
