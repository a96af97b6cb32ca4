"""How anything that goes wrong becomes lines on stderr and an exit code.

With ``--json`` the same lines stand on stdout too, as one object: ``{"error": [...], "exit_code": n}``.
"""

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType, TracebackType

import typer

from medidense.errors import Interrupted, MedidenseError, WriteError

TERMINATED = 143
INTERNAL = 1


class Terminated(BaseException):
    """SIGTERM arrived. No kind of Ctrl-C: what ends quietly on that one still ends with 143 on this one."""


def mistakes() -> tuple[type[BaseException], ...]:
    """The exceptions that a command line is expected to raise: ours, the parser's, and the two signals.

    The parser's family is found through ``typer.BadParameter``, the one member that typer exports: typer has
    carried its own copy of click since 0.26, and before that it was click's.
    """
    parser_error = typer.BadParameter.__mro__[2]
    return (MedidenseError, parser_error, typer.Abort, KeyboardInterrupt, Terminated)


def complain_about(error: BaseException, arguments: Sequence[str]) -> int:
    """Print what went wrong and return the exit code that stands for it."""
    if "--debug" in arguments:
        traceback.print_exception(error, file=sys.stderr)
    lines, code = describe(error)
    return complain(lines, code, as_json="--json" in arguments)


def complain(lines: Sequence[str], code: int, *, as_json: bool = False) -> int:
    """Print each line after ``medidense: `` on stderr (and as JSON on stdout where asked); returns `code`."""
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            print(f"medidense: {legible(' '.join(line.split()))}", file=sys.stderr, flush=True)
    if as_json:
        emit(json.dumps({"error": list(lines), "exit_code": code}, ensure_ascii=False))
    return code


def legible(text: str) -> str:
    """Text without what could steer a terminal: a file name may hold anything.

    >>> legible("a\\x1b[31m\\nb")
    'a?[31m?b'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def stopped(stop: BaseException) -> Interrupted:
    """Ctrl-C or SIGTERM as an error of ours, with its own exit code."""
    by_signal = isinstance(stop, Terminated)
    what = "SIGTERM arrived" if by_signal else "Ctrl-C was pressed"
    error = Interrupted("stopped", what, "", "run the same command again to go on")
    error.exit_code = TERMINATED if by_signal else Interrupted.exit_code
    return error


def describe(error: BaseException) -> tuple[tuple[str, ...], int]:
    """The lines and the exit code of one exception."""
    if isinstance(error, Interrupted) and isinstance(error.__context__, Terminated):
        return error.lines, TERMINATED
    if isinstance(error, MedidenseError):
        return error.lines, error.exit_code
    if isinstance(error, (KeyboardInterrupt, Terminated, typer.Abort)):
        return describe(stopped(error))
    if hasattr(error, "format_message"):
        return (_usage_sentence(error),), int(getattr(error, "exit_code", 2))
    where = f"{type(error).__name__} at {_place(error.__traceback__)}"
    return (
        f"internal error: {where}; run the same command with --debug and report what it prints",
    ), INTERNAL


def _usage_sentence(error: BaseException) -> str:
    """The parser's message on one line, with the place where the usage is explained."""
    message = str(error.format_message()).strip().rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "medidense"
    near = getattr(error, "possibilities", None)
    if near:
        message = f"{message.split(' (')[0]}; did you mean {next(iter(near))}?"
    message = message.replace("Value error, ", "").replace(". Did you", "; did you")
    joint = " " if message.endswith("?") else "; "
    return f"{message[:1].lower()}{message[1:]}{joint}{command} --help explains the usage"


def _place(trace: TracebackType | None) -> str:
    """Module and line where the exception was raised: no path, no value of a variable."""
    frames = list(traceback.walk_tb(trace))
    if not frames:
        return "an unknown place"
    frame, line = frames[-1]
    return f"{frame.f_globals.get('__name__', '?')}:{line}"


def emit(text: str, end: str = "\n") -> None:
    """Write a line to stdout; with another `end`, part of one.

    A reader that has gone (``| head``) is no error.
    Raises WriteError where stdout cannot be written, a full device for example.
    """
    try:
        print(text, end=end, flush=bool(end))
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        raise WriteError(
            "standard output", "cannot be written", error.strerror or "", "free some space"
        ) from error


def close_stdout() -> None:
    """Flush what is left, so that the interpreter has nothing to complain about when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()


def _forget_stdout() -> None:
    """Point stdout at nothing: what is still buffered must not fail a second time at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def install(arguments: Sequence[str]) -> None:
    """Make SIGTERM an orderly stop, and an exception nobody expected one line (Python then exits with 1)."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        complain_about(error.with_traceback(trace), arguments)

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    sys.excepthook = hook
    signal.signal(signal.SIGTERM, stop)
