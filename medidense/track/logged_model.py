"""How does a package become MLflow's logged model, with a signature and without a pickle?"""

import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema

from medidense.track import names
from medidense.track.quiet import mlflow
from medidense.values import Manifest

PACKAGE, ROOT = "package", "root"
"""Names of the artifact and of a key of the configuration; served_model.py stands alone and has them too."""

TYPES = {"text": DataType.string, "number": DataType.double}
"""Bytes travel as text, in base64: MLflow's own binary columns take no empty cell, and one that is no base64
fails the whole request."""


def log_model(client: Any, run_id: str, package: Path, params: Mapping[str, str] | None = None) -> str:
    """Log the package folder as a model of this run with these parameters; returns the model's ID.

    Input and output are tables: see `medidense.package.answer_rows`. Loading works with
    ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false``. A model of the run that is there whole is taken; what a
    killed process left half done is deleted.
    """
    for begun in _models(client, run_id):
        if begun.status == LoggedModelStatus.READY:
            _output(client, run_id, begun.model_id)
            return str(begun.model_id)
        client.delete_logged_model(begun.model_id)
    model = client.create_logged_model(
        client.get_run(run_id).info.experiment_id,
        name=names.MODEL,
        source_run_id=run_id,
        tags={names.USER: names.ANYBODY, names.WEIGHTS: _weights(package)},
        params=dict(params or {}),
        model_type="classifier",
    )
    with tempfile.TemporaryDirectory(prefix="medidense-model-") as staging:
        folder = _saved(Path(staging), package, Model(run_id=run_id, model_id=model.model_id))
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    _output(client, run_id, model.model_id)
    return str(model.model_id)


def model_of(client: Any, run_id: str) -> Any:
    """The run's model that is there whole, None where there is none."""
    whole = [model for model in _models(client, run_id) if model.status == LoggedModelStatus.READY]
    return whole[0] if whole else None


def model_of_weights(client: Any, experiments: list[str], weights: str) -> Any:
    """The model in these experiments that is there whole and has weights of this digest, None without one."""
    if not weights or not experiments:
        return None
    found = client.search_logged_models(experiments, f"tags.`{names.WEIGHTS}` = '{weights}'")
    return next((model for model in found if model.status == LoggedModelStatus.READY), None)


def _weights(package: Path) -> str:
    """The digest of the weights in a package."""
    from medidense.package import load_package

    return load_package(package).manifest.weights_digest


def _models(client: Any, run_id: str) -> list[Any]:
    """All models of a run, half done ones included."""
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_logged_models([experiment], f"source_run_id = '{run_id}'"))


def _output(client: Any, run_id: str, model_id: str) -> None:
    """Say that the model came out of the run, once."""
    said = client.get_run(run_id).outputs
    if said is None or model_id not in {output.model_id for output in said.model_outputs}:
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def signature(manifest: Manifest) -> ModelSignature:
    """The columns that the model takes, none of them needed, and those it gives."""
    from medidense.package import answer_columns, request_columns  # torch, which `medidense ui` does without

    taken = [ColSpec(TYPES[kind], name, required=False) for name, kind in request_columns(manifest).items()]
    given = [ColSpec(TYPES[kind], name, required=False) for name, kind in answer_columns(manifest).items()]
    return ModelSignature(Schema(taken), Schema(given))


def example(manifest: Manifest) -> pd.DataFrame:
    """A made-up request, of which the page shows how it is written."""
    row: dict[str, object] = {"image": "case-1/series"}
    if manifest.region == "lesion":
        row |= {"x_mm": -12.5, "y_mm": 40.0, "z_mm": 105.0, "diameter_mm": 9.0, "frame": "LPS"}
    return pd.DataFrame([row])


def _saved(staging: Path, package: Path, model: Model) -> Path:
    """The model's folder; the paths that MLflow writes into MLmodel are made relative."""
    from medidense.package import load_package

    manifest = load_package(package).manifest
    shutil.copytree(package, staging / PACKAGE)
    shutil.copyfile(Path(__file__).with_name("served_model.py"), staging / "served_model.py")
    folder = staging / "model"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
        mlflow.pyfunc.save_model(
            path=folder,
            mlflow_model=model,
            python_model=str(staging / "served_model.py"),
            artifacts={PACKAGE: str(staging / PACKAGE)},
            signature=signature(manifest),
            input_example=example(manifest),
            model_config={ROOT: ""},
            pip_requirements=_requirements(),
        )
    described = folder / "MLmodel"
    described.write_text(described.read_text(encoding="utf-8").replace(f"{staging}/", ""), encoding="utf-8")
    return folder


def _requirements() -> list[str]:
    """medidense, all that it needs and MLflow's pandas, as installed; local labels like +cpu are left out."""
    needed = [line for line in requires("medidense") or () if "extra ==" not in line]
    found = []
    for name in (
        "medidense",
        "pandas",
        *sorted(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed),
    ):
        try:
            found.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue
    return found
