"""From a cohort to a recipe: every decision in one file, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medidense.cohort import (
    Budget,
    ImageFacts,
    check_images,
    fingerprint,
    fit_budget,
    plan_recipe,
    read_cohort,
    smaller_network,
    too_short,
)
from medidense.errors import OutputExistsError, UsageError
from medidense.io import archives_kept
from medidense.nets import count_parameters
from medidense.rundir import parsed_settings, write_recipe
from medidense.train import choose_device, measure_step
from medidense.values import Cohort, Recipe
from medidense.verbs.progress import Progress, counting, quiet

FOLDS = 5
"""Folds that a budget is shared by when `plan` is called alone, as in `cv`."""


@dataclass(frozen=True)
class PlanResult:
    """The recipe, where it was written, and how many parameters its network has."""

    recipe: Recipe
    out: Path
    parameters: int

    def to_json(self) -> dict[str, object]:
        """The recipe's tree beside its path and the network's size."""
        return {
            "out": str(self.out),
            "parameters": self.parameters,
            "recipe": self.recipe.model_dump(mode="json"),
        }


@archives_kept()
def plan(
    cohort: Path,
    *,
    out: Path,
    budget: float | None = None,
    device: str = "auto",
    settings: Mapping[str, object] = MappingProxyType({}),
    overwrite: bool = False,
    progress: Progress = quiet,
) -> PlanResult:
    """Propose a recipe for a cohort and write it as YAML.

    `budget` is the time in minutes that a whole 5-fold cross-validation may take on `device`; a few training
    steps are measured for it. `settings` are dotted recipe keys, values as YAML text or Python values, that
    are taken as they are; what depends on them is planned accordingly. Raises CohortError, RecipeError for
    settings that do not hold, OutputExistsError, UsageError, WriteError.
    """
    out = Path(out)
    if out.exists() and not overwrite:
        raise OutputExistsError(str(out), "the recipe exists", "", "pass --overwrite or choose another name")
    fixed = parsed_settings(settings)
    table = read_cohort(Path(cohort), unlabelled=bool(fixed.get("labels.train_only")))
    facts = check_images(table, counting(progress, "check images", len(table.samples)))
    terms = Terms(budget, FOLDS, device, fixed)
    recipe = propose(table, facts, terms)
    write_recipe(recipe, out)
    return PlanResult(recipe, out, count_parameters(recipe, len(table.classes)))


@dataclass(frozen=True)
class Terms:
    """What a plan is asked for: minutes for all `folds` on `device` (None: no matter), and the parsed
    `settings` that are not planned."""

    budget: float | None
    folds: int
    device: str
    settings: Mapping[str, Any]


def propose(table: Cohort, facts: Sequence[ImageFacts], terms: Terms) -> Recipe:
    """The planner's recipe under these terms."""
    found, budget = fingerprint(table, facts), terms.budget
    recipe = plan_recipe(found, terms.settings)
    if budget is None:
        return recipe
    if budget <= 0:
        raise UsageError("--budget", "a budget is a number of minutes above 0", budget, "give more")
    chosen = choose_device(terms.device, recipe.training)

    def fitted(draft: Recipe) -> Recipe:
        seconds = measure_step(draft, len(table.classes), chosen)
        measured = Budget(minutes=budget, folds=terms.folds, seconds_per_sample=seconds)
        return fit_budget(draft, found, measured, terms.settings)

    full = fitted(recipe)
    short = too_short(full, recipe) and "network.name" not in terms.settings
    small = smaller_network(recipe) if short else None
    return full if small is None else fitted(small)
