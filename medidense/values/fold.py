"""Who is trained on and who is tested, subject by subject; an overlap cannot be built."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

PARTS = ("train", "validation", "test")

DROPPED = "dropped"
"""The part of the samples that the fold neither trains on nor tests."""


@dataclass(frozen=True)
class Fold:
    """One split of a cohort: names of samples for each part, sorted.

    `subject_of` maps every name to its subject ID. `validation` is empty unless the recipe stops early.
    `dropped` holds samples left out of the training side because they are copies of test images. `repeat`
    counts from 0 the times that the whole cohort is cut. A sample without a label is in no part but `train`.
    Raises ValueError when a sample or a subject stands in two parts, or train or test is empty.
    """

    index: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    subject_of: Mapping[str, str]
    repeat: int = 0
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.train or not self.test:
            raise ValueError(f"fold {self.index}: train and test must not be empty")
        owner: dict[str, str] = {}
        for part in PARTS:
            for name in getattr(self, part):
                subject = self.subject_of[name]
                if owner.setdefault(subject, part) != part:
                    raise ValueError(f"fold {self.index}: a subject is in {owner[subject]} and in {part}")

    def without(self, names: frozenset[str]) -> "Fold":
        """The fold with these samples dropped from its training side; those of its test part stay.

        Raises ValueError when no training sample is left.
        """
        dropped = names.intersection((*self.train, *self.validation))
        return replace(
            self,
            train=tuple(name for name in self.train if name not in dropped),
            validation=tuple(name for name in self.validation if name not in dropped),
            dropped=tuple(sorted({*self.dropped, *dropped})),
        )

    @property
    def learnt_from(self) -> frozenset[str]:
        """Subjects that the fold's model has seen: of its training and its validation part."""
        return frozenset(self.subject_of[name] for name in (*self.train, *self.validation))


@dataclass(frozen=True)
class Splits:
    """All folds of a cross-validation, with the digest of the cohort they were cut from.

    `names` holds a name for each fold where folds have one (the site that is left out), `notes` what a
    reader of the figures must know of the cut. Raises ValueError unless the test parts of each repeat are
    disjoint, all repeats test the same samples, and the folds are counted from 0.
    """

    folds: tuple[Fold, ...]
    cohort_digest: str
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if [fold.index for fold in self.folds] != list(range(len(self.folds))):
            raise ValueError("folds are counted from 0 without a gap")
        everyone: set[str] | None = None
        for repeat in range(self.repeats):
            tested = [name for fold in self.folds if fold.repeat == repeat for name in fold.test]
            if len(tested) != len(set(tested)):
                raise ValueError("a sample is tested in two folds")
            if everyone is not None and everyone != set(tested):
                raise ValueError("two repeats test different samples")
            everyone = set(tested)

    @property
    def repeats(self) -> int:
        """How often each sample is tested."""
        return 1 + max((fold.repeat for fold in self.folds), default=0)

    def tested_in(self) -> dict[str, int]:
        """Sample -> the fold that tests it, of the first repeat."""
        return {name: fold.index for fold in self.folds if fold.repeat == 0 for name in fold.test}

    def public_names(self) -> tuple[str, ...]:
        """The folds' names with a number in place of the site's own, where a cell must not be read."""
        return tuple(f"site {place + 1}" for place in range(len(self.names)))

    def public_note(self, fold: int, note: str) -> str:
        """What is noted of a fold, without the site's own name at its beginning."""
        if not self.names or not note.startswith(self.names[fold]):
            return note
        return self.public_names()[fold] + note.removeprefix(self.names[fold])

    def unseen_by(self, subject: str) -> int | None:
        """The first fold whose model has seen no sample of `subject`; None where all have."""
        return next((fold.index for fold in self.folds if subject not in fold.learnt_from), None)
