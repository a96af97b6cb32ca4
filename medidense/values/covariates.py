"""What is known of a lesion beside its image, and which numbers does a network get for it?"""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from medidense.values.refusal import Refused
from medidense.values.section import Positive, Section

TOLD = ("subject_id", "label")
"""Columns that are, or stand for, what is to be told."""

Cells = Mapping[str, object]
"""Column -> what stands in it: text as in a table, a number, or None and "" for missing."""


class Covariates(Section):
    """Columns of the table whose values enter the network's head beside the features of the image.

    A column of numbers is brought to mean 0 and standard deviation 1 over the training part, one of words
    becomes a 0 or 1 for each word. `dropout` is the share of training samples whose head sees the image
    alone.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2

    @model_validator(mode="after")
    def _features(self) -> "Covariates":
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        told = [name for name in self.columns if name in TOLD or name.startswith("label_")]
        if told:
            raise ValueError(f"{told[0]} is a label or a subject, never a feature")
        return self


class NumericCovariate(Section):
    """A column of numbers: `mean` and `sd` of the training part, and its smallest and largest value."""

    kind: Literal["numeric"] = "numeric"
    column: str
    mean: float
    sd: Positive
    low: float
    high: float

    @property
    def width(self) -> int:
        """Numbers that the network gets: the value, and whether it is missing."""
        return 2

    def values(self, cell: object, where: str) -> list[float]:
        """Mean 0, standard deviation 1; the mean where it is missing. Raises Refused NO_COVARIATE."""
        number = number_in(cell)
        if number is None:
            found, step = (
                f"{self.column} {cell!r}",
                "correct the cell, or empty it where the value is missing",
            )
            raise Refused("NO_COVARIATE", where, found, "a number", step)
        return [0.0, 1.0] if math.isnan(number) else [(number - self.mean) / self.sd, 0.0]


class CategoricalCovariate(Section):
    """A column of words: the `levels` that the training part knows, sorted."""

    kind: Literal["categorical"] = "categorical"
    column: str
    levels: tuple[str, ...]

    @model_validator(mode="after")
    def _sorted(self) -> "CategoricalCovariate":
        if list(self.levels) != sorted(set(self.levels)) or "" in self.levels:
            raise ValueError("levels are sorted, each once, none of them empty")
        return self

    @property
    def width(self) -> int:
        """Numbers that the network gets: one for each level, and whether it is missing."""
        return len(self.levels) + 1

    def values(self, cell: object, where: str) -> list[float]:
        """1 for the level, 0 for all others. A word that training did not know counts as missing."""
        word = text_in(cell)
        return [*(float(word == level) for level in self.levels), float(word not in self.levels)]


class CovariateEncoding(Section):
    """How cells become numbers, learnt from the training part of one fold: plain data, in the order of the
    recipe's columns."""

    covariates: Annotated[
        tuple[Annotated[NumericCovariate | CategoricalCovariate, Field(discriminator="kind")], ...],
        Field(min_length=1),
    ]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(covariate.column for covariate in self.covariates)

    @property
    def width(self) -> int:
        """Length of `vector`."""
        return sum(covariate.width for covariate in self.covariates)

    def vector(self, cells: Cells, where: str) -> NDArray[np.float32]:
        """The cells as the network takes them, float32 (width,). A value that is missing is an empty cell.

        Raises Refused NO_COVARIATE where a column is not there, or no number stands where one is needed.
        """
        values: list[float] = []
        for covariate in self.covariates:
            if covariate.column not in cells:
                step = f"give a column {covariate.column}; a cell may be empty where the value is missing"
                raise Refused("NO_COVARIATE", where, f"no {covariate.column}", covariate.column, step)
            values += covariate.values(cells[covariate.column], where)
        return np.array(values, dtype=np.float32)


def text_in(cell: object) -> str:
    """A cell as text, without blanks around it; "" where it is missing."""
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else str(cell).strip()


def number_in(cell: object) -> float | None:
    """A cell as a finite number, NaN where it is missing, None where it is no number.

    >>> number_in("58"), number_in(" "), number_in("old")
    (58.0, nan, None)
    """
    text = text_in(cell)
    if not text:
        return math.nan
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    return number if math.isfinite(number) else None
