"""Which network is trained when the time is too short for the one planned?"""

from medidense.cohort.budget import FEWEST
from medidense.values import Recipe

SMALL = "densenet_small"
RATE = 3e-3
RATE_REASON = "The peak that served the small DenseNet best on the LIDC nodules."


def too_short(fitted: Recipe, planned: Recipe) -> bool:
    """True where a budget cost a recipe voxels, or left it fewer epochs than a network needs to learn."""
    few = fitted.training.epochs < min(FEWEST, planned.training.epochs)
    return few or fitted.input.size != planned.input.size


def smaller_network(recipe: Recipe) -> Recipe | None:
    """The recipe with a DenseNet of 0.3 million weights; None where that was not found to be as good.

    On the planes of the LIDC nodules both reached an AUROC of 0.931, the smaller one at a third of the time.
    """
    if recipe.input.view != "planes" or recipe.network.name == SMALL:
        return None
    why = "The time given is too short for DenseNet-121; on planes the small one was as good."
    small = recipe.with_settings({"network.name": SMALL, "training.learning_rate": RATE}, where="--budget")
    reasons = {**recipe.reasons, "network.name": why, "training.learning_rate": RATE_REASON}
    return small.model_copy(update={"reasons": reasons})
