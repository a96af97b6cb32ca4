"""How well does a network rank rows of two classes that are alike in size?"""

from dataclasses import dataclass

from medidense.values.estimate import Estimate


@dataclass(frozen=True)
class Matched:
    """Pairs of both classes whose volumes differ by at most `caliper` in natural logarithm.

    `auroc` is of the same out-of-fold scores, `volume_auroc` of the volume on these rows: near one half.
    """

    pairs: int
    subjects: int
    caliper: float
    auroc: Estimate
    volume_auroc: Estimate
