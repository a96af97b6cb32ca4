"""Has a model drifted from its training to another cohort, in words?"""

from collections.abc import Mapping

from medidense.values import Estimate
from medidense.values.external import Beside

NAMES = {
    "auroc": "AUROC",
    "slope": "calibration slope",
    "intercept": "calibration intercept",
    "observed_expected": "observed / expected",
    "ece": "expected calibration error",
    "brier": "Brier score",
    "log_loss": "log loss",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "coverage": "coverage of the prediction sets",
}

COMPARED = ("slope", "intercept", "observed_expected", "sensitivity", "specificity", "coverage")
"""Of these a change against training is told in the headline."""


def side_of(estimate: Estimate, level: float) -> int | None:
    """1 where the whole interval lies above `level`, -1 below, 0 where it holds it; None without one."""
    if estimate.low is None or estimate.high is None:
        return None
    return int(estimate.low > level) - int(estimate.high < level)


def auroc_words(beside: Beside) -> str:
    """How the AUROC compares with that of the training."""
    side, gap = side_of(beside.difference, 0), beside.difference
    if beside.training.value is None:
        return "The training states no AUROC to compare with."
    if beside.here.value is None:
        return (
            f"Out of fold in training it was {beside.training.text()}; here there is none to compare with it."
        )
    verdict = {
        -1: "it is lower here",
        0: "no difference is shown",
        1: "it is higher here",
        None: "no interval",
    }
    return (
        f"Out of fold in training it was {beside.training.text()}; here minus there {gap.text()}: "
        f"{verdict[side]}."
    )


def drift_words(figures: Mapping[str, Beside], observed_expected: Estimate | None) -> list[str]:
    """What calibration says of the scores that the package hands on, and what has changed since training."""
    said = []
    if observed_expected is not None and observed_expected.value is not None:
        words = {
            -1: "too high on the whole: fewer samples are positive than they add up to",
            0: "not shown to be too high or too low on the whole",
            1: "too low on the whole: more samples are positive than they add up to",
            None: "of unknown level",
        }[side_of(observed_expected, 1)]
        said.append(f"The probabilities are {words} (observed / expected {observed_expected.text()}).")
    if "slope" in figures and figures["slope"].here.value is not None:
        here = figures["slope"].here
        words = {
            -1: "too extreme: high ones are too high and low ones too low",
            0: "not shown to be too extreme or too timid",
            1: "too timid: high ones could be higher and low ones lower",
            None: "of unknown spread",
        }[side_of(here, 1)]
        said.append(f"They are {words} (slope {here.text()}).")
    shared = [name for name in COMPARED if name in figures]
    moved = [NAMES[name] for name in shared if side_of(figures[name].difference, 0) not in (0, None)]
    if moved:
        said.append(f"A change against training is shown in: {', '.join(moved)}.")
    elif shared:
        said.append("No change of calibration or decisions against training is shown.")
    return said
