"""Is it said in words, once a command, which guard a system lacks?"""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from medidense.cli import warned
from medidense.io import write_nifti
from medidense.io.guarded.means import MissingGuardWarning
from medidense.values import Source, Volume

FAKED = """
import sys
from medidense.io.guarded.means import Means
from medidense.io.guarded.pool import POOL

def offered(workers, address_space):
    POOL._means = Means(workers, address_space)
    POOL._missing = POOL._means.missing

{change}
from medidense.cli import run
sys.argv = ["medidense", *sys.argv[1:]]
run()
"""
"""A command on a system that offers less; what it does then, `means` is tested to know."""


def on(change, *arguments):
    """(exit code, stderr) of a command where `change` was made."""
    made = [sys.executable, "-c", FAKED.format(change=change), *map(str, arguments)]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def scans(tmp_path):
    """A folder with one NIfTI file."""
    (tmp_path / "in").mkdir()
    values = np.arange(27, dtype=np.int16).reshape(3, 3, 3)
    write_nifti(Volume(values, np.eye(4), Source("nifti")), tmp_path / "in" / "a.nii")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("offered(True, False)", "memory of a decoder is not limited"),
        ("offered(False, False)", "decoded in this process"),
    ],
    ids=["macos", "windows"],
)
def test_a_command_says_once_which_guard_is_off(scans, tmp_path, change, word):
    code, said = on(change, "scan", scans, "--out", tmp_path / "c.csv")
    found = [line for line in said if "warning" in line.lower()]
    assert code == 0, said
    assert len(found) == 1, said
    assert found[0].startswith("medidense: warning: ")
    assert word in found[0]


def test_on_linux_nothing_is_said(scans, tmp_path):
    code, said = on("", "scan", scans, "--out", tmp_path / "c.csv")
    assert code == 0
    assert not [line for line in said if "warning" in line.lower()]


def test_ours_is_one_line_and_others_are_left_alone(capsys, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", lambda *_: sys.stderr.write("the usual way\n"))
    warned.install()
    warnings.showwarning(MissingGuardWarning("a\x1b b"), MissingGuardWarning, "x.py", 3)
    warnings.showwarning(UserWarning("theirs"), UserWarning, "x.py", 3)
    assert capsys.readouterr().err.splitlines() == ["medidense: warning: a? b", "the usual way"]
