"""A cross-validation that is killed at any instant goes on, keeps its work, and ends with the same bytes."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medidense import durable
from medidense.phantoms import PhantomOptions, write_cohort
from tests.track.growing import everything, short, statuses

EPOCHS = 150
PARENT = f"densenet_small-3d-e{EPOCHS}-s1"
"""So many that a fold trains for longer than the first write of a state takes to come."""
QUICK = {
    "network.name": "densenet_small",
    "training.epochs": EPOCHS,
    "training.threads": 1,
    "training.channels_last": "false",
    "evaluation.bootstrap": 200,
}
PATIENCE_S = 600


class Commands:
    """`medidense cv` as processes of their own in one working folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTEST"))
        } | {"XDG_CONFIG_HOME": str(folder / "config")}
        self.cohort = write_cohort(folder / "phantoms", PhantomOptions(subjects=8, seed=3))
        self.begun: list[subprocess.Popen[str]] = []

    def start(self, out: Path) -> subprocess.Popen[str]:
        settings = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]
        command = [sys.executable, "-m", "medidense", "cv", str(self.cohort), "--out", str(out)]
        command += ["--folds", "2", "--seed", "1", "--device", "cpu", *settings]
        with (self.folder / f"{out.name}.log").open("a") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.begun.append(process)
        return process

    def until(self, true: Callable[[], bool], process: subprocess.Popen[str]) -> bool:
        """Wait until something is true, or the process has ended; True where it still runs."""
        end = time.monotonic() + PATIENCE_S
        while not true() and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        return process.poll() is None

    def end(self) -> None:
        for process in self.begun:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    made = Commands(tmp_path)
    yield made
    made.end()


def kept(run: Path) -> dict[str, list[dict[str, object]]]:
    """The records of the epochs in the newest state of each fold that is not finished."""
    found: dict[str, list[dict[str, object]]] = {}
    for path in run.glob("folds/*/state-*.json"):
        try:
            records = json.loads(path.read_text())["facts"]["records"]
        except (OSError, ValueError):
            continue
        if not (path.parent / "fold.json").exists():
            found[path.parent.name] = max(found.get(path.parent.name, []), records, key=len)
    return found


def epochs_kept(run: Path) -> int:
    """Epochs that no later process has to repeat."""
    finished = len(list(run.glob("folds/*/fold.json")))
    return finished * EPOCHS + sum(len(records) for records in kept(run).values())


