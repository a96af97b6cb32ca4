"""Which samples stand in which part of a fold, once it is known who is tested?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.cohort.cutting import Rows, derived_seed, held_out
from medidense.cohort.label_columns import one_sided
from medidense.cohort.rarest import several_labels
from medidense.errors import CohortError
from medidense.values import Cohort, Fold, Sample

VALIDATION = 1000
"""Added to a fold's index: the step that its validation part's seed is derived by."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Labelled:
    """The samples of a cohort with a label, in the order of their names, and those without one.

    Of several labels the rows of a subject count by its rarest one (`several_labels`).
    `rows` are the former as integers. Samples without a label are trained on only, in the folds in which
    their subject is neither tested nor validated.
    """

    cohort: Cohort
    samples: tuple[Sample, ...]
    rows: Rows
    unlabelled: tuple[Sample, ...]

    @classmethod
    def of(cls, cohort: Cohort, *, by_site: bool = False) -> "Labelled":
        """The cohort's samples, to be cut alike in labels or, `by_site`, in labels within sites.

        Raises CohortError for a label, one of several, that all rows show or none.
        """
        samples = tuple(sorted(cohort.samples, key=lambda sample: sample.name))
        labelled = tuple(sample for sample in samples if sample.labelled)
        if problems := one_sided(cohort):
            raise CohortError.several(problems)
        several = several_labels(cohort, labelled) if cohort.multi_label else None
        if several is None:
            labels = np.array([cohort.classes.index(str(one.label)) for one in labelled], dtype=np.int64)
        else:
            labels = several.strata
        strata = labels
        if by_site:
            sites = np.unique([sample.site for sample in labelled], return_inverse=True)[1]
            strata = sites * (int(labels.max()) + 1) + labels
        rows = Rows(
            labels=labels,
            subjects=np.unique([sample.subject_id for sample in labelled], return_inverse=True)[1],
            strata=strata,
            shows=None if several is None else several.shows,
        )
        return cls(cohort, labelled, rows, tuple(sample for sample in samples if not sample.labelled))

    @property
    def sides(self) -> tuple[str, ...]:
        """What a training part must show, in the order that `Rows.sides` counts."""
        return self.cohort.sides

    def fold(
        self, index: int, train: Mask, test: Mask, *, share: float | None, seed: int, repeat: int = 0
    ) -> Fold:
        """Fold `index` with these training and test rows; `share` of the training part becomes validation."""
        validation = np.zeros(len(self.samples), dtype=bool)
        if share is not None:
            rows = self.rows.take(train)
            held = held_out(self.cohort.name, rows, share, derived_seed(seed, VALIDATION + index))
            validation[np.flatnonzero(train)[held]] = True
        return self.parts(index, (train & ~validation, validation, test), self.unlabelled, repeat)

    def parts(
        self, index: int, masks: tuple[Mask, Mask, Mask], extra: Sequence[Sample], repeat: int = 0
    ) -> Fold:
        """Fold `index` of the rows of train, validation and test; `extra` trains where its subject may."""
        train, validation, test = (self._names(mask) for mask in masks)
        away = {self.samples[row].subject_id for row in np.flatnonzero(masks[1] | masks[2])}
        more = [sample for sample in extra if sample.subject_id not in away]
        subject_of = {sample.name: sample.subject_id for sample in (*self.samples, *more)}
        names = sorted([*train, *(sample.name for sample in more)])
        used = {name: subject_of[name] for name in (*names, *validation, *test)}
        return Fold(index, tuple(names), tuple(validation), tuple(test), used, repeat)

    def lacking(self, train: Mask) -> list[str]:
        """Classes (of several labels: sides) that no row of a training part has."""
        shown = self.rows.sides[train]
        return [name for column, name in enumerate(self.sides) if not shown[:, column].any()]

    def _names(self, mask: Mask) -> list[str]:
        return [self.samples[row].name for row in np.flatnonzero(mask)]
