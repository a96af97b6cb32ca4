"""What do the covariates of a cohort come to in one fold: numbers for its network, and a rule without one?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from medidense.errors import CohortError
from medidense.predict import Example
from medidense.stats import regression_scores
from medidense.train import TrainingData
from medidense.values import CovariateEncoding, Fold, Recipe
from medidense.verbs.cohort_arrays import Arrays


@dataclass(frozen=True, eq=False)
class FoldCovariates:
    """The cohort's covariates as the training part of `fold` encodes them; no other part is looked at.

    `encoding` is None where the recipe takes none.
    """

    arrays: Arrays
    fold: Fold
    encoding: CovariateEncoding | None

    @property
    def width(self) -> int:
        """How many numbers the network takes beside the image."""
        return 0 if self.encoding is None else self.encoding.width

    def beside(self, data: TrainingData, recipe: Recipe) -> TrainingData:
        """The fold's training data with the covariates of the same samples."""
        wanted = recipe.input.covariates
        if self.encoding is None or wanted is None:
            return data
        return replace(
            data,
            covariates=self._vectors(self.fold.train),
            validation_covariates=self._vectors(self.fold.validation) if self.fold.validation else None,
            covariate_dropout=wanted.dropout,
        )

    def examples(self, rows: Sequence[int]) -> Iterator[NDArray[np.float32] | Example]:
        """The images of these rows for one network, each with its covariates."""
        images = self.arrays.exact(rows)
        if self.encoding is None or self.arrays.covariates is None:
            yield from images
            return
        vectors = self.arrays.covariates.vectors(self.encoding, rows)
        for image, vector in zip(images, vectors, strict=True):
            yield Example(image, (vector,))

    def alone(self, classes: int) -> NDArray[np.float64]:
        """Scores (N, classes) of the test part by logistic regression on the covariates alone.

        Grades are classes like others to it; several labels at once are asked one by one.
        """
        train = np.array(self.arrays.rows(self.fold.train))
        labels = self.arrays.labels[train]
        known = (labels >= 0).reshape(len(labels), -1).any(axis=1)
        return regression_scores(
            self._vectors(self.fold.train)[known], labels[known], self._vectors(self.fold.test), classes
        )

    def _vectors(self, names: Sequence[str]) -> NDArray[np.float32]:
        if self.encoding is None or self.arrays.covariates is None:
            raise CohortError(
                self.arrays.table, "the recipe takes no covariates", "", "name input.covariates"
            )
        return self.arrays.covariates.vectors(self.encoding, self.arrays.rows(names))


def covariates_of(fold: Fold, arrays: Arrays) -> FoldCovariates:
    """The covariates of a fold."""
    known = arrays.covariates
    return FoldCovariates(arrays, fold, None if known is None else known.encoding(arrays.rows(fold.train)))
