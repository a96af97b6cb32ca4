"""A package on another cohort is a run beside its cross-validation, once, and names nobody."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import mlflow
import pytest

from medidense import durable
from medidense.package import load_package
from medidense.rundir import ExternalDir, RunDir
from medidense.track import Tracked, log_cross_validation, log_validation, reaching
from medidense.values import Estimate, Subgroup
from medidense.values.external import Beside, ExternalEvaluation, Overlap, Turnout
from tests.track.conftest import CANARY
from tests.track.killing import killed_at
from tests.track.servers import TroubledServer

COHORT = "cd" * 32


def write(place: Path, run: RunDir, package: str = "ef" * 32, weights: str = "01" * 32) -> ExternalDir:
    """What `evaluate PACKAGE COHORT` leaves, with names that must not get out: the figures are the run's."""
    found, told = ExternalDir(place), run.evaluation_json()
    site = Subgroup("site", CANARY, 24, 24, {"benign": 12, "malignant": 12}, Estimate(None))
    told |= {"cohort_digest": COHORT, "folds": [], "auroc_fold_mean": None, "subgroups": [asdict(site)]}
    here = Estimate(told["auroc"], *told["auroc_ci95"])
    external = {
        "package": "nodules 1",
        "package_digest": package,
        "overlap": asdict(Overlap(True, True, 1, 0, 2)),
        "turnout": asdict(Turnout(30, 27, 3, {"TRAINING_SUBJECT": 2, "CONSTANT": 1}, 24, 24)),
        "beside": [asdict(Beside("auroc", here, Estimate(0.95, 0.9, 1.0), Estimate(-0.1, -0.2, 0.0)))],
        "observed_expected": {"raw": asdict(Estimate(1.25, 1.0, 1.5))},
        "recalibration": [],
        "cohort_name": "elsewhere",
        "package_name": "nodules",
        "trained_on": "ab" * 32,
        "weights": weights,
    }
    assert external.keys() == {field.name for field in fields(ExternalEvaluation)} - {"evaluation"}
    durable.write_text(found.evaluation_path, json.dumps(told | {"external": external}))
    rows = [["sample", "subject_id", "label", "score_benign", "score_malignant", "decision"]]
    rows += [[f"{CANARY}/{i}.nii", f"{CANARY}-{i}", "benign", "0.75", "0.25", "benign"] for i in range(4)]
    with found.predictions_path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    durable.write_text(found.report_path, "<p>page</p>")
    durable.write_text(found.report_numbers_path, "{}")
    durable.write_bytes(found.figures / "roc.png", b"png")
    return found


@pytest.fixture
def place(tmp_path: Path, run: RunDir, store: Path) -> ExternalDir:
    return write(tmp_path / f"{CANARY}-out", run)


def log(place: ExternalDir, working: Path) -> Tracked:
    return log_validation(place, working=working, command="medidense evaluate")


def client_of(tracked: Tracked) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(tracking_uri=tracked.uri)


def everything_of(tracked: Tracked) -> dict[str, Any]:
    """The run with its whole histories, and how many runs there are."""
    client = client_of(tracked)
    run = client.get_run(tracked.run_id)
    return {
        "runs": len(client.search_runs([one.experiment_id for one in client.search_experiments()])),
        "points": {key: len(client.get_metric_history(tracked.run_id, key)) for key in run.data.metrics},
        "params": run.data.params,
        "inputs": (len(run.inputs.dataset_inputs), len(run.inputs.model_inputs)),
        "status": run.info.status,
        "files": sorted(item.path for item in client.list_artifacts(tracked.run_id, "tables")),
    }


