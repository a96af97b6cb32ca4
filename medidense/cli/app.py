"""Which commands there are, and how one line of arguments becomes an exit code."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from itertools import pairwise
from typing import Annotated

import typer
import typer.main

from medidense.cli import (
    commands_benchmark,
    commands_data,
    commands_evaluate,
    commands_package,
    commands_run,
    commands_start,
)
from medidense.cli.errors import Terminated, complain_about, mistakes, stopped
from medidense.errors import UsageError

Command = Callable[..., int]

COMMANDS: tuple[Command, ...] = (
    commands_data.scan,
    commands_data.convert,
    commands_data.check,
    commands_data.match,
    commands_run.plan,
    commands_run.cv,
    commands_evaluate.evaluate,
    commands_run.report,
    commands_run.compare,
    commands_run.explain,
    commands_package.export,
    commands_package.verify,
    commands_package.score,
    commands_package.promote,
    commands_start.sync,
    commands_start.ui,
    commands_start.demo,
)
"""In the order in which a study uses them."""

GROUPS: Mapping[str, tuple[str, tuple[Command, ...]]] = {
    "benchmark": (
        "Check the trainer on images with known answers.",
        (commands_benchmark.cifar10, commands_benchmark.phantom),
    ),
}
"""Commands below a word of their own: what the word stands for, and the commands."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"medidense {metadata.version('medidense')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="On an error print the traceback too; allowed after a verb as well."),
    ] = False,
) -> None:
    """Lesion classifiers from DICOM and NIfTI: cross-validated by patient, explained, exported, scored.

    Research software, not a medical device.

    \b
    Start with:
      medidense demo              the whole chain on made-up scans, in minutes
      medidense scan FOLDER       what lies in a folder of scans
      medidense cv COHORT.csv     train and test on your own table
      medidense COMMAND --help    what a command takes, with an example
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _group(context: typer.Context) -> None:
    """Print what there is below a word."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def build() -> typer.Typer:
    """The application with every command."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for command in COMMANDS:
        _add(app, command)
    for word, (meaning, commands) in GROUPS.items():
        group = typer.Typer(short_help=meaning, help=meaning, rich_markup_mode=None)
        group.callback(invoke_without_command=True)(_group)
        for command in commands:
            _add(group, command)
        app.add_typer(group, name=word)
    return app


def _add(app: typer.Typer, command: Command) -> None:
    """One command, its story being the first line of its docstring."""
    story = inspect.cleandoc(command.__doc__ or "").splitlines()[0]
    app.command(command.__name__, short_help=story)(_stoppable(command))


def _stoppable(command: Command) -> Command:
    """The command with Ctrl-C and SIGTERM as an error of ours: typer would swallow which of them it was."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> int:
        try:
            return command(*arguments, **options)
        except (KeyboardInterrupt, Terminated) as stop:
            raise stopped(stop) from None

    return run


def main(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit code.

    Errors that medidense raises on purpose, usage errors and Ctrl-C become lines on stderr; any other
    exception is left to the hook that `medidense.cli.errors.install` sets.
    """
    command = typer.main.get_command(build())
    given = [word for word in arguments if word != "--debug"]
    try:
        _refuse_empty(given)
        code = command.main(args=given, prog_name="medidense", standalone_mode=False)
    except mistakes() as error:
        return complain_about(error, arguments)
    return code if isinstance(code, int) else 0


def _refuse_empty(words: Sequence[str]) -> None:
    """Raise UsageError for an empty word: as a path it would mean the working directory."""
    for before, word in pairwise(["medidense", *words]):
        if not word:
            step = "leave it out, or fill it in (an unset variable of the shell?)"
            raise UsageError(f"the argument behind {before}", "no argument is empty", "''", step)
