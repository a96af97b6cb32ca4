"""A run in training stands in MLflow as far as it is, and nothing stands twice afterwards."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from medidense.rundir import RunDir, this_process
from medidense.track import log_cross_validation, log_unfinished
from medidense.track.liveness import end_dead, mark
from medidense.track.pseudonyms import pseudonym_key
from tests.track.growing import Growing, everything, short, statuses

PARENT = "densenet121-2d-e30-s0"

pytestmark = pytest.mark.usefixtures("store")

KILLED = """
import os, signal, sys
from pathlib import Path
from medidense.rundir import RunDir
from medidense.values import EpochRecord
run = RunDir(Path(sys.argv[1]))
with run.journal.at_work(), run.fold(0).journal.at_work():
    run.fold(0).journal.tell(EpochRecord(1, 0.7, 1e-3, 2.0))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def growing(run: RunDir, tmp_path: Path) -> Growing:
    return Growing(run, tmp_path / "growing")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlruns/mlflow.db"


def look(growing: Growing) -> None:
    assert log_unfinished(growing.run, working=Path.cwd(), command="medidense cv").problem == ""


def test_a_reviewer_sees_the_run_the_fold_in_training_and_the_finished_ones(
    growing: Growing, uri: str, tmp_path: Path
) -> None:
    run = growing.run
    with run.journal.at_work():
        look(growing)
        assert statuses(uri) == {PARENT: "RUNNING"}
        with run.fold(0).journal.at_work():
            growing.epochs(0, 0, 1)
            look(growing)
            found = {short(name): one for name, one in everything(uri)["runs"].items()}
            assert [found[name]["status"] for name in (PARENT, "fold-0")] == ["RUNNING", "RUNNING"]
            assert found[PARENT]["params"]["network.name"] == "densenet121"
            assert found[PARENT]["inputs"] == 1
            told = run.fold(0).journal.read().epochs
            assert found["fold-0"]["points"]["train/loss"] == [
                (record.epoch, round(1000 * moment), record.loss) for record, moment in told
            ]
            growing.epochs(0, 2, 2)
            growing.finish(0)
        with run.fold(1).journal.at_work():
            growing.epochs(1, 0, 0)
            look(growing)
            found = {short(name): one for name, one in everything(uri)["runs"].items()}
            assert (found["fold-0"]["status"], found["fold-1"]["status"]) == ("FINISHED", "RUNNING")
            assert len(found["fold-0"]["points"]["train/loss"]) == 3
            evaluation = growing.whole.evaluation_json()["folds"][0]
            assert found["fold-0"]["points"]["test/auroc"][0][2] == round(evaluation["auroc"], 4)
            client = mlflow.MlflowClient(tracking_uri=uri)
            parent = client.get_run(json.loads(run.tracking_path.read_text())["runs"]["cv"])
            assert parent.data.tags["oof.auroc"] == "no result yet: 1 of 2 folds trained"
            growing.epochs(1, 1, 2)
            growing.finish(1)
        growing.pool()
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    assert tracked.problem == ""
    assert statuses(uri) == {PARENT: "FINISHED", "fold-0": "FINISHED", "fold-1": "FINISHED"}
    after = everything(uri)
    found = {short(name): one for name, one in after["runs"].items()}
    assert all(len(found[f"fold-{index}"]["points"]["train/loss"]) == 3 for index in (0, 1))
    assert found["fold-0"]["parent"] == tracked.run_id
    assert found[PARENT]["times"][0] == round(1000 * (run.journal.read().begun or 0))
    client = mlflow.MlflowClient(tracking_uri=uri)
    assert client.get_run(tracked.run_id).data.tags["oof.auroc"].startswith("0.")
    run.tracking_path.write_text(  # as a process leaves it that was killed before it could remember
        json.dumps(
            json.loads(run.tracking_path.read_text()) | {"runs": {}, "done": [], "sent": {}, "told": {}}
        )
    )
    assert log_cross_validation(run, working=tmp_path, command="medidense cv").run_id == tracked.run_id
    again = everything(uri)
    assert {key: one["points"] for key, one in again["runs"].items()} == {
        key: one["points"] for key, one in after["runs"].items()
    }


