"""What does MLflow run where a logged model is loaded? This file ("models from code", no pickle).

Its weights are the package's safetensors; the package proves itself by its sums when it is loaded.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from medidense.package import load_package
from medidense.predict import Example, predict_scores

PACKAGE = "package"
"""Name of the artifact that holds the package's folder."""

CROPS = "crops"
"""Name of the crops where covariates stand beside them."""


class LesionClassifier(mlflow.pyfunc.PythonModel):
    """Mean of the folds' probabilities for preprocessed crops."""

    def load_context(self, context: Any) -> None:
        """Load and check the package. Raises PackageError."""
        package = load_package(Path(context.artifacts[PACKAGE]))
        self._nets, self._threads = package.networks(), package.manifest.threads
        self._flips, self._encodings = package.recipe.prediction.flips, package.manifest.covariates

    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> np.ndarray:
        """Probabilities float64 (N, classes) for float32 crops (N, C, *size) as preprocessing makes them.

        Where the package takes covariates `model_input` is a mapping: crops under ``crops``, and the cells
        (N,) of each column under its name. Raises Refused NO_COVARIATE.
        """
        given = self._examples(model_input) if self._encodings else model_input
        return predict_scores(self._nets, given, device="cpu", threads=self._threads, flips=self._flips)

    def _examples(self, given: Any) -> list[Example]:
        """Each crop with its covariates."""
        cells = [
            {name: column[row] for name, column in given.items() if name != CROPS}
            for row in range(len(given[CROPS]))
        ]
        return [
            Example(crop, tuple(encoding.vector(mine, "model_input") for encoding in self._encodings))
            for crop, mine in zip(given[CROPS], cells, strict=True)
        ]


mlflow.models.set_model(LesionClassifier())
