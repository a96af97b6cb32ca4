"""Fixtures that every room's tests may use."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from medidense import durable

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads must not spin beside other tests
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def states_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Verdicts of benchmarks that tests run are no verdicts of the user's."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the checkout (or where MEDIDENSE_DATA says); without it the test is skipped."""
    folder = Path(os.environ.get("MEDIDENSE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"the shared data are not at {folder}; set MEDIDENSE_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def cifar10_data(shared_data: Path) -> Path:
    """CIFAR-10's official files: where MEDIDENSE_CIFAR10 says, else made once into the user's cache.

    Made from a registry package by the shared data's own script; where that cannot be, tests are skipped.
    """
    given = os.environ.get("MEDIDENSE_CIFAR10")
    if given:
        return Path(given)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "medidense-tests" / "cifar10"
    script = shared_data / "cifar10" / "rebuild.py"
    if not script.is_file():
        pytest.skip(f"{script} is not there; set MEDIDENSE_CIFAR10 to a copy of CIFAR-10")
    with durable.locked(folder.parent, name=".cifar10.lock", wait_s=600):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
                command = [sys.executable, str(script), f"{draft}/made", "--python-batches"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    reason = (done.stderr.strip().splitlines() or ["no reason"])[-1]
                    pytest.skip(f"CIFAR-10 could not be made ({reason}); set MEDIDENSE_CIFAR10 to a copy")
                Path(draft, "made").rename(folder)
    return folder