def test_it_stands_beside_its_training_and_the_model_has_its_figures_as_soon_as_there_is_one(
    run: RunDir, package: Path, store: Path, tmp_path: Path
) -> None:
    loaded = load_package(package)
    place = write(tmp_path / "out", run, loaded.digest, loaded.manifest.weights_digest)
    first = log(place, tmp_path)
    assert (first.problem, first.experiment) == ("", "nodules-ababab")  # as cv will name it
    assert everything_of(first)["inputs"] == (1, 0)
    trained = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert trained.experiment == first.experiment
    tracked = log(place, tmp_path)
    assert tracked == first
    found_again = everything_of(tracked)
    assert found_again["inputs"] == (1, 1)
    assert set(found_again["points"].values()) == {1}
    client, told = client_of(tracked), place.evaluation_json()
    found = client.get_run(tracked.run_id)
    metrics, tags = found.data.metrics, found.data.tags
    assert found.info.run_name == "external validation on elsewhere"
    assert tags["medidense.kind"] == "external-validation"
    assert tags["mlflow.user"] == "research"
    assert found.info.status == "FINISHED"
    assert metrics["external/auroc"] == round(told["auroc"], 4)
    assert metrics["external/auroc_low"] == round(told["auroc_ci95"][0], 4)
    assert (metrics["external/n_rows_refused"], metrics["external/n_rows_unlabelled"]) == (3, 3)
    assert metrics["external_minus_training/auroc_low"] == -0.2
    assert metrics["external_calibration/observed_expected"] == 1.25
    assert not [key for key in metrics if not key.startswith("external")]
    digest = loaded.digest
    assert found.data.params["package_sha256"] == digest
    assert found.data.params["cohort_sha256"] == COHORT
    assert found.data.params["operating_point"] == str(told["operating_point"])
    (used,) = found.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("elsewhere", COHORT[:32])
    first = tags["mlflow.note.content"].splitlines()[0]
    assert first == (
        f"External validation: AUROC {tags['external.auroc']} over 24 subjects, 24 samples of elsewhere, "
        f"by the frozen package nodules 1 (sha256 {digest[:12]}); 6 of 30 rows had no part."
    )
    assert (
        "Rows that had no part: TRAINING_SUBJECT 2, CONSTANT 1, without a label 3."
        in tags["mlflow.note.content"]
    )

    (model_id,) = {one.model_id for one in found.inputs.model_inputs}
    model = client.get_logged_model(model_id)
    assert model.source_run_id == trained.run_id
    here = [one for one in model.metrics if one.run_id == tracked.run_id]
    assert len(here) == len(metrics)
    assert {one.dataset_name for one in here} == {"elsewhere"}
    own = [one for one in model.metrics if one.run_id == trained.run_id]
    assert {one.key for one in own} == set(client.get_run(trained.run_id).data.metrics)


def test_the_views_of_cross_validations_do_not_show_it_and_its_own_does(
    run: RunDir, place: ExternalDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "a name of the user's own")
        trained = log_cross_validation(run, working=tmp_path, command="medidense cv")
    tracked = log(place, tmp_path)
    assert tracked.experiment == trained.experiment == "a name of the user's own"
    assert log_cross_validation(run, working=tmp_path, command="medidense cv") == trained
    client = client_of(tracked)
    experiment = client.get_experiment(client.get_run(tracked.run_id).info.experiment_id)
    shown = {}
    for view in ("leaderboard", "folds", "external"):
        state = json.loads(json.loads(experiment.tags[f"mlflow.sharedViewState.{view}"])["state"])
        found = client.search_runs([experiment.experiment_id], state["searchFilter"])
        shown[view] = {item.info.run_id for item in found}
        if view == "external":
            columns = {name.split("`")[1] for name in state["selectedColumns"]}
            assert columns <= {*found[0].data.metrics, *found[0].data.tags}
    assert shown["leaderboard"] == {trained.run_id}
    assert tracked.run_id not in shown["folds"]
    assert shown["external"] == {tracked.run_id}
    assert "External validation on other cohorts" in experiment.tags["mlflow.note.content"]
    assert "oof.auroc" not in client.get_run(tracked.run_id).data.tags


