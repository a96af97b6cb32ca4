"""Who is trained on and who is tested, subject by subject; an overlap cannot be built."""

from collections.abc import Mapping
from dataclasses import dataclass

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """One split of a cohort: names of samples for each part, sorted.

    `subject_of` maps every name to its subject ID. `validation` is empty unless the recipe stops early.
    Raises ValueError when a sample or a subject stands in two parts, or train or test is empty.
    """

    index: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    subject_of: Mapping[str, str]

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
