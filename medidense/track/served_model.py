"""What does MLflow run where a logged model is loaded? This file ("models from code", no pickle).

Its weights are the package's safetensors; the package proves itself by its sums when it is loaded.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from medidense.package import load_package
from medidense.predict import predict_scores

PACKAGE = "package"
"""Name of the artifact that holds the package's folder."""


class LesionClassifier(mlflow.pyfunc.PythonModel):
    """Mean of the folds' probabilities for preprocessed crops."""

    def load_context(self, context: Any) -> None:
        """Load and check the package. Raises PackageError."""
        package = load_package(Path(context.artifacts[PACKAGE]))
        self._nets, self._threads = package.networks(), package.manifest.threads
        self._flips = package.recipe.prediction.flips

    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> np.ndarray:
        """Probabilities float64 (N, classes) for float32 crops (N, C, *size) as preprocessing makes them."""
        return predict_scores(self._nets, model_input, device="cpu", threads=self._threads, flips=self._flips)


mlflow.models.set_model(LesionClassifier())
