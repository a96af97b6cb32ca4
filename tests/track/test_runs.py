import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from medidense.errors import RunError
from medidense.rundir import Picture, RunDir
from medidense.track import log_cross_validation
from medidense.track.runs import Tracked
from tests.track.killing import killed_at

CANARY = "KANARIENVOGEL"

pytestmark = pytest.mark.usefixtures("store")


def client_of(tracked: Tracked) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(tracking_uri=tracked.uri)


def children(tracked: Tracked) -> list[mlflow.entities.Run]:
    client = client_of(tracked)
    experiment = client.get_run(tracked.run_id).info.experiment_id
    rule = f"tags.`mlflow.parentRunId` = '{tracked.run_id}'"
    return sorted(client.search_runs([experiment], rule), key=lambda item: item.info.run_name)


def test_parent_holds_the_pooled_result_and_each_fold_its_curve(run: RunDir, tmp_path: Path) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert tracked.problem == ""
    assert tracked.experiment == "nodules-ababab"
    client = client_of(tracked)
    parent, evaluation = client.get_run(tracked.run_id), run.evaluation_json()
    metrics = parent.data.metrics
    assert metrics["oof/auroc"] == round(evaluation["auroc"], 4)
    assert [metrics["oof/auroc_low"], metrics["oof/auroc_high"]] == [
        round(x, 4) for x in evaluation["auroc_ci95"]
    ]
    assert metrics["oof/auroc_fold_mean"] == round(evaluation["auroc_fold_mean"], 4)
    assert metrics["oof/n_patients"] == 24
    assert metrics["oof/sensitivity_low"] <= metrics["oof/sensitivity"] <= metrics["oof/sensitivity_high"]
    assert 0 <= metrics["oof_baseline/volume_alone"] <= 1
    assert "(95% CI " in parent.data.tags["oof.auroc"]
    rule = max(evaluation["baselines"], key=lambda one: one["auroc"]["value"])
    gap = rule["network_minus_baseline"]
    name = rule["name"].removeprefix("logistic regression on ")
    assert parent.data.tags["oof.floor"] == (
        f"{name} {rule['auroc']['value']:.3f}; network minus it {gap['value']:.3f} "
        f"({gap['low']:.3f}-{gap['high']:.3f})"
    )
    uid = parent.data.tags["medidense.uid"]
    assert parent.info.run_name == f"densenet121-2d-e{run.recipe().training.epochs}-s0-{uid[:4]}"
    assert parent.data.tags["mlflow.note.content"].startswith("Pooled out-of-fold AUROC 0.")
    assert parent.info.status == "FINISHED"
    assert parent.data.params["network.name"] == "densenet121"
    assert "input.size" not in parent.data.params
    assert parent.inputs.dataset_inputs[0].dataset.digest == "ab" * 16

    folds = children(tracked)
    assert [fold.info.run_name for fold in folds] == ["fold-0", "fold-1"]
    assert all(fold.info.status == "FINISHED" for fold in folds)
    history = client.get_metric_history(folds[1].info.run_id, "train/loss")
    assert [(point.step, round(point.value, 3)) for point in history] == [(1, 0.7), (2, 0.6), (3, 0.5)]
    assert [point.timestamp for point in history] == [1_800_000_006_000, 1_800_000_008_000, 1_800_000_010_000]
    assert (folds[0].info.end_time - folds[0].info.start_time) == 6000


def test_artifacts_are_pseudonymous_tables_figures_and_image_steps_from_0(
    run: RunDir, pictures: tuple[Picture, ...], tmp_path: Path
) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures)
    client = client_of(tracked)
    names = {item.path for item in client.list_artifacts(tracked.run_id)}
    assert names == {"figures", "images", "recipe.yaml", "saliency", "tables"}
    table = json.loads(
        Path(client.download_artifacts(tracked.run_id, "tables/oof_predictions.json")).read_text()
    )
    assert table["columns"] == ["sample", "subject", "fold", "label", "score_benign", "score_malignant"]
    assert len(table["data"]) == 24
    assert all(row[0].startswith("S-") and row[1].startswith("S-") for row in table["data"])
    images = [
        item.path for item in client.list_artifacts(tracked.run_id, "images") if item.path.endswith(".png")
    ]
    assert sorted(path.split("/")[1].split("+timestamp")[0] for path in images) == [
        "gradcam~FN+step+0",
        "gradcam~TP+step+0",
        "gradcam~TP+step+1",
    ]
    location = Path(client.get_run(tracked.run_id).info.artifact_uri.removeprefix("file://"))
    assert location.is_relative_to(tmp_path / "mlruns" / "artifacts")


