"""Which class, or which label, leaves a mean over them without a value, and why?"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.stats.decisions import RATIOS, Decisions

WHY = {
    "sensitivity": ("AUROC, AUPRC, sensitivity and balanced accuracy", "no row is of"),
    "specificity": ("specificity", "every row is of"),
    "ppv": ("PPV", "no row is decided for"),
    "npv": ("NPV", "every row is decided for"),
    "f1": ("F1", "no row is of, or decided for,"),
}
"""By figure: the figures that share its denominator, and what a denominator of 0 means."""


def undefined_classes(decisions: Decisions, classes: Sequence[str]) -> tuple[str, ...]:
    """A note for each macro mean that some of more than two classes leaves undefined."""
    if len(classes) < 3:
        return ()
    empty = _empty(decisions)
    found = {name: [classes[int(place)] for place in np.flatnonzero(empty[name])] for name in WHY}
    notes = [
        f"Not defined, as {WHY[name][1]} {', '.join(names)}: {WHY[name][0]} (macro means over every class)."
        for name, names in found.items()
        if names
    ]
    only = sorted({classes[place] for place in decisions.decided})
    if len(only) == 1:
        notes.append(f"Not defined, as every row is decided for {only[0]}: MCC.")
    return tuple(notes)


def undefined_labels(decisions: Mapping[str, Decisions]) -> tuple[str, ...]:
    """A note of the labels that leave means over labels undefined; each of them has rows of both kinds."""
    never = [name for name, one in decisions.items() if _empty(one)["ppv"][one.positive]]
    always = [name for name, one in decisions.items() if _empty(one)["npv"][one.positive]]
    told = (
        ("PPV and MCC", "no row is decided to show", never),
        ("NPV and MCC", "every row is decided to show", always),
    )
    return tuple(
        f"Not defined, as {why} {', '.join(names)}: {figures} (means over every label with both kinds)."
        for figures, why, names in told
        if names
    )


def _empty(decisions: Decisions) -> dict[str, NDArray[np.bool_]]:
    """Of each of `RATIOS` the classes (C,) whose denominator is 0."""
    rows = np.eye(decisions.classes, dtype=bool)
    there, called = rows[decisions.label], rows[decisions.decided]
    counts = [
        (first & second).sum(axis=0).astype(np.float64)
        for first, second in ((there, called), (~there, called), (there, ~called), (~there, ~called))
    ]
    return {name: rule(*counts)[1] == 0 for name, rule in RATIOS.items()}
