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
    `dropped` holds samples left out of the training side because they are copies of test images.
    Raises ValueError when a sample or a subject stands in two parts, or train or test is empty.
    """

    index: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    subject_of: Mapping[str, str]
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.train or not self.test:
            raise ValueError(f"fold {self.index}: train and test must not be empty")
        owner: dict[str, str] = {}
        for part in PARTS:
            for name in getattr(self, part):
                subject = self.subject_of[name]
                if owner.setdefault(subject, part) != part:
                    raise ValueError(
                        f"fold {self.index}: subject {subject} is in {owner[subject]} and in {part}"
                    )

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


@dataclass(frozen=True)
class Splits:
    """All folds of a cross-validation, with the digest of the cohort they were cut from.

    Raises ValueError unless the test parts are disjoint.
    """

    folds: tuple[Fold, ...]
    cohort_digest: str

    def __post_init__(self) -> None:
        tested = [name for fold in self.folds for name in fold.test]
        if len(tested) != len(set(tested)):
            raise ValueError("a sample is tested in two folds")