def test_nothing_that_names_a_subject_or_a_user_leaves_the_run_directory(
    run: RunDir, pictures: tuple[Picture, ...], tmp_path: Path
) -> None:
    log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures)
    store = tmp_path / "mlruns"
    files = [path for path in store.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path
        assert CANARY not in str(path.relative_to(tmp_path))
    with sqlite3.connect(store / "mlflow.db") as database:
        dump = "\n".join(database.iterdump())
    assert CANARY not in dump
    rows = dict(row for row in sqlite3.connect(store / "mlflow.db").execute("select key, value from tags"))
    assert rows["mlflow.user"] == "research"
    assert rows["mlflow.source.name"] == "medidense cv"
    assert not [key for key in rows if key.startswith("mlflow.source.git")]
    assert str(Path.home()) + "/" not in dump.replace(str(tmp_path), "")


def test_a_second_call_adds_nothing(run: RunDir, pictures: tuple[Picture, ...], tmp_path: Path) -> None:
    first = log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures)
    before = Path(run.tracking_path).read_bytes()
    images = sorted((tmp_path / "mlruns").rglob("*.webp"))
    assert log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures) == first
    assert run.tracking_path.read_bytes() == before
    assert run.tracking_path.stat().st_mode & 0o777 == 0o600
    assert sorted((tmp_path / "mlruns").rglob("*.webp")) == images
    client = client_of(first)
    assert len(client.search_runs([client.get_run(first.run_id).info.experiment_id])) == 3


def test_a_logging_that_was_killed_goes_on_in_its_own_runs(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at("log_artifacts", monkeypatch):
        log_cross_validation(run, working=tmp_path, command="medidense cv")
    memory = json.loads(run.tracking_path.read_text())
    assert memory["done"] == ["params", "dataset", "results"]
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    begun = client.get_run(memory["runs"]["cv"])
    assert begun.info.status == "FAILED"
    dead = client.create_run(begun.info.experiment_id, tags={"medidense.uid": memory["uid"]})
    other = client.create_run(begun.info.experiment_id, tags={"medidense.uid": "another"})

    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert tracked.run_id == memory["runs"]["cv"]
    assert client.get_run(tracked.run_id).info.status == "FINISHED"
    assert client.get_run(dead.info.run_id).info.status == "KILLED"
    assert client.get_run(other.info.run_id).info.status == "RUNNING"
    assert len(client.get_metric_history(tracked.run_id, "oof/auroc")) == 1


def test_a_new_evaluation_replaces_the_figures_and_repeats_no_image(
    run: RunDir, pictures: tuple[Picture, ...], tmp_path: Path
) -> None:
    first = log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures)
    images = sorted((tmp_path / "mlruns").rglob("*.webp"))
    tree = run.evaluation_json() | {"auroc": 0.25}
    run.evaluation_path.write_text(json.dumps(tree))
    os.utime(run.evaluation_path, (2e9, 2e9))
    assert log_cross_validation(run, working=tmp_path, command="medidense cv", pictures=pictures) == first
    assert client_of(first).get_run(first.run_id).data.metrics["oof/auroc"] == 0.25
    assert sorted((tmp_path / "mlruns").rglob("*.webp")) == images


def test_runs_deleted_from_the_store_are_logged_anew(run: RunDir, tmp_path: Path) -> None:
    first = log_cross_validation(run, working=tmp_path, command="medidense cv")
    client_of(first).delete_run(first.run_id)
    second = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert second.problem == ""
    assert second.run_id != first.run_id
    assert len(children(second)) == 2


