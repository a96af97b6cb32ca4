"""A logging that dies after any writing call goes on in its own runs, and nothing stands twice."""

from pathlib import Path

import mlflow
import pytest

from medidense.rundir import RunDir
from medidense.track import log_cross_validation, log_unfinished
from tests.track.growing import Growing, everything, pictures_of, short

WRITING = (
    "create_experiment",
    "create_logged_model",
    "create_model_version",
    "create_registered_model",
    "create_run",
    "delete_logged_model",
    "finalize_logged_model",
    "log_artifact",
    "log_artifacts",
    "log_batch",
    "log_inputs",
    "log_model_artifacts",
    "log_outputs",
    "set_experiment_tag",
    "set_logged_model_tags",
    "set_model_version_tag",
    "set_registered_model_alias",
    "set_tag",
    "set_terminated",
    "update_model_version",
    "update_run",
)

pytestmark = pytest.mark.usefixtures("store")


class Killed(BaseException):
    """What stands for SIGKILL: nothing of the room catches it, and nothing is written after it."""


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many writing calls the process still makes."""
    left = [0]

    def dying(name: str) -> None:
        plain = getattr(mlflow.MlflowClient, name)

        def call(self: object, *given: object, **named: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            done = plain(self, *given, **named)
            if left[0] == 0:
                raise Killed
            return done

        monkeypatch.setattr(mlflow.MlflowClient, name, call)

    for name in WRITING:
        dying(name)
    return left


def test_killed_after_any_call_and_nothing_stands_twice(
    run: RunDir, package: Path, tmp_path: Path, lives: list[int]
) -> None:
    tracked, attempts = None, 0
    while tracked is None:
        lives[0] = 3 + attempts % 7
        attempts += 1
        assert attempts < 60
        try:
            tracked = log_cross_validation(
                run, working=tmp_path, command="medidense cv", package=package, pictures=pictures_of(run)
            )
        except Killed:
            continue
    assert attempts > 5
    assert tracked.problem == ""
    client = mlflow.MlflowClient(tracking_uri=tracked.uri)
    experiment = client.get_run(tracked.run_id).info.experiment_id
    runs = {one.info.run_name: one for one in client.search_runs([experiment])}
    assert len(client.search_runs([experiment])) == len(runs) == 3
    assert {one.info.status for one in runs.values()} == {"FINISHED"}
    for one in runs.values():
        for key in one.data.metrics:
            points = client.get_metric_history(one.info.run_id, key)
            assert len({point.step for point in points}) == len(points), key
    assert len(client.get_metric_history(runs["fold-1"].info.run_id, "train/loss")) == 3
    small = list((tmp_path / "mlruns").rglob("*.webp"))
    assert len(small) == 3
    (model,) = client.search_logged_models([experiment])
    assert model.status == "READY"
    (output,) = client.get_run(tracked.run_id).outputs.model_outputs
    assert output.model_id == model.model_id
    assert len(model.metrics) == len({metric.key for metric in model.metrics}) > 5
    (version,) = client.search_model_versions("")
    assert (version.source, version.run_id) == (model.artifact_location, tracked.run_id)
    assert dict(client.get_registered_model(version.name).aliases) == {"challenger": 1}


def test_killed_after_any_call_while_it_is_followed_and_nothing_stands_twice(
    run: RunDir, tmp_path: Path, lives: list[int]
) -> None:
    """Each process lives for a few calls; meanwhile the training goes on and is finished."""
    growing, stages = Growing(run, tmp_path / "growing"), iter(range(8))
    uri, ended = f"sqlite:///{tmp_path}/mlruns/mlflow.db", False
    for attempt in range(60):
        lives[0] = 4 + attempt % 5
        stage = next(stages, 8)
        with growing.run.journal.at_work():
            if stage < 6:
                with growing.run.fold(stage // 3).journal.at_work():
                    growing.epochs(stage // 3, stage % 3, stage % 3)
                    if stage % 3 == 2:
                        growing.finish(stage // 3)
            elif stage == 6:
                growing.pool()
            try:
                log = log_cross_validation if stage > 6 else log_unfinished
                tracked = log(growing.run, working=tmp_path, command="medidense cv")
                ended = stage > 6
            except Killed:
                continue
            assert tracked.problem == ""
        if ended:
            break
    assert attempt > 8
    found = {short(name): one for name, one in everything(uri)["runs"].items()}
    assert set(found) == {"densenet121-2d-e30-s0", "fold-0", "fold-1"}
    assert {one["status"] for one in found.values()} == {"FINISHED"}
    for fold in (0, 1):
        told = growing.run.fold(fold).journal.read().epochs
        assert found[f"fold-{fold}"]["points"]["train/loss"] == [
            (record.epoch, round(1000 * moment), record.loss) for record, moment in told
        ]
        assert len(told) == 3


def test_a_run_that_was_made_and_not_remembered_is_gone_on_with(
    run: RunDir, tmp_path: Path, lives: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = mlflow.MlflowClient.create_run

    def killed(self: object, *given: object, **named: object) -> object:
        made(self, *given, **named)
        raise Killed

    lives[0] = 100
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "create_run", killed)
        with pytest.raises(Killed):
            log_cross_validation(run, working=tmp_path, command="medidense cv")
    lives[0] = 100
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    client = mlflow.MlflowClient(tracking_uri=tracked.uri)
    experiment = client.get_run(tracked.run_id).info.experiment_id
    assert len(client.search_runs([experiment])) == 3
