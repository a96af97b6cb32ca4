"""What does MLflow run where a logged model is loaded? This file ("models from code", no pickle).

Its weights are the package's safetensors; the package proves itself by its sums when it is loaded.
"""

import os
import threading
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from medidense.package import answer_columns, answer_rows, load_package, served_folder

PACKAGE = "package"
"""Name of the artifact that holds the package's folder."""

ROOT = "root"
"""Key of MLflow's `model_config`: the folder that paths in requests must lie in."""

VARIABLE = "MEDIDENSE_SERVE_ROOT"
"""The same by the environment, where the configuration names none."""


class LesionClassifier(mlflow.pyfunc.PythonModel):
    """Scores DICOM as `medidense score` does, a row of the answer for each row of the question."""

    def load_context(self, context: Any) -> None:
        """Load and check the package. Raises PackageError, UsageError for a folder that is none."""
        self._package = load_package(Path(context.artifacts[PACKAGE]))
        self._package.networks()
        given = (context.model_config or {}).get(ROOT) or os.environ.get(VARIABLE, "")
        self._root = served_folder(given)
        self._turn = threading.Lock()  # a server answers in threads, and digits depend on torch's own threads

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """A table with the columns of `answer_columns`, in the order of the rows given; see `answer_rows`.

        Cells are Python's own, None where there is no number, so that the answer is JSON as it stands.
        """
        plain = model_input.astype(object)
        rows = plain.where(plain.notna(), None).to_dict("records")
        with self._turn:
            answers = answer_rows(self._package, rows, self._root)
        return pd.DataFrame(answers, columns=list(answer_columns(self._package.manifest)), dtype=object)


mlflow.models.set_model(LesionClassifier())