def epochs(run: Path, fold: str) -> list[dict[str, str]]:
    with (run / "folds" / fold / "epochs.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def children(parent: int) -> set[int]:
    """The processes that `parent` has started and that have not ended."""
    return {pid for pid, words in stated() if int(words[1]) == parent and words[0] not in "ZX"}


def living(pids: set[int]) -> set[int]:
    """Those of `pids` that have not ended."""
    return {pid for pid, words in stated() if pid in pids and words[0] not in "ZX"}


def stated() -> Iterator[tuple[int, list[str]]]:
    """Each process, and what its stat file says from the state on (state, parent, ...)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield int(path.parent.name), path.read_text().rpartition(")")[2].split()
        except OSError:
            continue


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_again_and_again_it_keeps_its_work_and_ends_with_the_same_bytes(commands: Commands) -> None:
    whole, broken = commands.folder / "whole", commands.folder / "broken"
    assert commands.start(whole).wait(PATIENCE_S) == 0
    chance, proofs, before = random.Random(13), [], 0
    for goal in (0, 1, 4, EPOCHS - 2, EPOCHS + 3):
        process = commands.start(broken)
        reached = max(goal, epochs_kept(broken) + 1) if goal else 0
        running = commands.until(
            lambda reached=reached: epochs_kept(broken) >= reached,  # type: ignore[misc]
            process,
        )
        assert running
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.wait()
        with durable.locked(broken), durable.locked(broken, ".cv.lock"):
            pass
        assert epochs_kept(broken) >= max(before, reached)
        before = epochs_kept(broken)
        proofs.append(kept(broken))
    assert commands.start(broken).wait(PATIENCE_S) == 0
    assert (broken / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
    for fold in ("0", "1"):
        name = f"folds/{fold}/weights.safetensors"
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
        final = epochs(broken, fold)
        assert [row["epoch"] for row in final] == [str(number + 1) for number in range(EPOCHS)]
        for proof in proofs:  # an epoch that had been done again would have taken another time
            for row, record in zip(final, proof.get(fold, []), strict=False):
                assert row["seconds"] == f"{record['seconds']:.9g}"
    assert sum(len(records) for proof in proofs for records in proof.values()) > EPOCHS // 2
    assert "goes on after epoch" in (commands.folder / "broken.log").read_text()
    left = [path.name for path in broken.glob("folds/*/*")]
    assert not [name for name in left if name.startswith(("state", ".tmp"))]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_workers_of_a_killed_run_hold_no_lock_and_write_nothing(commands: Commands) -> None:
    run = commands.folder / "run"
    process = commands.start(run)
    assert commands.until(lambda: bool(children(process.pid)) and (run / ".cv.lock").exists(), process)
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with durable.locked(run), durable.locked(run, ".cv.lock"):
        files = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
        end = time.monotonic() + 30
        while living(workers) and time.monotonic() < end:
            time.sleep(0.05)
        assert living(workers) == set()
        assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == files


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_the_last_epoch_and_the_logging_goes_on(
    commands: Commands, number: signal.Signals, code: int
) -> None:
    run = commands.folder / "run"
    log = commands.folder / "run.log"
    process = commands.start(run)
    assert commands.until(lambda: "train fold 1" in log.read_text(), process)
    time.sleep(3)
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    assert "run the same command again to go on" in log.read_text()
    done = len(kept(run).get("0", []))
    assert done > 0
    uri = f"sqlite:///{commands.folder}/mlruns/mlflow.db"
    assert sorted(statuses(uri).items()) == [(PARENT, "FAILED"), ("fold-0", "FAILED")]
    process = commands.start(run)
    assert commands.until(lambda: set(statuses(uri).values()) == {"RUNNING"}, process)
    time.sleep(random.Random(code).uniform(0, 2))
    process.kill()
    process.wait()
    assert f"train fold 1 of 2 ... (goes on after epoch {done})" in log.read_text()
    assert commands.start(run).wait(PATIENCE_S) == 0
    found = everything(uri)
    assert sorted(one["status"] for one in found["runs"].values()) == ["FINISHED"] * 3
    assert found["models"] == 1
    for one in found["runs"].values():
        if one["parent"]:
            assert [step for step, _, _ in one["points"]["train/loss"]] == list(range(1, EPOCHS + 1))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_at_once_in_a_new_store_lose_nothing_and_the_one_that_is_killed_goes_on(
    commands: Commands,
) -> None:
    uri = f"sqlite:///{commands.folder}/mlruns/mlflow.db"
    places = [commands.folder / "one", commands.folder / "other"]
    first, second = (commands.start(place) for place in places)

    def seen() -> bool:
        there = (commands.folder / "mlruns" / "mlflow.db").exists()
        return there and statuses_of(uri).count("fold-0 RUNNING") == 2

    assert commands.until(seen, second)
    second.kill()
    second.wait()
    assert first.wait(PATIENCE_S) == 0
    assert sorted(set(statuses_of(uri))) == [
        f"{PARENT} FINISHED",
        f"{PARENT} KILLED",
        "fold-0 FINISHED",
        "fold-0 KILLED",
        "fold-1 FINISHED",
    ]
    assert commands.start(places[1]).wait(PATIENCE_S) == 0
    found = everything(uri)
    assert found["models"] == 2
    finished = list(found["runs"].values())
    assert [one["status"] for one in finished] == ["FINISHED"] * 6
    assert len({one["parent"] for one in finished if one["parent"]}) == 2
    for one in finished:
        if one["parent"]:
            assert [step for step, _, _ in one["points"]["train/loss"]] == list(range(1, EPOCHS + 1))


def statuses_of(uri: str) -> list[str]:
    """Name and status of every run of the store."""
    return [f"{short(name)} {one['status']}" for name, one in everything(uri)["runs"].items()]
