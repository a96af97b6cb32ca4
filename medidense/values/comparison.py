"""Which of two runs is better on the same samples, and how sure is that?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from medidense.values.estimate import Estimate


@dataclass(frozen=True)
class McNemar:
    """Decisions of two runs on the same rows: right in one run alone, in the other alone, and the exact p.

    `p` swaps the runs in whole `subjects`, so it holds where a subject has several rows too.
    """

    rows: int
    only_first: int
    only_second: int
    p: float
    subjects: int


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same samples; every difference is first minus second.

    `difference` is resampled over subjects, the same draws for both runs. `delong` and its `delong_p` have no
    value unless there are two classes and one sample a subject. `mcnemar` holds ``accuracy`` and, with two
    classes, ``sensitivity`` (over the positive rows) and ``specificity`` (over the others), each run decided
    at its own operating point.
    """

    samples: int
    subjects: int
    auroc_first: Estimate
    auroc_second: Estimate
    difference: Estimate
    delong: Estimate
    delong_p: float | None
    mcnemar: Mapping[str, McNemar]
    operating_points: tuple[float, float]
    interval: str
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)
