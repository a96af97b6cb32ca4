import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medidense.nets import build, save_weights
from medidense.package import PackageContents, load_package, write_package
from medidense.predict import predict_scores
from medidense.rundir import RunDir
from medidense.track import log_cross_validation
from medidense.values import Recipe, Span, TrainingFacts

LOAD = """
import json, sys
import numpy as np
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
crop = np.linspace(-1, 1, 1024, dtype=np.float32).reshape(1, 1, 32, 32)
print(json.dumps(model.predict(crop).tolist()))
"""


@pytest.fixture
def package(tmp_path: Path, recipe: Recipe) -> Path:
    """A package of one small untrained network."""
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=1)
    weights = tmp_path / "fold.safetensors"
    save_weights(net, weights)
    span = Span(low=0.0, high=1.0)
    facts = TrainingFacts(
        cohort_digest="ab" * 32,
        code_version="test",
        samples=24,
        subjects=24,
        class_counts={"benign": 12, "malignant": 12},
        modality="CT",
        dims=2,
        p01=span,
        p50=span,
        p99=span,
        auroc=None,
        auroc_ci95=(None, None),
    )
    folder = tmp_path / "package"
    folder.mkdir()
    write_package(
        folder,
        PackageContents(
            name="nodules",
            version="1",
            recipe=recipe,
            classes=("benign", "malignant"),
            positive="malignant",
            operating_point=0.5,
            weights=(weights,),
            threads=1,
            training=facts,
        ),
    )
    return folder


@pytest.mark.usefixtures("store")
def test_the_logged_model_loads_without_pickle_in_a_fresh_process(
    run: RunDir, tmp_path: Path, package: Path
) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert tracked.problem == ""
    from medidense.track.quiet import client_of

    client = client_of(tracked.uri)
    parent = client.get_run(tracked.run_id)
    (output,) = parent.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert model.status == "READY"
    assert model.source_run_id == tracked.run_id
    folder = Path(model.artifact_location.removeprefix("file://"))
    described = (folder / "MLmodel").read_text()
    assert "float32" in described
    assert "/tmp" not in described
    assert str(Path.home()) not in described
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".pt")]

    environment = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    command = [sys.executable, "-c", LOAD, tracked.uri, f"models:/{output.model_id}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    crop = np.linspace(-1, 1, 1024, dtype=np.float32).reshape(1, 1, 32, 32)
    expected = predict_scores(load_package(package).networks(), crop, device="cpu", threads=1)
    assert np.array_equal(json.loads(done.stdout), expected)

    again = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert again == tracked
    assert len(client.get_run(tracked.run_id).outputs.model_outputs) == 1
