"""A pool whose workers know the stub tasks, shared by all tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medidense.io.guarded.pool import Pool

HERE = Path(__file__).parent
STUBS = "stub_tasks"


@pytest.fixture(scope="session", autouse=True)
def stubs_are_found() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
        patch.syspath_prepend(str(HERE))
        yield


@pytest.fixture(scope="session")
def pool(stubs_are_found: None) -> Iterator[Pool]:
    pool = Pool(STUBS, size=2)
    yield pool
    pool.close()


@pytest.fixture
def open_files() -> Callable[[], int]:
    """How many files this process has open."""
    return lambda: len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a program that comes by standard input and has no main guard, in an empty folder."""

    def run(text: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        assert process.stdin
        process.stdin.write("from medidense.io.guarded.pool import Pool\n" + text)
        process.stdin.close()
        process.stdin = None
        return process

    return run
