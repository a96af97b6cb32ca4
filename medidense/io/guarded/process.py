"""How is a worker asked, and what may it have? The supervisor's side of one process."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from medidense.errors import MedidenseError
from medidense.io.guard import Limits
from medidense.io.guarded.account import Account, Array, form_of
from medidense.io.guarded.carried import encode_error
from medidense.io.guarded.outcome import Answer, error_of, too_long
from medidense.io.guarded.ring import Ring, create, receive_arrays
from medidense.io.guarded.starting import no_start, start
from medidense.io.guarded.wire import Message, encode, receive, send
from medidense.values import Refused

Check = Callable[[Mapping[str, Any], Any, Sequence[Array]], None]
"""Of (arguments, answer, arrays)."""

PATIENCE = 120.0
"""Seconds that a worker may take to import what it needs; half a second on an idle machine."""


@dataclass(frozen=True)
class Request:
    """One task to do. `where` names the input in a refusal."""

    task: str
    arguments: Mapping[str, Any]
    where: object
    limits: Limits
    check: Check | None = None
    """Compares an answer with what was asked; what it raises is the worker's fault."""

    def verify(self, value: Any, arrays: Sequence[Array]) -> None:
        """Raise ValueError (or RecursionError) for an answer that is not what was asked for."""
        if self.check is None:
            return
        try:
            self.check(self.arguments, value, arrays)
        except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError("no answer to what was asked") from error

    def encoded(self) -> bytes:
        """The message to a worker. Raises TypeError or ValueError for arguments that JSON cannot say.

        Raises Refused TOO_LARGE for more of them than a message holds.
        """
        try:
            folder = str(Path.cwd())
        except OSError:  # it was deleted
            folder = ""
        body = {"task": self.task, "arguments": dict(self.arguments)}
        try:
            return encode("task", body | {"seconds": self.limits.seconds, "folder": folder})
        except OverflowError as error:
            raise too_long(self.where) from error


@dataclass(frozen=True)
class Lost:
    """A worker that gave no answer: which refusal follows if that happens again, and how it ended."""

    code: str
    how: str
    certain: bool = False
    """Another try would end in the same way."""


def refusal_of(losses: Sequence[Lost], request: Request) -> MedidenseError:
    """The refusal of an input that cost these workers."""
    code = losses[-1].code
    if code == "TOO_LARGE":
        return error_of(Message("memory", None), request.where)
    found = ", and one that ".join(dict.fromkeys(loss.how for loss in losses))
    expected = "a file that can be read" if code == "POISON" else "a sign of life in time"
    step = "copy or export the file again" + ("" if code == "POISON" else ", or allow more time")
    return Refused(code, request.where, f"a reading process that {found}", expected, step)


class Worker:
    """A process that does one task at a time.

    `at_rest` says whether it may be asked: not after a `Lost`, nor after a wait that was interrupted.
    """

    def __init__(self, tasks: str) -> None:
        """Start one that serves the module `tasks`. Raises MedidenseError where none can be had."""
        self.at_rest = False
        self._served = 0
        try:
            memory = create()
            try:
                self._ring = Ring(memory)
                self._channel, theirs = socket.socketpair()
                with theirs:
                    self._process = start(theirs.fileno(), memory, tasks)
            finally:
                os.close(memory)
        except OSError as error:
            raise no_start(error.strerror or type(error).__name__) from error
        try:
            receive(self._channel, monotonic() + PATIENCE)
            self.at_rest = True
        except (OSError, EOFError, ValueError) as error:
            raise no_start(self._death()) from error
        finally:
            if not self.at_rest:
                self.end()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, request: Request, content: bytes) -> Answer | Lost:
        """Have a task done; `content` is the request encoded. Raises the error that the task ended in."""
        self.at_rest = False
        account = Account(request.where, request.limits)
        try:
            message = self._converse(content, account, request.limits.seconds)
            error = None if message.kind == "answer" else error_of(message, request.where)
            if error is None:
                receive_arrays(self._channel, self._ring, account.arrays, request.limits.seconds)
                request.verify(message.body, account.arrays)
        except TimeoutError:
            return Lost("TIMEOUT", f"gave no sign of life for {request.limits.seconds:g} s")
        except (EOFError, OSError):
            return Lost("POISON", self._death())
        except (ValueError, TypeError, RecursionError):
            return Lost("POISON", "broke the rules of the guard")
        self._served += 1
        if message.kind == "memory":  # it may have leaked before: only a new worker's word is certain
            return Lost("TOO_LARGE", "ran out of memory", certain=self._served == 1)
        self.at_rest = True
        if error is not None:
            raise error
        return Answer(message.body, account.arrays)

    def kill(self) -> None:
        """Stop it at once, from any thread; whoever waits for its answer learns that it is lost."""
        self._process.kill()

    def end(self) -> None:
        """Stop it and give back what it held."""
        self._process.kill()
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it hangs in a network folder that is gone
            self._process.wait(1.0)

    def forget(self) -> None:
        """In a forked child: let go of what is the parent's worker, without a word to it."""
        self._channel.close()
        self._process.returncode = 0  # so that nobody waits for another process's child

    def _converse(self, content: bytes, account: Account, seconds: float) -> Message:
        """Ask, grant what may be granted, and return the last word. Every message is a sign of life."""
        self._channel.settimeout(seconds)
        send(self._channel, content)
        while True:
            message = receive(self._channel, monotonic() + seconds)
            match message:
                case Message("beat"):
                    pass
                case Message("release", int() as number):
                    account.release(number)
                case Message("array" | "scratch"):
                    self._grant(message, account)
                case _:
                    return message

    def _grant(self, message: Message, account: Account) -> None:
        """Grant the memory that is asked for, or say why not."""
        try:
            match message.body:
                case int() as nbytes:
                    granted = account.scratch(nbytes)
                case [[*shape], str() as kind]:
                    granted = account.grant(*form_of(shape, kind))
                case _:
                    raise ValueError("nothing that can be granted")
        except Refused as refused:
            send(self._channel, encode_error(refused))
        else:
            send(self._channel, encode("granted", granted))

    def _death(self) -> str:
        """How the process ended."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "closed its channel"
        if code >= 0:
            return f"ended by itself with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
