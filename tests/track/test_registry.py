import json
import shutil
import sqlite3
from pathlib import Path

import mlflow
import pytest

from medidense import durable
from medidense.errors import RunError, UsageError, WriteError
from medidense.rundir import RunDir
from medidense.track import Tracked, log_cross_validation, promote_run, promote_version
from medidense.track.quiet import client_of

NAME = "nodules-ababab"

pytestmark = pytest.mark.usefixtures("store")


def logged(run: RunDir, tmp_path: Path, package: Path) -> tuple[Tracked, mlflow.MlflowClient]:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv", package=package)
    assert tracked.problem == ""
    return tracked, client_of(tracked.uri)


def aliases(client: mlflow.MlflowClient) -> dict[str, str]:
    """A SQLite store gives numbers, a server texts."""
    return {key: str(value) for key, value in client.get_registered_model(NAME).aliases.items()}


def another(run: RunDir, tmp_path: Path) -> RunDir:
    """A second run of the same cohort."""
    copy = Path(shutil.copytree(run.path, tmp_path / "another"))
    (copy / run.tracking_path.name).unlink(missing_ok=True)
    return RunDir(copy)


def test_a_run_is_one_version_with_its_headline_and_the_newest_is_the_challenger(
    run: RunDir, tmp_path: Path, package: Path
) -> None:
    tracked, client = logged(run, tmp_path, package)
    model = client.get_registered_model(NAME)
    assert aliases(client) == {"challenger": "1"}
    assert "medidense promote" in model.description
    version = client.get_model_version(NAME, "1")
    headline = client.get_run(tracked.run_id).data.tags["oof.auroc"]
    assert version.tags["auroc"] == headline
    assert headline in version.description
    assert version.run_id == tracked.run_id
    (logged_model,) = client.search_logged_models([client.get_run(tracked.run_id).info.experiment_id])
    assert json.loads(logged_model.tags["mlflow.modelVersions"]) == [{"name": NAME, "version": 1}]

    logged(another(run, tmp_path), tmp_path, package)
    assert aliases(client) == {"challenger": "2"}
    logged(run, tmp_path, package)
    assert aliases(client) == {"challenger": "2"}
    assert len(client.search_model_versions(f"name = '{NAME}'")) == 2


def test_a_new_evaluation_renews_the_words_of_the_same_version(
    run: RunDir, tmp_path: Path, package: Path
) -> None:
    _, client = logged(run, tmp_path, package)
    logged(another(run, tmp_path), tmp_path, package)
    promote_version(NAME, "1", tmp_path)
    figures = run.evaluation_json() | {"auroc": 0.5123}
    durable.write_text(run.evaluation_path, json.dumps(figures))
    logged(run, tmp_path, package)
    version = client.get_model_version(NAME, "1")
    assert version.tags["auroc"].startswith("0.512 ")
    assert "0.512 " in version.description
    assert aliases(client) == {"challenger": "2", "champion": "1"}
    (first, _) = sorted(client.search_logged_models(["1"]), key=lambda one: one.creation_timestamp)
    assert [one.value for one in first.metrics if one.key == "oof/auroc"].count(0.5123) == 1


def test_the_model_has_the_figures_of_its_run_once(run: RunDir, tmp_path: Path, package: Path) -> None:
    tracked, client = logged(run, tmp_path, package)
    (model,) = client.search_logged_models([client.get_run(tracked.run_id).info.experiment_id])
    figures = {one.key: one.value for one in model.metrics}
    assert figures == client.get_run(tracked.run_id).data.metrics
    assert len(model.metrics) == len(figures)
    assert {(one.dataset_name, one.dataset_digest) for one in model.metrics} == {("nodules", "ab" * 16)}


def test_the_registry_names_no_subject_and_no_user(run: RunDir, tmp_path: Path, package: Path) -> None:
    logged(run, tmp_path, package)
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        dump = "\n".join(database.iterdump())
    assert "KANARIENVOGEL" not in dump
    assert str(Path.home()) + "/" not in dump.replace(str(tmp_path), "")


def test_the_champion_is_moved_by_the_command_alone_forward_and_back(
    run: RunDir, tmp_path: Path, package: Path
) -> None:
    _, client = logged(run, tmp_path, package)
    second = another(run, tmp_path)
    logged(second, tmp_path, package)
    done = promote_run(run, tmp_path)
    assert (done.model, done.version, done.before) == (NAME, "1", "")
    assert "(95% CI " in done.headline
    assert (promote_run(second, tmp_path).before, promote_run(second, tmp_path).before) == ("1", "2")
    assert aliases(client)["champion"] == "2"
    back = promote_version(NAME, "1", tmp_path)
    assert (back.version, back.before) == ("1", "2")
    assert str(client.get_model_version_by_alias(NAME, "champion").version) == "1"


def test_what_is_not_in_the_store_is_not_promoted(
    run: RunDir, tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="not in this MLflow store"):
        promote_run(run, tmp_path)
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    with pytest.raises(RunError, match="no version of this run is registered"):
        promote_run(run, tmp_path)
    with pytest.raises(UsageError, match="no such version") as refused:
        promote_version(NAME, "1", tmp_path)
    assert "none" in refused.value.lines[0]
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    with pytest.raises(UsageError, match="no MLflow store here"):
        promote_run(run, empty)
    assert list(empty.iterdir()) == []
    client_of(tracked.uri).delete_run(tracked.run_id)
    with pytest.raises(RunError, match="not in this MLflow store"):
        promote_run(run, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(WriteError, match="does not answer") as away:
        promote_version(NAME, "1", tmp_path)
    assert "secret" not in away.value.lines[0]