def test_what_was_logged_alive_is_what_is_logged_at_the_end(growing: Growing, run: RunDir, uri: str) -> None:
    with growing.run.journal.at_work():
        for fold in (0, 1):
            growing.fold(fold)
            look(growing)
        growing.pool()
    log_cross_validation(growing.run, working=Path.cwd(), command="medidense cv")
    growing.run.tracking_path.unlink()
    log_cross_validation(growing.run, working=Path.cwd(), command="medidense cv")
    both = everything(uri)["runs"]
    names = {short(name) for name in both}
    assert len(both) == 2 * len(names) == 6
    for name in names:
        one, other = (own for key, own in both.items() if short(key) == name)
        assert (one["points"], one["times"], one["status"]) == (
            other["points"],
            other["times"],
            other["status"],
        )


def test_an_error_ends_parent_and_fold_as_failed_and_the_same_run_goes_on(growing: Growing, uri: str) -> None:
    run = growing.run
    with pytest.raises(KeyError), run.journal.at_work(), run.fold(0).journal.at_work():
        growing.epochs(0, 0, 1)
        look(growing)
        raise KeyError
    look(growing)
    assert statuses(uri) == {PARENT: "FAILED", "fold-0": "FAILED"}
    assert (everything(uri)["runs"].popitem()[1]["times"][1] or 0) >= 1
    with run.journal.at_work(), run.fold(0).journal.at_work():
        look(growing)
        assert statuses(uri) == {PARENT: "RUNNING", "fold-0": "RUNNING"}
        growing.epochs(0, 0, 2)
        growing.finish(0)
    look(growing)
    assert statuses(uri) == {PARENT: "SCHEDULED", "fold-0": "FINISHED"}  # it waits for the other fold


def test_a_run_of_a_killed_process_is_told_as_killed(growing: Growing, uri: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(growing.run.path)], check=False)
    assert done.returncode == -signal.SIGKILL
    look(growing)
    assert statuses(uri) == {PARENT: "KILLED", "fold-0": "KILLED"}


def test_only_runs_of_dead_processes_of_this_machine_are_ended(growing: Growing, uri: str) -> None:
    look(growing)
    client, key, here = mlflow.MlflowClient(tracking_uri=uri), pseudonym_key(), this_process()
    other = client.create_experiment("another")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    processes = {
        "dead": this_process(child.pid),
        "alive": here,
        "parent": this_process(os.getppid()),
        "before the machine was started anew": replace(here, boot="before", space="before"),
        "in a container": replace(here, space="a container"),
        "elsewhere": replace(here, machine="elsewhere", boot="other", space="other"),
    }
    child.kill()
    child.communicate()
    tags = {name: {"medidense.process": mark(key, process)} for name, process in processes.items()}
    tags |= {
        "own": tags["dead"] | {"medidense.uid": "mine"},
        "of another key": {"medidense.process": mark(b"2" * 32, processes["dead"])},
        "of nobody": {},
    }
    made = {name: client.create_run(other, start_time=5, tags=own).info.run_id for name, own in tags.items()}
    client.log_metric(made["dead"], "x", 1.0, timestamp=777)
    end_dead(client, key, "mine")
    ended = {name: client.get_run(run_id).info for name, run_id in made.items()}
    assert {name for name, info in ended.items() if info.status == "KILLED"} == {
        "dead",
        "before the machine was started anew",
    }
    assert ended["dead"].end_time == 777
    assert {info.status for name, info in ended.items()} == {"KILLED", "RUNNING"}


def test_no_name_of_the_machine_or_of_a_path_is_told(growing: Growing, tmp_path: Path) -> None:
    with growing.run.journal.at_work(), growing.run.fold(0).journal.at_work():
        growing.epochs(0, 0, 1)
        look(growing)
    content = (tmp_path / "mlruns" / "mlflow.db").read_bytes()
    assert os.uname().nodename.encode() not in content
    assert b"KANARIENVOGEL" not in content
    assert this_process().machine.encode() not in content
