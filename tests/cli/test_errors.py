"""Every way to fail: its lines, its exit code, and nothing else."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from medidense import errors
from medidense.cli.app import main
from medidense.cli.errors import Terminated, complain, describe, stopped
from medidense.errors import CohortError, Interrupted, LockedError, Problem, UsageError, WriteError
from medidense.values import Refused

FAKE = """
import sys, medidense.verbs
from types import SimpleNamespace as R
def verb(*a, **k):
    {body}
medidense.verbs.__dict__["verify"] = verb
sys.argv = ["medidense", *{arguments!r}]
from medidense.cli import run
run()
"""
OK = "return R(ok=True, checks=(R(name='digests', ok=True, detail='7 files'),), to_json=lambda: {'ok': True})"


def fake(body: str, *arguments: str) -> str:
    """Source of a process whose ``verify`` does `body`."""
    return FAKE.format(body=body, arguments=["verify", ".", *arguments])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("a", "b"), 2),
        (LockedError("a", "b"), 75),
        (WriteError("a", "b"), 74),
        (errors.NothingFoundError("a", "b"), 3),
        (Refused("EMPTY", "a", "b", "c", "d"), 4),
        (Interrupted("a", "b"), 130),
        (errors.MedidenseError("a", "b"), 1),
    ],
)
def test_our_errors_exit_with_their_own_code(
    error: errors.MedidenseError,
    code: int,
    stand_in: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in("verify", error)
    assert main(["verify", "."]) == code
    captured = capsys.readouterr()
    assert captured.err == f"medidense: {error.lines[0]}\n"
    assert captured.out == ""


def test_many_problems_are_a_line_each_and_one_json_object(
    stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    problems = [Problem(f"c.csv row {row}", "label is empty", "''", "fill it in") for row in (2, 5)]
    stand_in("check", CohortError.several(problems))
    assert main(["check", str(tmp_path), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"medidense: {problem.sentence()}" for problem in problems]
    assert json.loads(captured.out) == {"error": [p.sentence() for p in problems], "exit_code": 2}


def test_a_usage_error_with_json_is_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--json", "--ou", "x"]) == 2
    tree = json.loads(capsys.readouterr().out)
    assert tree["exit_code"] == 2
    assert "--out" in tree["error"][0]


@pytest.mark.parametrize("where", [["--debug", "verify", "."], ["verify", ".", "--debug"]])
def test_debug_prints_the_traceback_before_the_line(
    where: list[str], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("verify", UsageError("a", "b"))
    assert main(where) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1] == "medidense: a: b;"


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain(["two\nlines"], 7) == 7
    assert capsys.readouterr().err == "medidense: two lines\n"


def test_signals_have_their_own_codes_even_when_a_verb_renamed_them() -> None:
    assert describe(KeyboardInterrupt())[1] == 130
    assert describe(Terminated())[1] == 143
    assert stopped(Terminated()).exit_code == 143
    assert Interrupted.exit_code == 130
    renamed = Interrupted("score", "stopped")
    renamed.__context__ = Terminated()
    assert describe(renamed)[1] == 143


def test_ctrl_c_is_one_line_and_130(
    stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("verify", KeyboardInterrupt())
    assert main(["verify", "."]) == 130
    assert capsys.readouterr().err == (
        "medidense: stopped: Ctrl-C was pressed; run the same command again to go on\n"
    )


def test_an_unexpected_exception_is_one_line_and_exit_1(child: Callable[..., object]) -> None:
    done = child(fake("raise KeyError('Jane Doe')"))
    assert done.returncode == 1
    assert done.stderr.startswith("medidense: internal error: KeyError at __main__:")
    assert done.stderr.count("\n") == 1
    assert "Jane" not in done.stderr
    assert "--debug" in done.stderr


def test_an_unexpected_exception_with_debug_and_json(child: Callable[..., object]) -> None:
    done = child(fake("raise KeyError('x')", "--debug", "--json"))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert json.loads(done.stdout)["exit_code"] == 1


def test_sigterm_ends_with_143(tmp_path: Path) -> None:
    body = "print('ready', file=sys.stderr, flush=True); import time; time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", fake(body)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err == "medidense: stopped: SIGTERM arrived; run the same command again to go on\n"


def test_a_reader_that_has_gone_changes_nothing(child: Callable[..., object]) -> None:
    source = f"""
import os, subprocess, sys
read, write = os.pipe()
os.close(read)
done = subprocess.run([sys.executable, "-c", {fake(OK)!r}], stdout=write, stderr=subprocess.PIPE)
print(done.returncode, done.stderr)
"""
    assert child(source).stdout == "0 b''\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_device_under_stdout_is_74(options: list[str], child: Callable[..., object]) -> None:
    with Path("/dev/full").open("w") as full:
        done = child(fake(OK, *options), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 74
    assert done.stderr.startswith("medidense: standard output: cannot be written; found No space left")
    assert done.stderr.count("\n") == 1


def test_python_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "medidense", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("medidense ")


@pytest.mark.parametrize(
    "words", [["scan", ""], ["score", ".", "", "--out", "o"], ["scan", ".", "--out", ""]]
)
def test_an_empty_word_is_not_the_working_directory(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("medidense: the argument behind ")
    assert "no argument is empty" in line
