import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from medidense.errors import UsageError, WriteError
from medidense.track import tracking_uri
from medidense.track.store import artifact_location

LOG_ONE = """
import sys
from pathlib import Path
from medidense.track.quiet import client_of
from medidense.track.store import artifact_location, tracking_uri
from medidense.track.experiments import experiment_of
uri = tracking_uri(Path(sys.argv[1]))
client = client_of(uri)
run = client.create_run(experiment_of(client, "race", artifact_location(uri)))
client.log_metric(run.info.run_id, "x", 1.0)
"""


def test_three_processes_making_the_default_store_at_once_lose_nothing(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", LOG_ONE, str(tmp_path)], env=environment, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    failures = [worker.communicate()[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], failures
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("race")
    assert experiment.artifact_location == (tmp_path / "mlruns" / "artifacts").as_uri()
    runs = client.search_runs([experiment.experiment_id])
    assert [run.data.metrics["x"] for run in runs] == [1.0, 1.0, 1.0]
    assert {path.name for path in (tmp_path / "mlruns").iterdir()} <= {
        "mlflow.db",
        ".mlflow.db.lock",
        "artifacts",
    }


def test_the_default_store_is_absolute_and_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store.stat().st_ino
    monkeypatch.chdir(store.parent)
    assert tracking_uri(Path("..")) == f"sqlite:///{store}"
    assert store.stat().st_ino == before
    assert not (store.parent / "mlruns").exists()


def test_a_given_sqlite_address_counts_from_the_working_folder(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own place").mkdir()
    target = tmp_path / "own place" / "runs.db"
    target.write_bytes(empty_store.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///own place/runs.db?timeout=30")
    uri = tracking_uri(tmp_path)
    assert uri == f"sqlite:///{target}?timeout=30"
    assert artifact_location(uri) == (target.parent / "artifacts").as_uri()
    assert mlflow.MlflowClient(tracking_uri=uri).search_experiments()[0].name == "Default"


def test_an_empty_file_left_by_a_dead_process_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").touch()
    uri = tracking_uri(tmp_path)
    assert mlflow.MlflowClient(tracking_uri=uri).search_experiments()[0].name == "Default"
    assert (tmp_path / "mlruns" / "mlflow.db").stat().st_mode & 0o777 == 0o600


def test_a_server_is_left_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://tracking.example.org")
    assert tracking_uri(tmp_path) == "https://tracking.example.org"
    assert artifact_location("https://tracking.example.org") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["mlruns", "file:///tmp/mlruns", "postgresql://me:secret@db/x", "sqlite://"]
)
def test_other_addresses_are_refused_without_repeating_a_password(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI") as caught:
        tracking_uri(tmp_path)
    assert "secret" not in str(caught.value)


def test_a_place_under_a_file_cannot_hold_a_store(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("a file")
    with pytest.raises(WriteError):
        tracking_uri(tmp_path)
