import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medidense.package import load_package
from medidense.predict import predict_scores
from medidense.rundir import RunDir
from medidense.track import log_cross_validation

LOAD = """
import json, sys
import numpy as np
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
crop = np.linspace(-1, 1, 1024, dtype=np.float32).reshape(1, 1, 32, 32)
print(json.dumps(model.predict(crop).tolist()))
"""


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
