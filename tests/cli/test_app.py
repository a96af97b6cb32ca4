"""What one line of arguments becomes."""

import re

import pytest
import typer.main

from medidense.cli.app import COMMANDS, GROUPS, build, main


def test_version_names_the_program_and_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"medidense \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command_with_its_whole_story(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.split("Commands:\n")[1].splitlines() if line[2] != " "] == [
        *(command.__name__ for command in COMMANDS),
        *GROUPS,
    ]
    assert "..." not in out.split("Commands:\n")[1]
    assert "not a medical device" in out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.__name__))
def test_each_command_explains_itself(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    name = command.__name__  # type: ignore[attr-defined]
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"Example:\n    medidense {name}" in out
    assert "--json" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    parameters = typer.main.get_command(build()).commands[name].params  # type: ignore[attr-defined]
    assert [parameter.name for parameter in parameters if not parameter.help] == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["scna"], "no such command 'scna'; did you mean 'scan'? medidense --help explains the usage"),
        (["frobnicate"], "no such command 'frobnicate'; medidense --help explains the usage"),
        (["cv", "--fol", "3"], "no such option: --fol; did you mean --fold? medidense cv --help explains"),
        (["scan"], "missing argument 'PATH'; medidense scan --help explains the usage"),
        (["cv", ".", "--device", "gpu"], "'gpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["cv", ".", "--folds", "1"], "--folds"),
        (["cv", ".", "--seed", "many"], "--seed"),
        (
            ["cv", ".", "--budget", "0"],
            "--budget: a budget is a number of minutes above 0; found 0; give more",
        ),
        (["cv", ".", "--budget", "nan"], "--budget: a budget is a number of minutes above 0; found nan"),
        (["check", "absent.csv"], "absent.csv: no such file or folder; check the path"),
        (["scan", ".", "absent"], "absent: no such file or folder"),
        (["check", ".", "b"], "unexpected extra argument"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("medidense: ")
    assert captured.err.count("\n") == 1
    assert expected in captured.err
