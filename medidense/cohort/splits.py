"""From a plan of the split to its folds, and what training them costs."""

from medidense.cohort.folds import INNER, cut_folds
from medidense.cohort.given_folds import cut_by_column, cut_by_site
from medidense.values import Cohort, SplitPlan, Splits


def split_cohort(cohort: Cohort, plan: SplitPlan, *, validation_share: float | None = None) -> Splits:
    """The folds of a cohort as planned; of a nested plan the outer ones (`inner_folds` cuts the others).

    `validation_share` is for a recipe that stops early. Raises UsageError and CohortError, as `cut_folds`,
    `cut_by_site` and `cut_by_column` do.
    """
    if plan.kind == "site":
        return cut_by_site(cohort, seed=plan.seed, validation_share=validation_share)
    if plan.kind == "column":
        return cut_by_column(cohort, seed=plan.seed, validation_share=validation_share)
    return cut_folds(
        cohort,
        folds=plan.fold_count,
        seed=plan.seed,
        validation_share=validation_share,
        repeats=plan.repeat_count,
        by_site=plan.by_site,
    )


def training_cost(cohort: Cohort, plan: SplitPlan, candidates: int = 0) -> tuple[int, int]:
    """Folds, and how many times a k-fold run of that many folds costs what the plan does.

    An inner fold trains on part of an outer training part: all INNER of one candidate cost INNER - 1
    trainings on the whole. One given split costs less than the 2 folds it is taken for.

    >>> from pathlib import PurePath
    >>> from medidense.values import Sample
    >>> cohort = Cohort("c", (Sample(2, "P1", "a.png", PurePath("/a.png"), "x"),))
    >>> training_cost(cohort, SplitPlan("repeated", folds=4, repeats=3))
    (4, 3)
    >>> training_cost(cohort, SplitPlan("nested"), candidates=2)
    (5, 5)
    """
    if plan.kind == "site":
        return max(2, len({sample.site for sample in cohort.samples})), 1
    if plan.kind == "column":
        numbers = {sample.split for sample in cohort.samples if sample.split.isdecimal()}
        return max(2, len(numbers)), 1
    return plan.fold_count, plan.repeat_count * (1 + candidates * (INNER - 1))
