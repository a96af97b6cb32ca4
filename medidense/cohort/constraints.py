"""What of a plan follows from keys that the user has set already?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from medidense.cohort.fingerprint import Fingerprint
from medidense.cohort.reasons import Choice, number
from medidense.cohort.smaller_network import RATE, RATE_REASON, SMALL
from medidense.values import Recipe

SET = "Set by --set."
SIZE, SPACING = "input.size", "input.spacing_mm"
SIDES = (32, 1024)
"""Sides that a recipe allows."""


def constrained(fp: Fingerprint, settings: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint as the settings want the cohort to be seen.

    `settings` are dotted keys with parsed values. Dimensions, region, view and modality decide others; a
    value that no recipe takes is left for the check of the recipe.
    """
    dims, modality = settings.get("input.dims"), settings.get("input.modality", fp.modality)
    if dims in (2, 3):
        fp = replace(fp, dims=dims)
    if isinstance(modality, str) or modality is None:
        fp = replace(fp, modality=modality)
    if settings.get("input.view") == "crop":
        fp = replace(fp, planes=False)
    if settings.get("input.region") == "whole":
        fp = replace(fp, region="whole", extent=None, with_region=0, masks=False)
    return fp


def matched(choices: Sequence[Choice], settings: Mapping[str, Any]) -> list[Choice]:
    """The sampling's choices, where of size and spacing one is set the other changed to show as much."""
    found = {choice.key: choice for choice in choices}
    size, spacing = found[SIZE].value, found[SPACING].value
    shown = [a * b for a, b in zip(_lengths(size), _lengths(spacing), strict=False)]
    given = {key: _lengths(settings.get(key)) for key in (SIZE, SPACING)}
    span = " x ".join(dict.fromkeys(number(length) for length in shown))
    if SPACING not in settings and shown and len(given[SIZE]) == len(shown):
        fitted: list[Any] = [round(length / side, 4) for length, side in zip(shown, given[SIZE], strict=True)]
        why = f"As coarse as the voxels must be to show the {span} mm planned with the size that was set."
        found[SPACING] = Choice(SPACING, fitted, why)
    if SIZE not in settings and shown and len(given[SPACING]) == len(shown):
        odd = [int(side) % 2 for side in _lengths(size)]
        fitted = [_side(a / b, o) for a, b, o in zip(shown, given[SPACING], odd, strict=True)]
        why = f"As many voxels as show the {span} mm planned with the spacing that was set."
        found[SIZE] = Choice(SIZE, fitted, why)
    if given[SIZE]:
        found[SIZE] = Choice(SIZE, [int(side) for side in given[SIZE]], SET)
    return list(found.values())


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The planned recipe with the settings in it, each with its reason.

    Raises RecipeError for a key that does not exist or a value that does not hold.
    """
    if not settings:
        return recipe
    reasons = {key: why for key, why in recipe.reasons.items() if not _about(key, settings)}
    rate = "training.learning_rate"
    follow: dict[str, Any] = {}
    if settings.get("network.name") == SMALL and rate not in settings:
        follow, reasons[rate] = {rate: RATE}, RATE_REASON
    changed = recipe.with_settings({**follow, **settings})
    return changed.model_copy(update={"reasons": {**reasons, **dict.fromkeys(settings, SET)}})


def _about(key: str, settings: Mapping[str, Any]) -> bool:
    """Whether a reason speaks of what was set: of the key, of one inside it, or of a section around it."""
    return any(f"{key}.".startswith(f"{one}.") or one.startswith(f"{key}.") for one in settings)


def _lengths(value: object) -> list[float]:
    """A list of numbers above 0 as it is; anything else as an empty list."""
    if not isinstance(value, (list, tuple)):
        return []
    numbers = [each for each in value if isinstance(each, (int, float)) and each > 0]
    return [float(each) for each in numbers] if len(numbers) == len(value) else []


def _side(voxels: float, odd: int) -> int:
    """The nearest side of that parity that a recipe allows."""
    side = 2 * round((voxels - odd) / 2) + odd
    return min(max(side, SIDES[0] + odd), SIDES[1] - odd)
