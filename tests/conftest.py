"""Fixtures that every room's tests may use."""

import os
import signal
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads must not spin beside other tests
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
ROOT = Path(__file__).resolve().parents[1]


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
