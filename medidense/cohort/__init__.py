"""From a table to a checked cohort, its folds, and the recipe that suits it."""

from medidense.cohort.budget import Budget, fit_budget
from medidense.cohort.covariates import CovariateTable, read_covariates
from medidense.cohort.crossings import settle_leaks
from medidense.cohort.fingerprint import Fingerprint, fingerprint
from medidense.cohort.folds import cut_folds, inner_folds
from medidense.cohort.images import ImageFacts, check_images, problem_at_row
from medidense.cohort.joining import contradicted_rows, joined_subjects
from medidense.cohort.leaks import find_leaks, leak_problems
from medidense.cohort.plan import plan_recipe
from medidense.cohort.prints import image_print
from medidense.cohort.smaller_network import smaller_network, too_short
from medidense.cohort.splits import split_cohort, training_cost
from medidense.cohort.table import cohort_digest, read_cohort
from medidense.cohort.targets import Targets, label_array, read_targets

__all__ = [
    "Budget",
    "CovariateTable",
    "Fingerprint",
    "ImageFacts",
    "Targets",
    "check_images",
    "cohort_digest",
    "contradicted_rows",
    "cut_folds",
    "find_leaks",
    "fingerprint",
    "fit_budget",
    "image_print",
    "inner_folds",
    "joined_subjects",
    "label_array",
    "leak_problems",
    "plan_recipe",
    "problem_at_row",
    "read_cohort",
    "read_covariates",
    "read_targets",
    "settle_leaks",
    "smaller_network",
    "split_cohort",
    "too_short",
    "training_cost",
]
