"""What does the page of a run show, as plain values with nothing in them that names a subject?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from medidense.values import Baseline, Crossing, Evaluation, Predictions, Recipe, Separation


@dataclass(frozen=True)
class Size:
    """How many samples, of how many subjects."""

    samples: int
    subjects: int


@dataclass(frozen=True)
class FoldFlow:
    """Who one fold trains on, validates with, tests and left out as copies of what it tests.

    `classes` counts the samples of each class in the test part; of several labels those that show it.
    `unused` samples are in no part: they have no label, and their subject is not trained on.
    """

    fold: int
    name: str
    train: Size
    validation: Size
    test: Size
    dropped: int
    classes: Mapping[str, int]
    unused: int = 0


@dataclass(frozen=True)
class Flow:
    """From the rows of the cohort to those that were tested.

    `refused` rows stop a cross-validation before it begins, so it is 0 in a finished run; `unlabelled` rows
    are only ever trained on, and None where the run directory does not tell how many they are.
    """

    cohort: Size
    unlabelled: int | None
    tested: Size
    folds: tuple[FoldFlow, ...]
    refused: int = 0


@dataclass(frozen=True, eq=False)
class Overlay:
    """A saliency picture of an out-of-fold sample, as JPEG bytes; `content` is None where it is withheld."""

    kind: str
    sample: str
    content: bytes | None


@dataclass(frozen=True)
class Ran:
    """What was asked and what answered. `command` repeats it; `facts` are shown as they are."""

    cohort_name: str
    cohort_digest: str
    command: str
    facts: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class RunContents:
    """Everything that the page shows. All names of subjects and samples in it are pseudonyms already."""

    evaluation: Evaluation
    predictions: Predictions
    recipe: Recipe
    ran: Ran
    flow: Flow
    separation: Separation | None = None
    crossings: tuple[Crossing, ...] = ()
    shown: tuple[Overlay, ...] = ()
    withheld: str = ""
    """Why saliency pictures are left out, where they are."""
    empty_cells: Mapping[str, int] = field(default_factory=dict)
    """By covariate of the recipe how many samples have an empty cell, as far as the run directory knows."""

    @property
    def binary(self) -> bool:
        """True where one class is told from another."""
        return len(self.evaluation.classes) == 2 and self.evaluation.kind != "multi_label"

    @property
    def floor(self) -> Baseline | None:
        """The best rule without a network; None where none has a figure.

        Rivals that are networks themselves (from random weights, or with figures added) are no floor.
        """
        rules = [one for one in self.evaluation.baselines if not one.uses_network]
        known = [(one.auroc.value, -place) for place, one in enumerate(rules) if one.auroc.value is not None]
        return rules[-max(known)[1]] if known else None
