"""Who is trained on and who is tested, where the folds are cut at random?"""

import numpy as np

from medidense.cohort.assembling import Labelled, Mask
from medidense.cohort.cutting import cut_rows, derived_seed
from medidense.errors import CohortError
from medidense.values import Cohort, Fold, SplitPlan, Splits

REPEAT = 10_000
"""Added to a repeat's number: the step that its seed is derived by. The first repeat has the seed itself."""

INNER = 3
"""Inner folds of a training part that chooses among candidates; 2 where the counts allow no more."""

INNER_STEP = 20_000
"""Added to an outer fold's index: the step that the seed of its inner folds is derived by."""


def cut_folds(
    cohort: Cohort,
    *,
    folds: int,
    seed: int,
    validation_share: float | None = None,
    repeats: int = 1,
    by_site: bool = False,
) -> Splits:
    """Cut a cohort into folds, by subject and stratified by label (scikit-learn's StratifiedGroupKFold).

    Every labelled sample is tested in exactly one fold of each of `repeats`; a subject stands on one side of
    each. The cut depends on the samples, `folds` and `seed`, not on the order of rows. `by_site` stratifies
    by label within each site. `validation_share` (of the subjects, for a recipe that stops early) is cut out
    of each training part in the same way. A test part may hold one class where the counts leave no other
    way; a training part never lacks a class. A sample without a label is only trained on, in the folds in
    which its subject is neither tested nor validated.

    Raises UsageError for fewer than 2 folds or a negative seed, CohortError when the counts do not allow
    this many folds, naming the largest number that works, or when no row names its site.
    """
    SplitPlan(folds=folds, seed=seed)
    if by_site:
        _refuse_no_site(cohort)
    table = Labelled.of(cohort, by_site=by_site)
    made: list[Fold] = []
    for repeat in range(repeats):
        own = seed if repeat == 0 else derived_seed(seed, REPEAT + repeat)
        tested_in = cut_rows(table.rows, folds, own)
        if tested_in is None:
            raise _impossible(table, folds, own)
        for part in range(folds):
            test = tested_in == part
            fold = table.fold(len(made), ~test, test, share=validation_share, seed=seed, repeat=repeat)
            made.append(fold)
    return Splits(tuple(made), cohort.digest)


def inner_folds(cohort: Cohort, outer: Fold, *, seed: int, validation_share: float | None = None) -> Splits:
    """Folds inside the training (and validation) part of an outer fold, cut by subject.

    The outer test part is in none of them, nor is a sample that was dropped from the outer training part: it
    is a copy of one that the outer fold tests. Raises CohortError where the outer training part has fewer
    than 2 subjects of a class.
    """
    table = Labelled.of(cohort)
    learnt = {*outer.train, *outer.validation}
    inside = np.array([sample.name in learnt for sample in table.samples], dtype=bool)
    unlabelled = tuple(sample for sample in table.unlabelled if sample.name in learnt)
    own = derived_seed(seed, INNER_STEP + outer.index)
    for folds in (INNER, 2):
        cut = cut_rows(table.rows.take(inside), folds, own)
        if cut is not None:
            break
    else:
        rule = "choosing among candidates needs 2 subjects of each class in every training part"
        raise CohortError(
            cohort.name, rule, f"outer fold {outer.index}", "choose fewer folds, or --split kfold"
        )
    tested_in = np.full(len(table.samples), -1)
    tested_in[inside] = cut
    within = Labelled(table.cohort, table.samples, table.rows, unlabelled)
    made = []
    for part in range(folds):
        test: Mask = tested_in == part
        made.append(within.fold(part, inside & ~test, test, share=validation_share, seed=own))
    return Splits(tuple(made), cohort.digest)


def _refuse_no_site(cohort: Cohort) -> None:
    """Raise CohortError where a labelled row does not name its site."""
    empty = [sample.row for sample in cohort.samples if not sample.site and sample.labelled]
    if empty:
        where = f"{cohort.name} row {min(empty)}"
        rule = (
            f"stratifying by site needs the site of every row; {len(empty)} of {len(cohort.samples)} lack it"
        )
        raise CohortError(where, rule, "''", "fill in the column site, or leave out --stratify site")


def _impossible(table: Labelled, folds: int, seed: int) -> CohortError:
    """Why this many folds cannot be cut, and how many can."""
    counts, cohort = table.rows.subjects_by_class(), table.cohort
    works = next((n for n in range(folds - 1, 1, -1) if cut_rows(table.rows, n, seed) is not None), None)
    step = (
        f"choose {works} folds or fewer"
        if works
        else "add subjects: each class needs 2 or more, in different folds"
    )
    by_class = ", ".join(f"{name}: {counts[number]}" for number, name in enumerate(table.sides))
    found = f"{folds} folds; subjects by {'label' if cohort.multi_label else 'class'}: {by_class}"
    return CohortError(cohort.name, "this many folds cannot work with these counts", found, step)
