"""From a table to a checked cohort, its folds, and the recipe that suits it."""

from medidense.cohort.budget import Budget, fit_budget
from medidense.cohort.central_plane import central_plane, too_short
from medidense.cohort.fingerprint import Fingerprint, fingerprint
from medidense.cohort.folds import cut_folds, inner_folds
from medidense.cohort.images import ImageFacts, check_images, problem_at_row
from medidense.cohort.plan import plan_recipe
from medidense.cohort.splits import split_cohort, training_cost
from medidense.cohort.table import cohort_digest, read_cohort

__all__ = [
    "Budget",
    "Fingerprint",
    "ImageFacts",
    "central_plane",
    "check_images",
    "cohort_digest",
    "cut_folds",
    "fingerprint",
    "fit_budget",
    "inner_folds",
    "plan_recipe",
    "problem_at_row",
    "read_cohort",
    "split_cohort",
    "too_short",
    "training_cost",
]
