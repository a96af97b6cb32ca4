"""What is a cross-validation worth by subject, where a subject may have several samples?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from medidense.values.estimate import Estimate


@dataclass(frozen=True)
class PerSubject:
    """The figures of an evaluation with a subject as a row.

    `rule` says in words how a subject's label, score and decision come from its samples; `several` of the
    `subjects` have more than one. `left_out` subjects have no label of their own, as their samples have
    different classes. Intervals are over subjects; `class_counts` counts them.
    """

    subjects: int
    several: int
    left_out: int
    rule: str
    class_counts: Mapping[str, int]
    auroc: Estimate
    metrics: Mapping[str, Estimate]
    """AUPRC and the figures of the decisions, by the names that they have per sample."""
    auroc_delong: Estimate | None = None
    """`auroc` with DeLong's interval: two classes."""
    samples_auroc: Estimate | None = None
    """AUROC of the number of a subject's samples alone: the highest of many scores is higher by chance."""
    notes: tuple[str, ...] = ()
    """What the means over classes or labels leave out, or what leaves them without a value."""
    labels: Mapping[str, Estimate] = field(default_factory=dict)
    """Of several labels at once: the AUROC of each; `auroc` and `metrics` are their means."""
