"""How a result looks where stdout is a terminal, a file, or a program."""

import io
import json

import pytest

from medidense.cli.printing import Table, facts, show


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_plain_lines_are_aligned_and_hold_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(("kind", "path"), (("CT", "a"), ("refused", "b c")), "What lies there")
    show([table, "2 series"], {}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "What lies there",
        "kind     path",
        "CT       a",
        "refused  b c",
        "2 series",
    ]


def test_facts_leave_out_what_is_empty() -> None:
    assert facts([("run", "a"), ("rows", ""), ("n", 0)]).plain() == ["run  a", "n    0"]
    assert facts([]).plain() == []


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show(["a line"], {"label": "böse", "auroc": None}, as_json=True)
    out = capsys.readouterr().out
    assert json.loads(out) == {"label": "böse", "auroc": None}
    assert out.count("\n") == 1


def test_json_refuses_what_is_no_json_number() -> None:
    with pytest.raises(ValueError, match="JSON"):
        show([], {"auroc": float("nan")}, as_json=True)


def test_a_terminal_gets_a_table_of_its_width_without_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    long = "/data/" + "very_long_folder_name/" * 6
    show([Table(("state", "path"), (("[bold]CT", long),), "Title"), "[end]"], {}, as_json=False)
    lines = screen.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "[bold]CT" in screen.getvalue()
    assert "[end]" in lines
    assert long in "".join(line.split()[-1] for line in lines[2:] if line.strip())
