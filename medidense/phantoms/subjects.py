"""Which subject of a phantom cohort has which nodules, and which labels they are given."""

from dataclasses import dataclass, replace

import numpy as np

from medidense.errors import UsageError
from medidense.phantoms.thorax import DIAMETERS_MM, KINDS
from medidense.values import Kind

LABELS = {"smooth": "benign", "spiculated": "malignant"}
PERMUTATIONS = 200
"""Shuffles drawn, of which the one nearest to half the labels true is taken."""


@dataclass(frozen=True)
class PhantomOptions:
    """How many subjects, from which seed, and whether labels are shuffled so that nothing can be learnt.

    `truth` is what the table says of a nodule: benign or malignant (``classes``); two labels at once, whether
    it is spiculated and whether it is large, every fifth cell empty (``multi_label``); or its size as a grade
    from 1 to 3 (``ordinal``).
    """

    subjects: int = 36
    seed: int = 0
    shuffle_labels: bool = False
    truth: Kind = "classes"

    def __post_init__(self) -> None:
        if self.subjects < 6:
            step = "ask for more subjects"
            raise UsageError("phantom cohort", "it needs at least 6 subjects", self.subjects, step)


@dataclass(frozen=True)
class PhantomSubject:
    """One subject: ID, the kind, diameter in mm and label of each nodule, and how its image is stored."""

    subject_id: str
    kinds: tuple[str, ...]
    diameters_mm: tuple[float, ...]
    labels: tuple[str, ...]
    nifti: bool


def plan_subjects(options: PhantomOptions) -> list[PhantomSubject]:
    """The subjects of a cohort: every third has two nodules, every third is a NIfTI file with masks.

    Both kinds are equally frequent (the odd one out is smooth) and get diameters from the same strata, so
    that size tells nothing. Shuffled labels are those of another subject with as many nodules, chosen
    such that as nearly as possible half of all labels are true: a shuffle that happens to hit the truth
    more often would leave something to learn.
    """
    random = np.random.default_rng([options.seed, 1])
    nodules = [2 if number % 3 == 2 else 1 for number in range(options.subjects)]
    total = sum(nodules)
    kinds = random.permutation([KINDS[number % 2] for number in range(total)])
    diameters = np.empty(total)
    for kind in KINDS:
        members = np.flatnonzero(kinds == kind)
        strata = (random.permutation(len(members)) + random.uniform(size=len(members))) / len(members)
        diameters[members] = np.round(DIAMETERS_MM[0] + strata * (DIAMETERS_MM[1] - DIAMETERS_MM[0]), 2)
    formats = random.permutation([number % 3 == 0 for number in range(options.subjects)])
    ends = np.cumsum(nodules)
    subjects = []
    for number, (end, count) in enumerate(zip(ends, nodules, strict=True)):
        mine = tuple(str(kind) for kind in kinds[end - count : end])
        subjects.append(
            PhantomSubject(
                subject_id=f"S{number + 1:02d}",
                kinds=mine,
                diameters_mm=tuple(float(mm) for mm in diameters[end - count : end]),
                labels=tuple(LABELS[kind] for kind in mine),
                nifti=bool(formats[number]),
            )
        )
    return _shuffled(subjects, random) if options.shuffle_labels else subjects


def _shuffled(subjects: list[PhantomSubject], random: np.random.Generator) -> list[PhantomSubject]:
    """Labels exchanged among subjects with as many nodules."""
    truth = [subject.labels for subject in subjects]
    half = sum(len(labels) for labels in truth) / 2
    best: list[tuple[str, ...]] = truth
    for _ in range(PERMUTATIONS):
        drawn = list(truth)
        for count in (1, 2):
            places = [number for number, labels in enumerate(truth) if len(labels) == count]
            for place, source in zip(places, random.permutation(places), strict=True):
                drawn[place] = truth[source]
        if abs(_hits(drawn, truth) - half) < abs(_hits(best, truth) - half):
            best = drawn
    return [replace(subject, labels=labels) for subject, labels in zip(subjects, best, strict=True)]


def _hits(drawn: list[tuple[str, ...]], truth: list[tuple[str, ...]]) -> int:
    """How many nodules are given their own label."""
    return sum(a == b for mine, own in zip(drawn, truth, strict=True) for a, b in zip(mine, own, strict=True))