def test_a_second_call_adds_nothing_and_a_killed_one_goes_on(
    place: ExternalDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at("log_artifacts", monkeypatch):
        log(place, tmp_path)
    first = log(place, tmp_path)
    before, memory = everything_of(first), place.tracking_path.read_bytes()
    assert before["runs"] == 1
    assert set(before["points"].values()) == {1}
    assert before["status"] == "FINISHED"
    assert log(place, tmp_path) == first
    assert everything_of(first) == before
    assert place.tracking_path.read_bytes() == memory
    assert place.tracking_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_new_figures_replace_the_old_ones_in_the_same_run(place: ExternalDir, tmp_path: Path) -> None:
    first = log(place, tmp_path)
    durable.write_text(place.evaluation_path, json.dumps(place.evaluation_json() | {"auroc": 0.25}))
    assert log(place, tmp_path) == first
    assert client_of(first).get_run(first.run_id).data.metrics["external/auroc"] == 0.25


@pytest.mark.slow
def test_an_evaluation_of_an_older_version_stands_in_an_experiment_of_its_cohort(
    place: ExternalDir, tmp_path: Path
) -> None:
    told = place.evaluation_json()
    for key in ("cohort_name", "package_name", "trained_on", "weights"):
        del told["external"][key]
    place.evaluation_path.write_text(json.dumps(told))
    tracked = log(place, tmp_path)
    assert (tracked.problem, tracked.experiment) == ("", f"another cohort-{COHORT[:6]}")


def test_no_subject_no_cell_and_no_path_gets_into_the_store(place: ExternalDir, tmp_path: Path) -> None:
    tracked = log(place, tmp_path)
    client = client_of(tracked)
    folder = Path(client.download_artifacts(tracked.run_id, ""))
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "figures/roc.png",
        "report/report.html",
        "report/report.json",
        "tables/evaluation.json",
        "tables/external_predictions.csv",
        "tables/external_predictions.json",
    ]
    table = json.loads((folder / "tables/external_predictions.json").read_text())
    assert table["columns"] == ["sample", "subject", "label", "score_benign", "score_malignant", "decision"]
    assert [row[2:] for row in table["data"]] == [["benign", 0.75, 0.25, "benign"]] * 4
    assert all(cell.startswith("S-") for row in table["data"] for cell in row[:2])
    for path in (tmp_path / "mlruns").rglob("*"):
        assert CANARY not in str(path.relative_to(tmp_path))
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        assert CANARY not in "\n".join(database.iterdump())


@pytest.fixture
def server(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TroubledServer]:
    (tmp_path / "server").mkdir()
    base = Path(shutil.copy(empty_store, tmp_path / "server" / "mlflow.db"))
    made = TroubledServer(base, tmp_path / "server" / "artifacts", monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    yield made
    made.stop()


def test_a_server_in_trouble_is_a_sentence_and_all_is_logged_once_when_it_is_well(
    place: ExternalDir, server: TroubledServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        tracked = log(place, tmp_path)
        assert tracked.words.startswith("not logged to MLflow: ")
        assert tracked.words.endswith(f"log it with: medidense sync {place.path}")

    with monkeypatch.context() as patch:
        patch.setattr(reaching, "PATIENCE_S", 0.2)
        server.mode = "hang"
        refused()
    monkeypatch.setattr(reaching, "PATIENCE_S", 20.0)  # a busy machine is no server in trouble
    server.recover()
    server.fails_after = 22
    refused()
    assert json.loads(place.tracking_path.read_text())["runs"], "it failed too early"
    server.stop()
    refused()
    server.recover()
    server.fails_after = -1
    found = everything_of(log(place, tmp_path))
    assert (found["runs"], found["status"], set(found["points"].values())) == (1, "FINISHED", {1})


def test_a_store_that_cannot_be_written_is_a_sentence(
    place: ExternalDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///file/mlflow.db")
    assert log(place, tmp_path).problem
    assert not place.tracking_path.exists()
