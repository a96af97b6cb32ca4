"""What long work says, and when it says nothing."""

import io

import pytest

from medidense.cli.progress import StepLines, following


def test_a_step_is_two_lines_however_many_items_it_has() -> None:
    written: list[str] = []
    clock = iter(range(100))
    lines = StepLines(write=written.append, clock=lambda: float(next(clock)))
    for item in range(1, 6):
        lines("check images", item, 5)
    lines("fold 1", 0, None, "12 samples")
    lines("fold 1", 3, None)
    lines.finish()
    assert written == [
        "check images ...",
        "check images: done, 5 in 1.0 s",
        "fold 1 ... (12 samples)",
        "fold 1: done, 3 in 1.0 s",
    ]


def test_a_new_step_ends_the_one_before_and_finish_says_nothing_twice() -> None:
    written: list[str] = []
    lines = StepLines(write=written.append, clock=lambda: 0.0)
    lines("a", 1, 9)
    lines("b", 1, 1)
    lines.finish()
    assert written == ["a ...", "a: done, 0.0 s", "b ...", "b: done, 0.0 s"]


def test_a_step_of_one_report_that_comes_again_is_told_again() -> None:
    written: list[str] = []
    lines = StepLines(write=written.append, clock=lambda: 0.0)
    lines("log", 1, 1)
    lines("log", 1, 1)
    assert written == ["log ...", "log: done, 0.0 s"] * 2


def test_with_json_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with following(as_json=True) as follow:
        follow("a", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with following(as_json=False) as follow:
        follow("a", 1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("a ...\na: done")


def test_on_a_terminal_each_step_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with following(as_json=False) as follow:
        follow("check images", 2, 2)
        follow("fold [1]", 1, None)
        follow("log", 0, 1, "to MLflow")
    text = screen.getvalue()
    assert "check images" in text
    assert "2/2" in text
    assert "fold [1]" in text
    assert "to MLflow" in text


def test_an_error_inside_leaves_the_step_open_and_passes() -> None:
    with pytest.raises(KeyError), following(as_json=False) as follow:
        follow("a", 1, 2)
        raise KeyError
