"""What beside its label does a row teach: a rating as a soft label, columns as auxiliary targets?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.errors import CohortError, Problem
from medidense.values import Cohort, Sample
from medidense.values.covariates import number_in
from medidense.values.labels import Labels, SoftLabel


@dataclass(frozen=True, eq=False)
class Targets:
    """Training targets of a cohort's samples, in the order of the sorted names.

    `probabilities` float32 (N, classes) are what the classes train towards, or None: the labels themselves.
    `auxiliary` float32 (N, columns) as typed in the table, NaN where a cell is empty, or None.
    """

    probabilities: NDArray[np.float32] | None
    auxiliary: NDArray[np.float32] | None


def label_array(samples: Sequence[Sample], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The labels of samples as training and tests know them.

    Indices into `classes` (N,), -1 where a row has no label; of several labels at once (N, classes) of 1, 0
    and -1 for one that is not known.
    """
    if samples and samples[0].labels:
        cells = [[sample.labels[name] for name in classes] for sample in samples]
        return np.array(
            [[-1 if cell is None else int(cell) for cell in row] for row in cells], dtype=np.int64
        )
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index.get(str(sample.label), -1) for sample in samples], dtype=np.int64)


def read_targets(table: Cohort, labels: Labels, positive: str) -> Targets:
    """The targets that `labels` asks for; `positive` is the class that a rating speaks of.

    Raises CohortError with a line for each column that is missing, each cell that is no number or off the
    scale, and each row without a label that teaches nothing.
    """
    samples = sorted(table.samples, key=lambda sample: sample.name)
    reader = _Reader(table.name)
    soft = auxiliary = None
    if labels.soft is not None:
        soft = reader.soft(samples, labels.soft, table.classes, positive)
    if labels.auxiliary is not None:
        columns = [reader.numbers(samples, column) for column in labels.auxiliary.columns]
        auxiliary = np.stack(columns, axis=1).astype(np.float32)
    if not reader.problems:
        reader.check_taught(samples, soft, auxiliary)
    if reader.problems:
        raise CohortError.several(reader.problems)
    return Targets(soft, auxiliary)


class _Reader:
    """Numbers from the table's further columns, and the problems met."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def numbers(self, samples: Sequence[Sample], column: str) -> NDArray[np.float64]:
        """The column (N,), NaN where a cell is empty."""
        if column not in samples[0].extra:
            known = ", ".join(samples[0].extra) or "none"
            step = f"name one of the table's further columns: {known}"
            self.problems.append(
                Problem(self.name, "the recipe names a column that is not there", column, step)
            )
            return np.full(len(samples), np.nan)
        return np.array([self._number(sample, column) for sample in samples])

    def soft(
        self, samples: Sequence[Sample], rule: SoftLabel, classes: tuple[str, ...], positive: str
    ) -> NDArray[np.float32] | None:
        """Probabilities (N, 2); a row without a rating trains towards its label."""
        if len(classes) != 2:
            step = "remove labels.soft"
            self.problems.append(
                Problem(self.name, "a soft label is for two classes", str(len(classes)), step)
            )
            return None
        ratings, column = self.numbers(samples, rule.column), classes.index(positive)
        for sample, rating in zip(samples, ratings, strict=True):
            if not math.isnan(rating) and not rule.low <= rating <= rule.high:
                text = f"{rule.column} lies from {rule.low:g} to {rule.high:g}"
                self._complain(sample, text, f"{rating:g}", "correct the cell, or labels.soft")
        given = [math.nan if sample.label is None else float(sample.label == positive) for sample in samples]
        share = np.where(np.isnan(ratings), given, (ratings - rule.low) / (rule.high - rule.low))
        soft = np.empty((len(samples), 2), dtype=np.float32)
        soft[:, column], soft[:, 1 - column] = share, 1 - share
        return soft

    def check_taught(
        self,
        samples: Sequence[Sample],
        soft: NDArray[np.float32] | None,
        auxiliary: NDArray[np.float32] | None,
    ) -> None:
        """Every row without a label has a rating or an auxiliary target."""
        for row, sample in enumerate(samples):
            rated = soft is not None and bool(np.isfinite(soft[row]).all())
            told = auxiliary is not None and bool(np.isfinite(auxiliary[row]).any())
            if (soft is not None and not rated) or (not sample.labelled and not rated and not told):
                rule = "a row without a label needs a rating or an auxiliary target to teach something"
                self._complain(sample, rule, sample.image, "fill one in, or drop the row")

    def _number(self, sample: Sample, column: str) -> float:
        cell = sample.extra.get(column, "")
        number = number_in(cell)
        if number is None:
            step = "write it like 3, or empty the cell"
            self._complain(sample, f"{column} is no number", repr(cell.strip()), step)
            return math.nan
        return number

    def _complain(self, sample: Sample, rule: str, found: str, step: str) -> None:
        self.problems.append(Problem(f"{self.name} row {sample.row}", rule, found, step))