def test_the_leaderboard_shows_parents_best_first(run: RunDir, tmp_path: Path) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    client = client_of(tracked)
    experiment = client.get_experiment(client.get_run(tracked.run_id).info.experiment_id)
    saved = json.loads(experiment.tags["mlflow.sharedViewState.leaderboard"])
    state = json.loads(saved["state"])
    assert state["orderByKey"] == "metrics.`oof/auroc`"
    assert state["orderByAsc"] is False
    assert state["selectedColumns"][:2] == ["tags.`oof.auroc`", "tags.`oof.floor`"]
    found = client.search_runs([experiment.experiment_id], state["searchFilter"])
    assert [item.info.run_id for item in found] == [tracked.run_id]
    shown = {name.split("`")[1] for name in state["selectedColumns"] if name.startswith("metrics.")}
    assert shown <= set(found[0].data.metrics)


def test_what_somebody_wrote_of_the_experiment_stays_and_views_are_renewed_where_they_differ(
    run: RunDir, tmp_path: Path
) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    client = client_of(tracked)
    home = client.get_run(tracked.run_id).info.experiment_id
    first = dict(client.get_experiment(home).tags)
    assert first["mlflow.note.content"].startswith("Cross-validations of one cohort. [Leaderboard")
    log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert client.get_experiment(home).tags == first, "a view that shows the same is as old as it was"
    client.set_experiment_tag(home, "mlflow.note.content", "Ethics vote 12/2026.")
    client.set_experiment_tag(home, "mlflow.sharedViewState.folds", "{}")
    log_cross_validation(run, working=tmp_path, command="medidense cv")
    tags = client.get_experiment(home).tags
    assert tags["mlflow.note.content"] == "Ethics vote 12/2026."
    assert "state" in json.loads(tags["mlflow.sharedViewState.folds"])


def test_a_deleted_experiment_is_a_sentence_with_the_ways_out(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    client = client_of(tracked)
    home = client.get_run(tracked.run_id).info.experiment_id
    client.delete_experiment(home)
    problem = log_cross_validation(run, working=tmp_path, command="medidense cv").problem
    assert f"mlflow experiments restore --experiment-id {home}" in problem
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    assert log_cross_validation(run, working=tmp_path, command="medidense cv").experiment == "another"
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    client.restore_experiment(home)
    again = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert again.problem == ""


def test_a_server_that_refuses_is_a_sentence_not_an_error(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert tracked.run_id == ""
    assert "127.0.0.1" in tracked.problem
    assert "\n" not in tracked.words
    assert "secret" not in tracked.words
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert log_cross_validation(run, working=tmp_path, command="medidense cv").problem == ""


def test_a_wrong_address_or_a_damaged_store_is_a_sentence_too(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://nowhere")
    assert "MLFLOW_TRACKING_URI" in log_cross_validation(run, working=tmp_path, command="x").problem
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///broken.db")
    assert "not a database" in log_cross_validation(run, working=tmp_path, command="x").problem


def test_a_store_that_lost_a_table_is_told_in_one_line(
    run: RunDir, tmp_path: Path, store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert log_cross_validation(run, working=tmp_path, command="x").problem == ""
    with sqlite3.connect(store) as base:
        base.execute("DROP TABLE latest_metrics")
    run.tracking_path.unlink()
    capfd.readouterr()
    assert "latest_metrics" in log_cross_validation(run, working=tmp_path, command="x").problem
    assert capfd.readouterr() == ("", "")


def test_an_unfinished_run_directory_is_the_callers_error(run: RunDir, tmp_path: Path) -> None:
    run.fold(1).weights.unlink()
    with pytest.raises(RunError, match="not finished"):
        log_cross_validation(run, working=tmp_path, command="medidense cv")


def quiet_child(code: str, **given: str) -> str:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "CI", "PYTEST"))
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment | given, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_importing_the_room_sets_up_mlflow_quietly_and_keeps_what_the_user_set() -> None:
    code = (
        "import os, mlflow, logging\n"
        "import medidense.track\n"
        "print(os.environ['MLFLOW_DISABLE_TELEMETRY'], os.environ['MLFLOW_HTTP_REQUEST_MAX_RETRIES'])\n"
        "from mlflow.telemetry import get_telemetry_client\n"
        "print(get_telemetry_client(), logging.getLogger('mlflow').level)"
    )
    assert quiet_child(code, MLFLOW_HTTP_REQUEST_MAX_RETRIES="5").split() == ["true", "5", "None", "30"]
