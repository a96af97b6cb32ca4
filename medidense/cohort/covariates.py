"""Which columns of a table are features beside the image, and what does a training part say of them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medidense.errors import CohortError, Problem
from medidense.values import Cohort, Sample
from medidense.values.covariates import (
    CategoricalCovariate,
    CovariateEncoding,
    Covariates,
    NumericCovariate,
    number_in,
    text_in,
)

MOST_LEVELS = 20
"""Different words of a column beyond which it is a name or a note, not a category."""

LARGEST = 1e15
"""Of a number, without its sign: no measurement is larger, and squares of far larger ones have no float."""


@dataclass(frozen=True, eq=False)
class CovariateTable:
    """The cells of some columns, of samples in the order of their sorted names.

    `numeric` says of each column whether it holds numbers: of the whole table, so that all folds agree.
    """

    name: str
    numeric: Mapping[str, bool]
    cells: tuple[Mapping[str, str], ...]

    def encoding(self, rows: Sequence[int]) -> CovariateEncoding:
        """What these rows, the training part of a fold, say of each column; no other row is looked at."""
        return CovariateEncoding(
            covariates=tuple(
                _numeric(name, [number_in(self.cells[row][name]) for row in rows])
                if numeric
                else CategoricalCovariate(column=name, levels=self._levels(name, rows))
                for name, numeric in self.numeric.items()
            )
        )

    def vectors(self, encoding: CovariateEncoding, rows: Sequence[int]) -> NDArray[np.float32]:
        """These rows as the network takes them, float32 (rows, encoding.width)."""
        found = [encoding.vector(self.cells[row], self.name) for row in rows]
        return np.array(found, dtype=np.float32).reshape(len(rows), encoding.width)

    def _levels(self, name: str, rows: Sequence[int]) -> tuple[str, ...]:
        """The words of a column, sorted; none where all these rows lack it."""
        return tuple(sorted({text_in(self.cells[row][name]) for row in rows} - {""}))


def read_covariates(table: Cohort, wanted: Covariates | None) -> CovariateTable | None:
    """The columns that a recipe names; None where it names none.

    A column is one of numbers where every cell that is filled is a number. Raises CohortError with a line for
    each column that is not there, is empty, or holds too many different words.
    """
    if wanted is None:
        return None
    samples = sorted(table.samples, key=lambda sample: sample.name)
    problems: list[Problem] = []
    numeric: dict[str, bool] = {}
    for name in wanted.columns:
        if name not in samples[0].extra:
            known = ", ".join(samples[0].extra) or "none"
            rule = "input.covariates names a column that is no further column of the table"
            problems.append(Problem(table.name, rule, name, f"name one of these: {known}"))
            continue
        numeric[name], found = _kind(table.name, name, samples)
        problems += found
    if problems:
        raise CohortError.several(problems)
    cells = tuple({name: sample.extra[name] for name in wanted.columns} for sample in samples)
    return CovariateTable(table.name, numeric, cells)


def _kind(table: str, name: str, samples: Sequence[Sample]) -> tuple[bool, list[Problem]]:
    """Whether a column holds numbers, and what is wrong with it."""
    filled = [sample for sample in samples if text_in(sample.extra[name])]
    if not filled:
        step = "fill it in, or drop it from input.covariates"
        return True, [Problem(table, f"the covariate {name} is empty in every row", "", step)]
    words = [sample for sample in filled if number_in(sample.extra[name]) is None]
    levels = {text_in(sample.extra[name]) for sample in filled}
    if words and len(levels) > MOST_LEVELS:
        rule = f"a covariate is numbers, or at most {MOST_LEVELS} different words; {name} has {len(levels)}"
        step = "write numbers, empty the cells that are missing, or drop it from input.covariates"
        first = words[0]
        return False, [Problem(f"{table} row {first.row}", rule, repr(first.extra[name]), step)]
    return not words, [] if words else _too_large(table, name, filled)


def _too_large(table: str, name: str, filled: Sequence[Sample]) -> list[Problem]:
    """The first number that nothing can be worked out of."""
    for sample in filled:
        if abs(number_in(sample.extra[name]) or 0.0) > LARGEST:
            rule = f"a number of the covariate {name} is at most {LARGEST:g}, without its sign"
            step = "correct the cell, or drop the column from input.covariates"
            return [Problem(f"{table} row {sample.row}", rule, repr(sample.extra[name]), step)]
    return []


def _numeric(name: str, cells: Sequence[float | None]) -> NumericCovariate:
    """Mean and standard deviation of the numbers that are there; 0 and 1 without any, 1 for a constant."""
    given = np.array(
        [number for number in cells if number is not None and np.isfinite(number)], dtype=np.float64
    )
    if not len(given):
        return NumericCovariate(column=name, mean=0.0, sd=1.0, low=0.0, high=0.0)
    sd = float(given.std())
    return NumericCovariate(
        column=name,
        mean=float(given.mean()),
        sd=sd if sd > 0 else 1.0,
        low=float(given.min()),
        high=float(given.max()),
    )
