"""What is written to a run of MLflow in one step, whatever kind of run it is?"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag

from medidense.track import names

TAG_LENGTH = 8000


def log_params(client: Any, run_id: str, params: Mapping[str, str]) -> None:
    """Parameters; the same ones again change nothing."""
    client.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])


def log_figures(client: Any, run_id: str, metrics: Mapping[str, float], moment: int) -> None:
    """Metrics without steps, made at `moment` (ms since 1970)."""
    client.log_batch(run_id, metrics=[Metric(key, value, moment, 0) for key, value in metrics.items()])


def log_words(client: Any, run_id: str, tags: Mapping[str, str]) -> None:
    """Tags, cut to what MLflow takes."""
    client.log_batch(run_id, tags=[RunTag(key, value[:TAG_LENGTH]) for key, value in tags.items()])


def log_dataset(client: Any, run_id: str, name: str, digest: str, context: str) -> None:
    """A cohort by its digest: no path, no rows."""
    source = CodeDatasetSource(tags={names.SOURCE: "medidense"})
    dataset = MetaDataset(source=source, name=name, digest=digest[: names.DATASET_DIGEST])._to_mlflow_entity()
    context_tag = InputTag("mlflow.data.context", context)
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, [context_tag])])


def log_files(client: Any, run_id: str, files: Mapping[str, bytes], table: str) -> None:
    """Artifacts by their paths; the one named `table` opens sortable."""
    with tempfile.TemporaryDirectory(prefix="medidense-") as staging:
        for name, content in files.items():
            target = Path(staging) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        client.log_artifacts(run_id, staging)
    client.set_tag(run_id, names.TABLES_TAG, json.dumps([{"path": table, "type": "table"}]))


def link_metrics(
    client: Any,
    run_id: str,
    model_id: str,
    metrics: Mapping[str, float],
    moment: int,
    dataset: tuple[str, str],
) -> None:
    """Give a logged model a run's figures, of the cohort `dataset` (name, digest); again they add nothing."""
    about = {
        "model_id": model_id,
        "run_id": run_id,
        "dataset_name": dataset[0],
        "dataset_digest": dataset[1][: names.DATASET_DIGEST],
    }
    client.log_batch(
        run_id, metrics=[Metric(key, value, moment, 0, **about) for key, value in metrics.items()]
    )
