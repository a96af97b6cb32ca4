"""Two processes train a fold as one does; when one is killed none is left, and the command goes on."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medidense import durable, verbs
from medidense.errors import RecipeError, UsageError
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.rundir import RunDir

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
SETTINGS = {
    "network.name": "densenet_small",
    "training.threads": 1,
    "training.channels_last": False,
    "evaluation.bootstrap": 200,
}
TOLERANCE = 1e-3
"""Of a score, after three epochs of AdamW, which makes a step of every rounding (measured: 7e-5)."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_cohort(tmp_path / "phantoms", PhantomOptions(subjects=8, seed=3))
    return tmp_path / "phantoms" / "cohort.csv"


def options(out: Path, devices: int, **settings: object) -> verbs.CvOptions:
    return verbs.CvOptions(
        folds=2, seed=1, device="cpu", devices=devices, out=out, settings={**SETTINGS, **settings}
    )


def scores(run: Path) -> list[float]:
    with (run / "predictions.csv").open(newline="") as stream:
        return [float(row["score_malignant"]) for row in csv.DictReader(stream)]


def test_two_devices_give_the_predictions_of_one(place: Path) -> None:
    few = {"training.epochs": 3, "training.accumulate": 2}
    runs = [verbs.cv(place, options=options(place.parent / str(count), count, **few)).run for count in (1, 2)]
    one, two = (scores(run) for run in runs)
    assert one == pytest.approx(two, abs=TOLERANCE)
    assert max(one) - min(one) > 10 * TOLERANCE
    told = [json.loads((run / "run.json").read_text())["device"] for run in runs]
    assert [device["devices"] for device in told] == [1, 2]
    assert not list(runs[1].rglob(".tmp*"))
    one, two = (RunDir(run).evaluation_json()["controls"] for run in runs)
    for here, shared in zip(one, two, strict=True):
        assert here["outcome"] == shared["outcome"] != "not run"
        assert here["samples"] == shared["samples"]
        areas = [control["auroc"]["value"] for control in (here, shared)]
        assert areas[0] == pytest.approx(areas[1], abs=0.1)  # rounding may swap a pair or two of ten samples
    assert not list(runs[1].rglob("control_*"))


def test_what_a_rank_says_is_raised_as_it_was(place: Path) -> None:
    asked = options(place.parent / "run", 3, **{"training.batch_size": 2, "training.epochs": 1})
    with pytest.raises(RecipeError, match="every device needs a sample of each batch"):
        verbs.cv(place, options=asked)


def test_no_device_is_no_number_of_them() -> None:
    with pytest.raises(UsageError, match="--devices"):
        verbs.CvOptions(devices=0)


class Command:
    """`medidense cv --devices 2` as a process."""

    def __init__(self, cohort: Path, out: Path) -> None:
        words = [f"{key}={value}" for key, value in {**SETTINGS, "training.epochs": 100}.items()]
        sets = [word for pair in words for word in ("--set", pair)]
        command = [sys.executable, "-m", "medidense", "cv", str(cohort), "--out", str(out), "--device", "cpu"]
        self.out = out
        self.process = subprocess.Popen(
            [*command, "--folds", "2", "--seed", "1", "--devices", "2", "--fold", "0", *sets],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ranks(self) -> dict[int, int]:
        """Living ranks and their process numbers."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "environ").read_bytes().split(b"\0")
                parent = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ours = dict(word.split(b"=", 1) for word in words if b"=" in word)
            if int(parent[1]) == self.process.pid and parent[0] not in "ZX" and b"LOCAL_RANK" in ours:
                found[int(ours[b"LOCAL_RANK"])] = int(path.name)
        return found

    def until_kept(self) -> dict[int, int]:
        """Wait for a state; returns the ranks."""
        while not list(self.out.glob("folds/0/state-*.json")):
            assert self.process.poll() is None
            time.sleep(0.05)
        ranks = self.ranks()
        assert sorted(ranks) == [0, 1]
        return ranks

    def said(self) -> str:
        return self.process.communicate()[1]


@pytest.fixture
def command(place: Path) -> Iterator[Command]:
    made = Command(place, place.parent / "run")
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize("lost", [0, 1])
def test_a_killed_rank_ends_all_with_one_line_and_the_command_goes_on(
    place: Path, command: Command, lost: int
) -> None:
    ranks = command.until_kept()
    os.kill(ranks[lost], signal.SIGKILL)
    log = command.said()
    assert command.process.returncode == 1
    lines = [line for line in log.splitlines() if line.startswith("medidense: ")]
    assert len(lines) == 1
    assert f"rank {lost} was ended by signal 9; run the same command again" in lines[0]
    assert "Traceback" not in log
    assert all(gone(pid) for pid in ranks.values())
    kept = max(json.loads(p.read_text())["epoch"] for p in command.out.glob("folds/0/state-*.json"))
    again = Command(place, command.out)
    log = again.said()
    assert again.process.returncode == 0
    assert f"(goes on after epoch {kept})" in log
    whole = Command(place, place.parent / "whole")
    assert (whole.said(), whole.process.returncode)[1] == 0
    for name in ("folds/0/predictions.csv", "folds/0/weights.safetensors"):
        assert (command.out / name).read_bytes() == (whole.out / name).read_bytes()


def test_ranks_of_a_killed_command_end_and_hold_no_lock(command: Command) -> None:
    ranks = command.until_kept()
    command.process.kill()
    command.process.wait()
    end = time.monotonic() + 30
    while not all(gone(pid) for pid in ranks.values()) and time.monotonic() < end:
        time.sleep(0.02)
    assert all(gone(pid) for pid in ranks.values())
    with durable.locked(command.out / "folds" / "0"):
        pass


def test_sigterm_keeps_the_last_epoch(command: Command) -> None:
    ranks = command.until_kept()
    time.sleep(2)
    command.process.terminate()
    log = command.said()
    assert command.process.returncode == 143
    assert "run the same command again to go on" in log
    assert all(gone(pid) for pid in ranks.values())
