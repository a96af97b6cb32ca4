"""What could not be logged is logged later, once, and each run directory is told of."""

import json
import shutil
from pathlib import Path

import pytest

from medidense import durable, verbs
from medidense.cli.app import main
from medidense.errors import NothingFoundError, RunError
from medidense.rundir import RunDir
from medidense.verbs import syncing
from tests.track.growing import everything
from tests.verbs.conftest import World


@pytest.fixture
def study(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a finished run below runs/ that was never logged, and one that was left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("a", "b"):
        shutil.copytree(world.run, tmp_path / "runs" / name)
        (tmp_path / "runs" / name / "tracking.json").unlink()
    for name in ("predictions.csv", "evaluation.json", "folds/1/fold.json", "folds/1/weights.safetensors"):
        (tmp_path / "runs" / "b" / name).unlink()
    return tmp_path


def test_all_below_runs_is_logged_once_finished_or_not(study: Path) -> None:
    found = verbs.sync()
    assert [(Path(item.run).name, item.status) for item in found.items] == [
        ("a", "logged"),
        ("b", "unfinished"),
    ]
    assert found.failed == 0
    uri = f"sqlite:///{study}/mlruns/mlflow.db"
    before = everything(uri)
    told = sorted((name.split()[0], one["status"]) for name, one in before["runs"].items())
    assert told[2:] == [
        ("fold-0", "FINISHED"),
        ("fold-0", "FINISHED"),
        ("fold-1", "FINISHED"),
        ("fold-1", "SCHEDULED"),
    ]
    assert sorted(status for _, status in told[:2]) == ["FINISHED", "SCHEDULED"]
    assert before["models"] == 1
    assert sum(one["images"] for one in before["runs"].values()) > 0
    assert [item.status for item in verbs.sync().items] == ["logged", "unfinished"]
    assert everything(uri) == before


def test_runs_that_were_not_to_be_tracked_are_left_unless_they_are_named(study: Path) -> None:
    (study / "runs" / "a" / "journal.jsonl").unlink()
    assert [Path(item.run).name for item in verbs.sync().items] == ["b"]
    assert [item.status for item in verbs.sync([study / "runs" / "a"]).items] == ["logged"]


def test_a_store_that_is_away_is_told_of_with_exit_code_4(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    assert main(["sync"]) == 4
    told = capsys.readouterr()
    assert "not logged" in told.out
    assert "is away" in told.out
    assert "2 of 2 runs could not be logged" in told.err
    assert "secret" not in told.out + told.err
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert main(["sync", "--json", "runs/b"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["failed"] == 0
    assert [item["status"] for item in tree["runs"]] == ["unfinished"]


def test_a_run_that_is_at_work_is_left_to_its_own_process(study: Path) -> None:
    with durable.locked(study / "runs" / "b", ".tracking.lock"):
        (item,) = verbs.sync([study / "runs" / "b"]).items
    assert item.status == "at work"
    assert not (study / "mlruns").exists()


def test_a_run_that_cannot_be_read_does_not_keep_the_others_from_being_logged(study: Path) -> None:
    (study / "runs" / "a" / "run.json").write_text("{")
    found = verbs.sync()
    assert [item.status for item in found.items] == ["not logged", "unfinished"]
    assert "run.json" in found.items[0].words


@pytest.mark.slow
def test_a_damaged_run_does_not_keep_the_others_from_being_logged(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (study / "runs" / "a" / "evaluation.json").write_text("{")
    found = verbs.sync()
    assert [item.status for item in found.items] == ["not logged", "unfinished"]
    assert "evaluation.json" in found.items[0].words


def test_no_run_and_a_folder_that_is_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NothingFoundError, match="no run directory"):
        verbs.sync()
    with pytest.raises(RunError, match=r"no run\.json"):
        verbs.sync([tmp_path])
    assert syncing._below(tmp_path) == []
    assert not RunDir(tmp_path).exists
