"""How does a package become MLflow's logged model, with a signature and without a pickle?"""

import shutil
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from medidense.track import names
from medidense.track.quiet import mlflow
from medidense.values import Recipe

PACKAGE, CROPS = "package", "crops"
"""Names of the artifact and of a tensor; served_model.py, which stands alone, has them too."""
PINNED = ("medidense", "mlflow", "torch", "monai", "numpy", "safetensors", "pydantic")


def log_model(client: Any, run_id: str, package: Path, recipe: Recipe, classes: int) -> str:
    """Log the package folder as a model of this run; returns the model's ID.

    Input: float32 (N, C, *size) crops as preprocessing makes them, with covariates a mapping that has them as
    ``crops`` and a tensor of N texts for each column; output: float64 (N, classes). Loading
    works with ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false``. A model of the run that is there whole is taken;
    what a killed process left half done is deleted.
    """
    experiment = client.get_run(run_id).info.experiment_id
    for begun in client.search_logged_models([experiment], f"source_run_id = '{run_id}'"):
        if begun.status == LoggedModelStatus.READY:
            _output(client, run_id, begun.model_id)
            return str(begun.model_id)
        client.delete_logged_model(begun.model_id)
    model = client.create_logged_model(
        experiment,
        name=names.MODEL,
        source_run_id=run_id,
        tags={names.USER: names.ANYBODY},
        model_type="classifier",
    )
    with tempfile.TemporaryDirectory(prefix="medidense-model-") as staging:
        folder = _saved(
            Path(staging), package, signature(recipe, classes), Model(run_id=run_id, model_id=model.model_id)
        )
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    _output(client, run_id, model.model_id)
    return str(model.model_id)


def _output(client: Any, run_id: str, model_id: str) -> None:
    """Say that the model came out of the run, once."""
    said = client.get_run(run_id).outputs
    if said is None or model_id not in {output.model_id for output in said.model_outputs}:
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def signature(recipe: Recipe, classes: int) -> ModelSignature:
    """What the model takes and gives; each covariate is a tensor of texts with the name of its column."""
    size = (-1, recipe.input.channels, *recipe.input.size)
    columns = recipe.input.covariates.columns if recipe.input.covariates else ()
    crop = TensorSpec(np.dtype(np.float32), size, CROPS if columns else None)
    beside = [TensorSpec(np.dtype(np.str_), (-1,), column) for column in columns]
    return ModelSignature(Schema([crop, *beside]), Schema([TensorSpec(np.dtype(np.float64), (-1, classes))]))


def _saved(staging: Path, package: Path, form: ModelSignature, model: Model) -> Path:
    """The model's folder; the paths that MLflow writes into MLmodel are made relative."""
    shutil.copytree(package, staging / PACKAGE)
    shutil.copyfile(Path(__file__).with_name("served_model.py"), staging / "served_model.py")
    folder = staging / "model"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example was not provided", category=UserWarning)
        mlflow.pyfunc.save_model(
            path=folder,
            mlflow_model=model,
            python_model=str(staging / "served_model.py"),
            artifacts={PACKAGE: str(staging / PACKAGE)},
            signature=form,
            pip_requirements=_requirements(),
        )
    described = folder / "MLmodel"
    described.write_text(described.read_text(encoding="utf-8").replace(f"{staging}/", ""), encoding="utf-8")
    return folder


def _requirements() -> list[str]:
    """The installed versions, pinned; local version labels like +cpu are left out."""
    found = []
    for name in PINNED:
        try:
            found.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue
    return found
