"""Which training samples of a fold have a copy in its test part, and what becomes of them?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from medidense.cohort.leaks import leak_problems
from medidense.errors import CohortError
from medidense.values import Cohort, Crossing, Fold, Leak, Splits
from medidense.values.wording import count


def settle_leaks(
    cohort: Cohort, splits: Splits, leaks: Sequence[Leak], rule: str
) -> tuple[Splits, tuple[Crossing, ...]]:
    """The folds as they may be trained on, and every sample on a training side with a copy in the test part.

    `rule` is the recipe's ``leakage``. With ``drop_from_train`` samples of such a pair, exact or near, are
    dropped from the training side (training and validation part); the test part stays as it is. With
    ``refuse`` near copies stay and are only counted.

    Raises CohortError, a line for each pair: with ``refuse`` for any exact one; with ``drop_from_train`` for
    an exact one with two labels that no fold's test part keeps apart; and where dropping leaves a training
    part without samples or without a class.
    """
    exact = [leak for leak in leaks if leak.kind == "exact"]
    if rule == "drop_from_train":
        exact = [leak for leak in exact if leak.two_labels and _together(splits, leak)]
    if exact:
        raise CohortError.several(leak_problems(cohort, exact))
    drop = rule == "drop_from_train"
    crossings = tuple(
        replace(crossing, dropped=drop) for fold in splits.folds for crossing in _crossings(fold, leaks)
    )
    if drop and crossings:
        folds = tuple(_thinned(cohort, fold, crossings) for fold in splits.folds)
        splits = replace(splits, folds=folds)
    return splits, crossings


def _together(splits: Splits, leak: Leak) -> bool:
    """True where some fold has both images on one side: two labels for one picture are learnt or tested."""
    sides = [({*fold.train, *fold.validation}, set(fold.test)) for fold in splits.folds]
    return any(
        not side.isdisjoint(leak.samples[0]) and not side.isdisjoint(leak.samples[1])
        for pair in sides
        for side in pair
    )


def _crossings(fold: Fold, leaks: Sequence[Leak]) -> Iterator[Crossing]:
    """Each sample of the fold's training side once, beside its nearest copy in the test part; sorted."""
    trained, tested = {*fold.train, *fold.validation}, set(fold.test)
    nearest: dict[str, Crossing] = {}
    for leak in leaks:
        for ours, others in (leak.samples, leak.samples[::-1]):
            twin = next((name for name in others if name in tested), None)
            for name in ours if twin is not None else ():
                if name in trained and (name not in nearest or leak.distance < nearest[name].distance):
                    nearest[name] = Crossing(fold.index, name, str(twin), leak.kind, leak.distance, False)
    yield from (nearest[name] for name in sorted(nearest))


def _thinned(cohort: Cohort, fold: Fold, crossings: Sequence[Crossing]) -> Fold:
    """The fold without the samples that cross into its test part. Raises CohortError."""
    gone = frozenset(crossing.sample for crossing in crossings if crossing.fold == fold.index)
    by_name = cohort.by_name()
    left = {side for name in fold.train if name not in gone for side in cohort.sides_of(by_name[name])}
    lost = [f"no sample of class {side}" for side in cohort.sides if side not in left]
    if fold.validation and gone.issuperset(fold.validation):
        lost.append("no validation part")
    if lost:
        rule = f"fold {fold.index}: without copies of its test images too little is left to train on"
        found = f"{', '.join(lost)}, {count(len(gone), 'sample')} dropped"
        step = "give all copies of one patient one subject_id, or cut the folds in another way"
        raise CohortError(cohort.name, rule, found, step)
    return fold.without(gone)
