"""What of a recipe fits into the time there is?"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from medidense.cohort.fingerprint import Fingerprint
from medidense.errors import UsageError
from medidense.values import Recipe

SHARE = 0.8
"""Part of the minutes that training may take; the rest is for reading, scoring and saliency."""

FEWEST = 12
"""Epochs below which fewer voxels are the better saving (a 3D DenseNet-121 needed about 12 on the LIDC
nodules)."""

SMALL_CUBE = 32
SMALL_PLANE = 33
SMALL_SQUARE = 64
COARSER = 1.25
"""How much coarser a lesion crop becomes when it is cut down; what is lost beyond that is its outer rim."""


@dataclass(frozen=True)
class Budget:
    """The time there is: `minutes` for all `folds`, and what a training step takes per sample.

    `seconds_per_sample` was measured with the recipe's own input size. Raises UsageError for what is not
    above 0, or fewer than 2 folds.
    """

    minutes: float
    folds: int
    seconds_per_sample: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.minutes) and self.minutes > 0):
            raise UsageError("--budget", "a budget is a number of minutes above 0", self.minutes, "give more")
        if self.folds < 2:
            raise UsageError(
                "--folds", "a cross-validation has at least 2 folds", self.folds, "choose 2 or more"
            )
        if not (math.isfinite(self.seconds_per_sample) and self.seconds_per_sample > 0):
            rule = "a training step takes a time above 0"
            raise UsageError("seconds_per_sample", rule, self.seconds_per_sample, "measure it again")


def fit_budget(recipe: Recipe, fp: Fingerprint, budget: Budget, fixed: Collection[str] = ()) -> Recipe:
    """`recipe` with the epochs that fit, never more than it has; with fewer voxels where too few fit.

    A pure function: the measured time comes with the budget. The reasons say what was measured. The keys
    `fixed` stay as they are.
    """
    seconds, planned = budget.seconds_per_sample, recipe.training.epochs
    fitting = _epochs(fp, budget, seconds)
    settings: dict[str, object] = {}
    reasons: dict[str, str] = {}
    free = not {"input.size", "input.spacing_mm"}.intersection(fixed)
    smaller = _smaller(recipe) if free and fitting < min(FEWEST, planned) else None
    if smaller is not None:
        size, spacing, share = smaller
        settings = {"input.size": size, "input.spacing_mm": spacing}
        why = (
            f"Cut down from {_text(recipe.input.size)} voxels: at that size "
            f"{_count(fitting)} would have fitted into {budget.minutes:g} minutes."
        )
        reasons = {
            "input.size": why,
            "input.spacing_mm": f"{why} The voxels became coarser to show about as much.",
        }
        if spacing is None:
            reasons["input.spacing_mm"] = recipe.reasons.get("input.spacing_mm", "")
        seconds *= share
        fitting = _epochs(fp, budget, seconds)
    epochs = max(1, min(planned, fitting))
    if "training.epochs" not in fixed:
        numbers = (seconds, epochs, planned, fitting)
        settings["training.epochs"] = epochs
        reasons["training.epochs"] = _reason(fp, budget, numbers, smaller is not None)
    fitted = recipe.with_settings(settings, where="--budget")
    return fitted.model_copy(update={"reasons": {**recipe.reasons, **reasons}})


def _epochs(fp: Fingerprint, budget: Budget, seconds: float) -> int:
    """Epochs of all folds that fit into the share of the time."""
    return int(SHARE * budget.minutes * 60 / _epoch_seconds(fp, budget, seconds))


def _epoch_seconds(fp: Fingerprint, budget: Budget, seconds: float) -> float:
    """One epoch in every fold: each sample trains in all folds but one."""
    return fp.samples * (budget.folds - 1) * seconds


def _smaller(recipe: Recipe) -> tuple[list[int], list[float] | None, float] | None:
    """Size, spacing and share of the voxels of a cut-down input, or None where it is small already."""
    size, dims = recipe.input.size, recipe.input.dims
    planes = recipe.input.view == "planes"
    least = SMALL_PLANE if planes else SMALL_CUBE if dims == 3 else SMALL_SQUARE
    if max(size) <= least:
        return None
    factor = max(size) / least
    cut = [least if planes else max(SMALL_CUBE, 8 * math.ceil(side / factor / 8)) for side in size]
    spacing = None
    if recipe.input.spacing_mm is not None:
        wider = min(factor, COARSER) if recipe.input.region == "lesion" and dims == 3 else factor
        spacing = [round(gap * wider, 4) for gap in recipe.input.spacing_mm]
    seen = 2 if planes else dims
    return cut, spacing, math.prod(cut[:seen]) / math.prod(size[:seen])


def _reason(fp: Fingerprint, budget: Budget, numbers: tuple[float, int, int, int], scaled: bool) -> str:
    """How the number of epochs came about, with the measured figure."""
    seconds, epochs, planned, fitting = numbers
    how = f"{budget.seconds_per_sample * 1000:.3g} ms per sample was measured for a training step"
    if scaled:
        how += f" (about {seconds * 1000:.3g} ms with the smaller input)"
    minutes = _epoch_seconds(fp, budget, seconds) / 60
    how += f", so an epoch of all {budget.folds} folds takes about {minutes:.2g} minutes"
    if fitting < 1:
        late = f"not even one fits into {SHARE:.0%} of {budget.minutes:g} minutes"
        return f"{how}: {late}. One is trained and takes longer."
    if fitting >= planned:
        return f"{how}: the {planned} epochs planned fit into {SHARE:.0%} of {budget.minutes:g} minutes."
    return (
        f"{how}: {epochs} of the {planned} epochs planned fit into {SHARE:.0%} of {budget.minutes:g} minutes."
    )


def _count(epochs: int) -> str:
    return "no epoch" if epochs == 0 else "one epoch" if epochs == 1 else f"{epochs} epochs"


def _text(size: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in size)
