"""For which share of positives are PPV and NPV told, where it was stated after the training?"""

import math
from dataclasses import replace
from typing import TypeGuard

from medidense.errors import RunError, UsageError
from medidense.rundir import RunDir
from medidense.values import Evaluation, Kind
from medidense.values.recipe import EvaluationRules

OPTION = "--prevalence"


def is_share(value: object) -> TypeGuard[float]:
    """True for a number above 0 and below 1.

    >>> is_share(0.02), is_share(1), is_share(float("nan")), is_share("0.02")
    (True, False, False, False)
    """
    return isinstance(value, int | float) and math.isfinite(value) and 0 < value < 1


def require_share(prevalence: float | None) -> None:
    """Raise UsageError for what is no share above 0 and below 1; None states nothing."""
    if prevalence is not None and not is_share(prevalence):
        raise UsageError(
            OPTION, "a share above 0 and below 1", prevalence, f"state a share, as in {OPTION} 0.02"
        )


def stated(rules: EvaluationRules, prevalence: float | None) -> EvaluationRules:
    """The rules with the share in the place of the recipe's; as they are for None."""
    if prevalence is None:
        return rules
    return rules.model_copy(update={"deployment_prevalence": float(prevalence)})


def require_predictive_values(prevalence: float | None, kind: Kind) -> None:
    """Raise UsageError where a share is stated for scores that have no PPV and NPV at one."""
    if prevalence is not None and kind != "classes":
        words = "several labels" if kind == "multi_label" else "grades"
        raise UsageError(OPTION, "PPV and NPV at a prevalence are of one class", words, "leave it out")


def told(evaluation: Evaluation, recipe: EvaluationRules, prevalence: float | None) -> Evaluation:
    """The evaluation with the word that the share was stated afterwards, and what the recipe says."""
    if prevalence is None:
        return evaluation
    before = recipe.deployment_prevalence
    said = "the recipe states none" if before is None else f"in place of the recipe's {before:g}"
    note = f"PPV and NPV at a prevalence of {prevalence:g}: stated after the training, {said}."
    return replace(evaluation, prevalence_afterwards=float(prevalence), notes=(*evaluation.notes, note))


def stated_before(run: RunDir) -> float | None:
    """The share that the run's evaluation.json was made with, where it was stated afterwards."""
    try:
        found = run.evaluation_json().get("prevalence_afterwards")
    except RunError:
        return None
    return float(found) if is_share(found) else None
