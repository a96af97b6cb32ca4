"""When has a control passed? The rules, with their reasons, and the sentence that a reader gets.

A control that finds something is not yet a fault: surroundings may carry real signal in medicine. So the
sentence gives the area and what the network reaches on the same rows, and the reader judges.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from medidense.values import BACKGROUND, LABEL_SHUFFLE, ControlResult, Estimate, Outcome
from medidense.values.evaluation import CHANCE

SHUFFLE_BOUND = 0.05
"""So far above chance the mean over shuffles may lie: it is known to a hundredth, and a leak that matters
moves it further, while single shuffles scatter so widely that they would hide one."""

BACKGROUND_BOUND = 0.6
"""An interval that ends below this passes though it lies above chance: with many subjects a hair is sure."""

WIDE = 0.7
"""An interval that passes and reaches beyond this is called too wide to tell."""


def shuffle_result(
    auroc: Estimate, network: float | None, *, tested: int, shuffles: int, retrained: bool = False
) -> ControlResult:
    """The verdict on shuffled labels: chance must lie within the limits, and the mean near it."""
    if auroc.value is None or auroc.low is None or auroc.high is None:
        return not_run(LABEL_SHUFFLE, "No fold's test part has every class under shuffled labels.", retrained)
    straddles = auroc.low <= CHANCE <= auroc.high
    near = retrained or auroc.value <= CHANCE + SHUFFLE_BOUND
    outcome: Outcome = "passed" if straddles and near else "found"
    how = "the network trained anew on labels" if retrained else "a head on the network's features, labels"
    spread = "95% CI" if retrained else "middle 95 % of shuffles"
    area = _limits(auroc, spread)
    said = f"{how[0].upper()}{how[1:]} dealt out by subject {_times(shuffles)}: AUROC {area}"
    said += "." if network is None else f"; the network with the true labels {network:.3f}."
    if outcome == "found":
        said += (
            " Chance is 0.5: look for subjects or copies in two parts, then for the code."
            if auroc.high >= CHANCE
            else " Chance is 0.5, and a leak leads above it, not below: look how the labels fall over the "
            "folds, then for the code."
        )
    return ControlResult(
        name=LABEL_SHUFFLE,
        outcome=outcome,
        said=said,
        retrained=retrained,
        auroc=auroc,
        beside={"network": network},
        samples=tested,
        tested=tested,
        shuffles=shuffles,
    )


@dataclass(frozen=True)
class HiddenRows:
    """How many samples have a lesion that the hole covers, of how many, and how many of them are points.

    The lesion of a point is taken for a ball of the diameter that is stated with it; the others have masks.
    """

    samples: int
    tested: int
    points: int = 0

    @property
    def words(self) -> str:
        """For a sentence: how many there are, and how it is known what to hide in them."""
        rows = (
            f"{self.samples} samples"
            if self.samples == self.tested
            else f"{self.samples} of {self.tested} samples"
        )
        if not self.points:
            return rows
        masks = self.samples - self.points
        how = f"{masks} hidden by mask, {self.points} by diameter" if masks else "hidden by diameter"
        return f"{rows} ({how})"


def background_result(
    auroc: Estimate,
    chance: Estimate,
    beside: Mapping[str, float | None],
    rows: HiddenRows,
    retrained: bool = False,
) -> ControlResult:
    """The verdict on hidden lesions: found where more is told than chance would, and more than a hair.

    `chance` holds the middle 95 % of what the same head reaches with shuffled labels: the interval over
    subjects knows nothing of how training scatters, and few subjects make that wide. So found is what lies
    above both, unless the interval ends below `BACKGROUND_BOUND`. `beside` holds the areas of the same rows
    by name, the network's own first.
    """
    if auroc.value is None or auroc.low is None or auroc.high is None:
        return not_run(BACKGROUND, "No fold's test part has every class among the lesions hidden.", retrained)
    above = auroc.low > CHANCE and (chance.high is None or auroc.value > chance.high)
    passed = not above or auroc.high <= BACKGROUND_BOUND
    others = ", ".join(f"{name} {area:.3f}" for name, area in beside.items() if area is not None)
    said = f"The surroundings alone tell the classes apart to {_limits(auroc, '95% CI')}"
    said += f" on {rows.words}; there {others}." if others else f" on {rows.words}."
    if chance.low is not None and chance.high is not None:
        said += f" Shuffled labels give {chance.low:.3f}-{chance.high:.3f}."
    if rows.samples < rows.tested:
        said += " The others' lesions have neither mask nor diameter, or are larger than the hole."
    if passed and auroc.high > WIDE:
        said += f" So few do not exclude {auroc.high:.2f}."
    if not passed:
        said += " Ask whether that is medicine or the way the images were made."
        said += " What of a lesion lies beyond its stated diameter may be seen." if rows.points else ""
    return ControlResult(
        name=BACKGROUND,
        outcome="passed" if passed else "found",
        said=said,
        retrained=retrained,
        auroc=auroc,
        beside=dict(beside),
        samples=rows.samples,
        tested=rows.tested,
        points=rows.points,
    )


def not_run(name: str, why: str, retrained: bool = False) -> ControlResult:
    """A control that could not be made."""
    return ControlResult(name, "not run", why, retrained)


def _limits(auroc: Estimate, words: str) -> str:
    return f"{auroc.value:.3f} ({words} {auroc.low:.3f}-{auroc.high:.3f})"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
