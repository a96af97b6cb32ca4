import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from mlflow.models import Model
from mlflow.types import DataType

from medidense.io import read_volume
from medidense.package import load_package
from medidense.rundir import RunDir
from medidense.track import log_cross_validation
from medidense.track.quiet import client_of

LOAD = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2], model_config=json.loads(sys.argv[3]))
print(json.dumps(model.predict(pd.DataFrame(json.loads(sys.argv[4]))).to_dict("records"), allow_nan=False))
"""


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with one image of 32 x 32 pixels."""
    folder = tmp_path / "scans"
    folder.mkdir()
    values = np.random.default_rng(0).uniform(0, 1, (32, 32, 1)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, np.eye(4)), folder / "a.nii.gz")
    return folder


@pytest.mark.usefixtures("store")
def test_the_logged_model_loads_without_pickle_in_a_fresh_process(
    run: RunDir, tmp_path: Path, package: Path, scans: Path
) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert tracked.problem == ""
    client = client_of(tracked.uri)
    (output,) = client.get_run(tracked.run_id).outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (model.status, model.source_run_id) == ("READY", tracked.run_id)
    check_folder(Path(model.artifact_location.removeprefix("file://")))

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.write(scans / "a.nii.gz", "a.nii.gz")
    rows = [{"image": "a.nii.gz"}, {"dicom": base64.b64encode(stream.getvalue()).decode()}, {"image": "../x"}]
    environment = os.environ | {
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MEDIDENSE_SERVE_ROOT": str(scans),
    }
    command = [sys.executable, "-c", LOAD, tracked.uri, f"models:/{tracked.experiment}@challenger", "{}"]
    done = subprocess.run(
        [*command, json.dumps(rows)], env=environment, capture_output=True, text=True, check=True
    )
    wanted = load_package(package).predict(read_volume(scans / "a.nii.gz"))
    *good, bad = json.loads(done.stdout.splitlines()[-1])
    for answer in good:
        assert answer["score_malignant"] == wanted.scores["malignant"], answer["reason"]
        assert (answer["decision"], answer["refused"]) == (wanted.decision, "")
    assert (bad["refused"], bad["score_malignant"]) == ("NO_ACCESS", None)

    again = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert again == tracked
    assert len(client.get_run(tracked.run_id).outputs.model_outputs) == 1


def check_folder(folder: Path) -> None:
    """Nothing of this machine in any file, nothing pickled, every requirement pinned, columns typed."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".py", ".json", ".yaml", ".txt", ".safetensors", ""}
    for path in files:
        content = path.read_bytes()
        assert not [place for place in (b"/tmp", str(Path.home()).encode() + b"/") if place in content], path
    pins = (folder / "requirements.txt").read_text().split()
    assert {"medidense", "mlflow", "pydicom", "torch"} <= {line.partition("==")[0] for line in pins}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pins)
    assert "code_model" in (folder / "MLmodel").read_text()
    form = Model.load(folder).signature
    taken = {column.name: (column.type, column.required) for column in form.inputs}
    assert taken["dicom"] == taken["image"] == (DataType.string, False)
    given = {column.name: column.type for column in form.outputs}
    assert given["score_malignant"] == DataType.double
    assert list(given) == ["lesion_id", "score_benign", "score_malignant", "decision", "refused", "reason"]


@pytest.mark.usefixtures("store")
def test_a_configuration_names_the_folder_too(
    run: RunDir, tmp_path: Path, package: Path, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MEDIDENSE_SERVE_ROOT", str(tmp_path / "nothing"))
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    (output,) = client_of(tracked.uri).get_run(tracked.run_id).outputs.model_outputs
    place = client_of(tracked.uri).get_logged_model(output.model_id).artifact_location
    model = mlflow.pyfunc.load_model(place, model_config={"root": str(scans)})
    answer = model.predict(pd.DataFrame([{"image": "a.nii.gz"}]))
    assert list(answer["refused"]) == [""]
    assert list(model.predict(pd.DataFrame({"image": pd.Series([], dtype=object)}))) == list(answer)
    with pytest.raises(Exception, match="is not a folder"):
        mlflow.pyfunc.load_model(place)
