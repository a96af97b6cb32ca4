"""What can be trained when the time is too short for 3D? The plane through each lesion's middle."""

import math

from medidense.cohort.budget import FEWEST
from medidense.cohort.fingerprint import Fingerprint
from medidense.cohort.reasons import number
from medidense.values import Recipe

SIDES = (64, 224)
"""Shortest and longest side of the plane, in pixels, a multiple of 32."""

DETAIL_MM = 0.7
"""No finer: on the LIDC nodules 0.7 mm gained little over 1 mm (AUROC 0.928 against 0.924)."""


def too_short(recipe: Recipe) -> bool:
    """True where a budget left a 3D recipe fewer epochs than a 3D network needs to learn."""
    return recipe.input.dims == 3 and recipe.training.epochs < FEWEST


def central_plane(recipe: Recipe, fp: Fingerprint) -> Recipe | None:
    """The 2D recipe that shows the plane across each lesion's middle, as wide as `recipe` shows it in 3D.

    `recipe` is the planner's, before a budget cut it. None where there is no such plane: no lesions, no
    millimetres, or 2D already.
    """
    given = recipe.input
    if given.dims != 3 or given.region != "lesion" or given.spacing_mm is None:
        return None
    shown_mm = given.size[0] * given.spacing_mm[0]
    finest = min((fp.spacing_range_mm or given.spacing_mm)[0], given.spacing_mm[0])
    side = min(SIDES[1], max(SIDES[0], 32 * round(shown_mm / max(finest, DETAIL_MM) / 32)))
    spacing = math.ceil(shown_mm / side * 100) / 100
    why = "The time given is too short for a network in 3D"
    reasons = {
        "input.dims": f"{why}, so it sees the slice through the middle of each lesion.",
        "input.size": f"{side} pixels show {number(side * spacing)} mm, as much as the cube planned before.",
        "input.spacing_mm": f"{number(spacing)} mm: slices are finer in their plane than across.",
    }
    settings = {"input.dims": 2, "input.size": [side] * 2, "input.spacing_mm": [spacing] * 2}
    flat = recipe.with_settings(settings, where="--budget")
    return flat.model_copy(update={"reasons": {**recipe.reasons, **reasons}})
