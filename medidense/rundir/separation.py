"""Do two parts of a fold share a subject or an image, by the run's own files?"""

from collections.abc import Iterable, Mapping

from medidense.values import Fold, SampleFacts, Separation, Splits


def separation_of(
    splits: Splits, facts: Iterable[SampleFacts], prints: Mapping[str, str] | None
) -> Separation:
    """Every fold of splits.csv compared part by part.

    Whose a sample is says samples.csv (`facts`), and splits.csv only where that lacks it: the two are written
    by different code. `prints` are the digests of prints.csv; without one of every sample of a fold no image
    is compared.
    """
    owner = {fact.sample: fact.subject_id for fact in facts}
    names = {name for fold in splits.folds for part in _parts(fold) for name in part}
    whole = prints if prints is not None and names <= prints.keys() else None
    owners = [
        [{owner.get(name, fold.subject_of[name]) for name in part} for part in _parts(fold)]
        for fold in splits.folds
    ]
    return Separation(
        folds=len(splits.folds),
        subjects=len(set().union(*(part for fold in owners for part in fold))),
        rows=sum(len(part) for fold in splits.folds for part in _parts(fold)),
        subjects_in_two=sum(_in_two(fold) for fold in owners),
        images=None if whole is None else len({whole[name] for name in names}),
        exact_copies=0 if whole is None else sum(_copies(fold, whole) for fold in splits.folds),
    )


def _parts(fold: Fold) -> tuple[tuple[str, ...], ...]:
    return fold.train, fold.validation, fold.test


def _in_two(parts: Iterable[set[str]]) -> int:
    """How many subjects stand in more than one part."""
    train, validation, test = parts
    return len((train & validation) | (train & test) | (validation & test))


def _copies(fold: Fold, prints: Mapping[str, str]) -> int:
    """Samples of the training side whose image is one of the test part."""
    tested = {prints[name] for name in fold.test}
    return sum(prints[name] in tested for name in (*fold.train, *fold.validation))
