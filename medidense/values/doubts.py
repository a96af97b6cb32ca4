"""What stands beside a figure and says whether to believe it?"""

from collections.abc import Sequence

from medidense.values.control import BACKGROUND, LABEL_SHUFFLE, ControlResult
from medidense.values.estimate import Estimate
from medidense.values.matched import Matched

WITHOUT = {LABEL_SHUFFLE: "With shuffled labels", BACKGROUND: "With the lesion hidden"}


def size_doubt(auroc: Estimate, matched: Matched | None) -> str:
    """A sentence where pairs alike in size are told apart less well than all rows are; empty where not.

    Less well: the upper limit of the one lies below the lower limit of the other.
    """
    if matched is None or matched.auroc.high is None or auroc.low is None or matched.auroc.high >= auroc.low:
        return ""
    return f"Matched in size: {matched.auroc.text()}. Much of the figure is size."


def control_doubts(controls: Sequence[ControlResult]) -> tuple[str, ...]:
    """A sentence for each control that found something, with its figure."""
    return tuple(
        f"{WITHOUT.get(one.name, 'In a control')} the classes are told apart all the same: "
        f"AUROC {one.auroc.text()} (control {one.title}: found)."
        for one in controls
        if one.outcome == "found"
    )
