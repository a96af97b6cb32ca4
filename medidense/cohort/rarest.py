"""What must the parts of a cut be alike in, where a row may show several labels at once?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.values import Cohort, Sample


@dataclass(frozen=True, eq=False)
class SeveralLabels:
    """For the cut of a cohort: `strata` (N,) of its rows, and the sides of labels they show, (N, sides)."""

    strata: NDArray[np.int64]
    shows: NDArray[np.bool_]


def several_labels(cohort: Cohort, samples: Sequence[Sample]) -> SeveralLabels:
    """The stratum of a subject is the rarest label that any of its rows shows, or none.

    Rarity counts subjects; of equally rare labels it is the first by name. So the labels that are hardest to
    share out are shared out first, as in iterative stratification (Sechidis et al., ECML PKDD 2011), but in
    one pass and by whole subjects.
    """
    column = {side: number for number, side in enumerate(cohort.sides)}
    shows = np.zeros((len(samples), len(column)), dtype=bool)
    for row, sample in enumerate(samples):
        shows[row, [column[side] for side in cohort.sides_of(sample)]] = True
    subjects = np.unique([sample.subject_id for sample in samples], return_inverse=True)[1]
    positive = np.zeros((int(subjects.max()) + 1, len(cohort.classes)), dtype=bool)
    np.logical_or.at(positive, subjects, shows[:, 1::2])
    rarest_first = np.argsort(positive.sum(axis=0), kind="stable")
    rank = np.where(positive.any(axis=1), positive[:, rarest_first].argmax(axis=1), len(rarest_first))
    return SeveralLabels(rank[subjects].astype(np.int64), shows)
