import json
from pathlib import Path

import mlflow
import pytest

from medidense.track import BenchmarkRecord, Tracked, benchmarks, log_benchmark, trainings_record
from tests.track.killing import killed_at

pytestmark = pytest.mark.usefixtures("store")


def found(folder: Path, **changes: object) -> BenchmarkRecord:
    folder.mkdir(exist_ok=True)
    (folder / "report.html").write_text("<p>page</p>")
    seeds = [
        {
            "seed": seed,
            "accuracy": 0.9 + seed / 100,
            "images_per_second": 100.0,
            "train_seconds": 10.0,
            "losses": [2.0, 1.0],
            "curve": [0.5, 0.9],
        }
        for seed in (0, 1)
    ]
    result = {
        "recipe": "cifar10-fast",
        "network": "densenet",
        "verdict": "PASS: well",
        "passed": True,
        "accuracy": 0.905,
        "error": 0.095,
        "spread": 0.007,
        "costs": {"parameters": 5, "flops": 7.0, "kept": 2.0, "moved_mb": 1.0},
        "changed": {},
        "machine": {"device": "cpu", "torch": "2"},
        "seeds": seeds,
        **changes,
    }
    return trainings_record(folder, result, ["report.html"])


def log(files: BenchmarkRecord, working: Path) -> Tracked:
    return log_benchmark(files, experiment="cifar10", working=working, command="medidense benchmark cifar10")


def test_a_benchmark_is_one_run_of_its_own_experiment(tmp_path: Path) -> None:
    tracked = log(found(tmp_path / "out"), tmp_path)
    assert tracked.problem == ""
    client = mlflow.MlflowClient(tracking_uri=tracked.uri)
    run = client.get_run(tracked.run_id)
    assert client.get_experiment(run.info.experiment_id).name == "cifar10"
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test/accuracy"] == 0.905
    assert run.data.metrics["test/accuracy_sd"] == 0.007
    assert run.data.metrics["cost/parameters"] == 5
    assert run.data.params["torch"] == "2"
    assert run.data.tags["mlflow.note.content"] == "PASS: well"
    assert run.data.tags["medidense.passed"] == "True"
    assert run.data.tags["mlflow.user"] == "research"
    history = client.get_metric_history(tracked.run_id, "test/accuracy_by_epoch/seed-1")
    assert [(each.step, each.value) for each in history] == [(1, 0.5), (2, 0.9)]
    by_seed = client.get_metric_history(tracked.run_id, "test/accuracy_by_seed")
    assert [each.value for each in by_seed] == [0.9, 0.91]
    assert [item.path for item in client.list_artifacts(tracked.run_id)] == ["report.html"]


def test_the_same_result_is_logged_once_and_another_again(tmp_path: Path) -> None:
    first = log(found(tmp_path / "out"), tmp_path)
    assert log(found(tmp_path / "out"), tmp_path).run_id == first.run_id
    other = log(found(tmp_path / "out", accuracy=0.91), tmp_path)
    assert other.run_id != first.run_id
    assert json.loads((tmp_path / "out" / "tracking.json").read_text())["runs"] == {"benchmark": other.run_id}


def test_what_breaks_off_is_failed_and_goes_on_in_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_artifact", away)
        assert "went away" in log(found(tmp_path / "out"), tmp_path).problem
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    home = client.get_experiment_by_name("cifar10").experiment_id
    (broken,) = client.search_runs([home])
    assert broken.info.status == "FAILED"
    tracked = log(found(tmp_path / "out"), tmp_path)
    assert (tracked.problem, tracked.run_id) == ("", broken.info.run_id)
    (run,) = client.search_runs([home])
    assert run.info.status == "FINISHED"
    assert [item.path for item in client.list_artifacts(tracked.run_id)] == ["report.html"]


def test_a_run_that_was_made_and_not_remembered_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at("log_artifact", monkeypatch):
        log(found(tmp_path / "out"), tmp_path)
    path = tmp_path / "out" / "tracking.json"
    memory = json.loads(path.read_text())
    path.write_text(json.dumps(memory | {"runs": {}, "done": []}))
    monkeypatch.setattr(benchmarks.time, "time", lambda: 2e9)
    tracked = log(found(tmp_path / "out"), tmp_path)
    client = mlflow.MlflowClient(tracking_uri=tracked.uri)
    (run,) = client.search_runs([client.get_run(tracked.run_id).info.experiment_id])
    assert (run.info.run_id, run.info.status) == (memory["runs"]["benchmark"], "FINISHED")
    assert len(client.get_metric_history(tracked.run_id, "test/accuracy")) == 1


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    tracked = log(found(tmp_path / "out", spread=None), tmp_path)
    client = mlflow.MlflowClient(tracking_uri=tracked.uri)
    assert "test/accuracy_sd" not in client.get_run(tracked.run_id).data.metrics


def test_a_wrong_address_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://somewhere")
    assert "must begin with" in log(found(tmp_path / "out"), tmp_path).problem
