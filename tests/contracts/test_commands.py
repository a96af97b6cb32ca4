"""Every verb is a command, and every command calls the verb of its name."""

import ast
import importlib
import inspect
import re

import pytest
import typer.main

import medidense.verbs
from medidense.cli.app import COMMANDS, GROUPS, build

VERBS = sorted(name for name in medidense.verbs.__all__ if name[0].islower())
APP = typer.main.get_command(build())


def test_commands_and_verbs_are_the_same_names() -> None:
    assert sorted(command.__name__ for command in COMMANDS) == VERBS


@pytest.mark.parametrize("name", VERBS)
def test_each_command_has_json_help_and_an_example(name: str) -> None:
    command = APP.commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    assert f"Example:\n  medidense {name}" in inspect.cleandoc(command.help)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.__name__))
def test_each_command_calls_one_verb_with_names_that_the_verb_knows(command: object) -> None:
    name = command.__name__  # type: ignore[attr-defined]
    tree = ast.parse(inspect.getsource(command))  # type: ignore[arg-type]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") == "verbs"
        and node.func.attr.islower()
    ]
    assert [call.func.attr for call in calls] == [name]  # type: ignore[attr-defined]
    known = inspect.signature(getattr(medidense.verbs, name)).parameters
    assert {keyword.arg for keyword in calls[0].keywords} <= set(known)
    asked = {key for key, value in known.items() if value.kind is value.KEYWORD_ONLY}
    assert asked == {keyword.arg for keyword in calls[0].keywords}


GROUPED = [(word, command) for word, (_, commands) in GROUPS.items() for command in commands]


@pytest.mark.parametrize(("word", "command"), GROUPED, ids=lambda item: getattr(item, "__name__", item))
def test_a_command_below_a_word_has_json_help_and_an_example_too(word: str, command: object) -> None:
    name = command.__name__  # type: ignore[attr-defined]
    made = APP.commands[word].commands[name]  # type: ignore[attr-defined]
    assert "--json" in {option for parameter in made.params for option in parameter.opts}
    assert f"Example:\n  medidense {word} {name}" in inspect.cleandoc(made.help)
    assert word not in VERBS
    source = inspect.getsource(command)  # type: ignore[arg-type]
    (home,) = re.findall(r"from medidense\.verbs import (\w+)\n", source)
    verb = getattr(importlib.import_module(f"medidense.verbs.{home}"), f"{word}_{name}")
    assert f"{home}.{verb.__name__}(" in source
