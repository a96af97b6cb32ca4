"""Which rows of a cohort hold one picture twice?"""

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Leak:
    """Two images of a cohort that are copies of each other.

    `rows` are lines of the table (the header is 1), `images` their cells as typed: the first row of each
    image, or the two rows whose labels contradict each other. `samples` names every sample of either image.
    `distance` is 0 for an exact copy, else 1 minus the likeness (`cohort.perceptual`).
    """

    kind: Literal["exact", "near"]
    rows: tuple[int, int]
    images: tuple[str, str]
    samples: tuple[tuple[str, ...], tuple[str, ...]]
    distance: float
    two_subjects: bool
    two_labels: bool
    """The same lesion (or the same whole image) has two labels."""

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)

    @property
    def named(self) -> tuple[str, str]:
        """Both rows as ``row N: <image cell as typed>``."""
        first, second = (f"row {row}: {image}" for row, image in zip(self.rows, self.images, strict=True))
        return first, second


@dataclass(frozen=True)
class Crossing:
    """A sample on the training side of a fold that has a copy, its `twin`, in the fold's test part."""

    fold: int
    sample: str
    twin: str
    kind: str
    distance: float
    dropped: bool
    """True where the sample was taken out of the training side."""


@dataclass(frozen=True)
class Leakage:
    """What was done about copies in a run: the recipe's rule, and how many samples it was done to.

    `dropped` and `kept` count samples on the training side that have a copy in the same fold's test part,
    fold by fold added up.
    """

    rule: str = "refuse"
    dropped: int = 0
    kept: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each count that is not 0."""
        told = []
        if self.dropped:
            told.append(
                f"Copies of test images left out of training (leakage: {self.rule}): {self.dropped}, all "
                "folds added up; leaks.csv names them."
            )
        if self.kept:
            told.append(
                f"Near copies of test images trained on: {self.kept}, all folds added up; leaks.csv names "
                "them. The figures may be too good."
            )
        return tuple(told)
