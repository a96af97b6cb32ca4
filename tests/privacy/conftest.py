"""Planted inputs, and what all commands make of them in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.privacy import driver
from tests.privacy.commands import DATA, RUN, Step
from tests.privacy.planting import Planted, plant


@dataclass(frozen=True)
class Made:
    """What some steps left: the folder of all outputs, exit code by step, and who planted."""

    planted: Planted
    out: Path
    codes: dict[str, int]

    def said(self, step: Step, stream: str) -> str:
        """What a step wrote to stdout or stderr, without its own arguments."""
        text = (self.out / "logs" / f"{step.name}.{stream}").read_text(encoding="utf-8")
        for word in sorted(filled(step, self.planted, self.out), key=len, reverse=True):
            text = text.replace(word, "<argument>") if os.sep in word else text
        return text


def filled(step: Step, planted: Planted, out: Path) -> list[str]:
    """The step's arguments with places in them."""
    return [word.format(**planted.places, out=out) for word in step.words]


def surroundings(planted: Planted, out: Path) -> dict[str, str]:
    """The environment of a user whose home folder and login are planted too."""
    own = dict.fromkeys(("USER", "LOGNAME", "USERNAME"), planted.login)
    own |= {"HOME": str(planted.home), "TMPDIR": str(out / "tmp")}
    taken = {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "MLFLOW_TRACKING_URI"}
    return {key: value for key, value in os.environ.items() if key not in taken} | own


def run_steps(steps: Sequence[Step], planted: Planted, out: Path) -> Made:
    """Run the steps one after another with `out`/work as the working folder."""
    for name in ("logs", "tmp", "work"):
        (out / name).mkdir(parents=True, exist_ok=True)
    plan = out.with_suffix(".json")
    plan.write_text(json.dumps([[step.name, filled(step, planted, out)] for step in steps]))
    done = subprocess.run(
        [sys.executable, str(Path(driver.__file__)), str(plan), str(out / "logs")],
        cwd=out / "work",
        env=surroundings(planted, out),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Made(planted, out, json.loads((out.parent / "codes.json").read_text()))


@pytest.fixture(scope="session")
def planted(
    tmp_path_factory: pytest.TempPathFactory,
    write_seg: Callable[..., Path],
    write_rtstruct: Callable[..., Path],
) -> Planted:
    return plant(tmp_path_factory.mktemp("privacy"), write_seg, write_rtstruct)


@pytest.fixture(scope="session")
def before_training(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Outputs of what is done before anything trains."""
    return run_steps(DATA, planted, tmp_path_factory.mktemp("data") / "out")


@pytest.fixture(scope="session")
def after_training(before_training: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Outputs of everything from training on."""
    return run_steps(RUN, before_training.planted, tmp_path_factory.mktemp("trained") / "out")
