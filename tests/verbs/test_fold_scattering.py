"""The folds on a Ray of this machine are those of `cv`, to the last byte, also when a worker is lost."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import UsageError
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.rundir import RunDir
from medidense.verbs.fold_scattering import train_one

NEEDS_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is missing")
SETTINGS = ("network.name=densenet_small", "training.threads=1", "evaluation.bootstrap=200")


def test_without_ray_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    options = verbs.CvOptions(folds_on="ray", out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"pip install 'medidense\[ray\]'"):
        verbs.cv(tmp_path / "cohort.csv", options=options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ({"folds_on": "moon"}, "folds train here or on ray"),
        ({"folds_on": "ray", "fold": (1,)}, "Ray trains all folds"),
        ({"ray_address": "10.0.0.1:6379"}, "is for --folds-on ray"),
    ],
)
def test_options_that_do_not_go_together(asked: dict[str, object], rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        verbs.CvOptions(**asked)


def test_a_fold_is_trained_from_the_folder_of_the_command(tmp_path: Path) -> None:
    """A relative start.weights leads to the same file in a worker, which begins where its Ray was started."""
    seen: list[tuple[Path, Path]] = []

    def train(cohort: Path, **_: object) -> None:
        seen.append((Path.cwd(), cohort))

    before, cohort = Path.cwd(), tmp_path / "cohort.csv"
    assert train_one(train, str(tmp_path), str(cohort), None, {}, 0) is None
    assert train_one(train, str(tmp_path / "gone"), str(cohort), None, {}, 0) is None
    assert seen == [(tmp_path, cohort), (before, cohort)]
    assert Path.cwd() == before


class Commands:
    """`medidense cv` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cohort = write_cohort(folder / "phantoms", PhantomOptions(subjects=8, seed=3))
        self.begun: list[subprocess.Popen[str]] = []

    def start(self, out: str, epochs: int, *more: str) -> "subprocess.Popen[str]":
        sets = [word for pair in (*SETTINGS, f"training.epochs={epochs}") for word in ("--set", pair)]
        command = [sys.executable, "-m", "medidense", "cv", str(self.cohort), "--out", out, "--device", "cpu"]
        environment = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config")}
        environment.pop("MLFLOW_TRACKING_URI", None)
        process = subprocess.Popen(
            [*command, "--folds", "2", *sets, *more],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.begun.append(process)
        return process

    def ended(self, process: "subprocess.Popen[str]") -> str:
        said = process.communicate(timeout=900)[1]
        assert process.returncode == 0, said
        return said

    def same(self) -> bool:
        weights = ("folds/0/weights.safetensors", "folds/1/weights.safetensors")
        names = ("predictions.csv", "controls.json", *weights)
        return all(
            (self.folder / "here" / name).read_bytes() == (self.folder / "ray" / name).read_bytes()
            for name in names
        )


@pytest.fixture
def commands(tmp_path: Path):
    made = Commands(tmp_path)
    yield made
    for process in made.begun:
        if process.poll() is None:
            process.terminate()
            process.wait()


@NEEDS_RAY
@pytest.mark.slow
def test_folds_on_ray_are_those_of_cv(commands: Commands) -> None:
    commands.ended(commands.start("here", 2))
    said = commands.ended(commands.start("ray", 2, "--folds-on", "ray"))
    assert "train folds on Ray: done, 2 in" in said
    assert commands.same()


@NEEDS_RAY
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_lost_worker_costs_no_fold(commands: Commands) -> None:
    process = commands.start("ray", 120, "--folds-on", "ray")
    run = RunDir(commands.folder / "ray")  # a state is kept now and then; the journal tells every epoch
    while not any(run.fold(index).journal.read().epochs for index in (0, 1)):
        assert process.poll() is None, commands.ended(process)
        time.sleep(0.05)
    every = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    workers = [pid for pid in every if trains(pid, process.pid)]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    commands.ended(process)
    commands.ended(commands.start("here", 120))
    assert commands.same()


def trains(pid: int, above: int) -> bool:
    """Whether a process is a Ray worker at its task, below the process `above`."""
    try:
        if b"ray::train_one" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return False
        while pid not in (0, 1, above):
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return False
    return pid == above
