"""The same logging through a server: one version, one champion, a model that loads from it."""

import json
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from medidense.rundir import Picture, RunDir
from medidense.track import log_cross_validation, promote_run, promote_version
from medidense.track.quiet import client_of
from medidense.track.ui import serving

LOAD = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
print(json.dumps(model.predict(pd.DataFrame([{"image": "x"}])).to_dict("records")))
"""


@pytest.mark.slow
def test_a_server_has_one_version_one_champion_and_a_model_that_loads(
    run: RunDir,
    pictures: tuple[Picture, ...],
    store: Path,
    tmp_path: Path,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with serving(f"sqlite:///{store}", port=port) as (server, _):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        logged = partial(log_cross_validation, run, working=tmp_path, command="medidense cv")
        tracked = logged(package=package, pictures=pictures)
        assert tracked.problem == ""
        assert logged(package=package, pictures=pictures) == tracked
        client, name = client_of(server), tracked.experiment
        (version,) = client.search_model_versions(f"name = '{name}'")
        (model,) = client.search_logged_models([client.get_run(tracked.run_id).info.experiment_id])
        assert model.artifact_location.startswith("mlflow-artifacts:")
        assert len(json.loads(model.tags["mlflow.modelVersions"])) == 1
        assert {one.key: one.value for one in model.metrics} == client.get_run(tracked.run_id).data.metrics
        assert len(model.metrics) == len({one.key for one in model.metrics})
        assert promote_run(run, tmp_path).before == ""
        assert promote_version(name, "1", tmp_path).before == "1"
        assert set(client.get_registered_model(name).aliases) == {"challenger", "champion"}
        assert "(95% CI " in version.description
        environment = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
        command = [sys.executable, "-c", LOAD, server, f"models:/{name}@champion"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        (answer,) = json.loads(done.stdout.splitlines()[-1])
        assert answer["refused"] == "NO_ACCESS"
