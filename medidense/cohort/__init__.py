"""From a table to a checked cohort, its folds, and the recipe that suits it."""

from medidense.cohort.budget import Budget, fit_budget
from medidense.cohort.central_plane import central_plane, too_short
from medidense.cohort.crossings import settle_leaks
from medidense.cohort.fingerprint import Fingerprint, fingerprint
from medidense.cohort.folds import cut_folds
from medidense.cohort.images import ImageFacts, check_images, problem_at_row
from medidense.cohort.leaks import find_leaks, leak_problems
from medidense.cohort.plan import plan_recipe
from medidense.cohort.table import read_cohort

__all__ = [
    "Budget",
    "Fingerprint",
    "ImageFacts",
    "central_plane",
    "check_images",
    "cut_folds",
    "find_leaks",
    "fingerprint",
    "fit_budget",
    "leak_problems",
    "plan_recipe",
    "problem_at_row",
    "read_cohort",
    "settle_leaks",
    "too_short",
]
