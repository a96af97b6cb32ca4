"""Who is trained on and tested in a run: cut once, and found unchanged ever after."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from medidense.cohort import cohort_digest, inner_folds, settle_leaks, split_cohort
from medidense.errors import CohortError, RunError
from medidense.rundir import RunDir
from medidense.values import Cohort, Crossing, Leak, Recipe, SplitPlan, Splits
from medidense.values.wording import count


def cut(
    table: Cohort, recipe: Recipe, plan: SplitPlan, leaks: Sequence[Leak]
) -> tuple[Splits, Mapping[int, Splits], tuple[Crossing, ...]]:
    """The folds as planned, those inside each outer one where they are nested, and what leaks between parts.

    What the recipe says of `leaks` is done in all of them. Raises UsageError and CohortError where they
    cannot be cut, CohortError for a leak that is refused.
    """
    stopping = recipe.training.early_stopping
    share = None if stopping is None else stopping.share
    splits = split_cohort(table, plan, validation_share=share)
    splits, crossings = settle_leaks(table, splits, leaks, recipe.leakage)
    inner = {}
    for fold in splits.folds if plan.kind == "nested" else ():
        inside = inner_folds(table, fold, seed=plan.seed, validation_share=share)
        inner[fold.index], _ = settle_leaks(table, inside, leaks, recipe.leakage)
    return splits, inner, crossings


def trained_on(table: Cohort, splits: Splits) -> dict[str, object]:
    """Counts of the labelled samples that any fold learns from, for run.json."""
    by_name = table.by_name()
    names = {name for fold in splits.folds for name in (*fold.train, *fold.validation)}
    samples = [by_name[name] for name in names if by_name[name].labelled]
    return {
        "samples": len(samples),
        "subjects": len({sample.subject_id for sample in samples}),
        "class_counts": table.class_counts(samples),
    }


def splits_for(run: RunDir, table: Cohort) -> Splits:
    """The saved folds, verified to be of this cohort. Raises RunError."""
    splits, subject_of = run.splits(), {sample.name: sample.subject_id for sample in table.samples}
    for fold in splits.folds:
        foreign = [name for name, subject in fold.subject_of.items() if subject_of.get(name) != subject]
        if foreign:
            rule, step = (
                "the folds are not of this cohort",
                "restore splits.csv, or start anew in another --out",
            )
            found = f"fold {fold.index}: {count(len(foreign), 'row')} of {len(fold.subject_of)}"
            raise RunError(str(run.splits_path), rule, found, step)
    return splits


def verified_splits(run: RunDir) -> Splits:
    """The folds of a finished run, once nothing that its figures rest on was changed.

    splits.csv is as it was written and holds no overlap; the cohort's table, where it still lies where it
    was, has the digest that the run was made from; the scores are those of the test parts. Raises RunError.
    """
    splits = run.splits()
    _same_cohort(run)
    predictions, tested_in = run.predictions(), splits.tested_in()
    found = dict(zip(predictions.samples, predictions.fold.tolist(), strict=True))
    if found != tested_in:
        odd = sum(found.get(name) != tested_in.get(name) for name in found.keys() | tested_in.keys())
        rule, step = "the scores are not of the test parts of splits.csv", "restore it, or run cv anew"
        raise RunError(str(run.predictions_path), rule, count(odd, "sample"), step)
    return splits


def _same_cohort(run: RunDir) -> None:
    """Raise RunError where the table that the run was made from says something else now.

    A run directory can be read without its cohort: a table that is not there any more is no problem.
    """
    source = Path(run.about()["cohort_path"])
    if not source.is_file():
        return
    step = "restore the table, or run cv anew in another --out"
    try:
        now = cohort_digest(source)
    except CohortError as error:
        raise RunError(str(source), "the cohort was changed after the run was made", error, step) from None
    if now != run.cohort_digest:
        found = f"digest {now[:12]}, not {run.cohort_digest[:12]}" if now else "rows that make no cohort"
        raise RunError(str(source), "the cohort was changed after the run was made", found, step)
