"""How did a task end? The one place of this room that catches everything."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from medidense.errors import MedidenseError
from medidense.io.guarded.account import Array
from medidense.io.guarded.carried import decode_error, encode_error
from medidense.io.guarded.desk import Desk
from medidense.io.guarded.wire import CEILING, Message, encode
from medidense.values import Refused

DEBUG = "MEDIDENSE_GUARD_DEBUG"
"""An environment variable. Where it is set, workers may write to the program's standard error, and say there
where an exception came from."""

Task = Callable[[Mapping[str, Any], Desk], Any]
"""A function of its arguments and of the desk that it gets arrays from. What it returns JSON can say."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a task returned, and the arrays that it was granted and kept, in the order of granting."""

    value: Any
    arrays: tuple[Array, ...]


def perform(
    tasks: Mapping[str, Task], name: str, arguments: Mapping[str, Any], desk: Desk
) -> tuple[bool, bytes]:
    """Do the task of this name: whether it has an answer, and the message that says how it ended.

    The message is ``answer``, ``refused``, ``error``, ``memory``, ``long`` or ``failed``.

    Whatever foreign bytes make a decoder raise ends here: nobody can list it beforehand, and one input must
    not end a batch. Of an exception that is not ours only the type is passed on, for its words may hold what
    the file says of a patient.
    """
    try:
        return _said(tasks[name](arguments, desk))
    except MedidenseError as error:
        return False, encode_error(error)
    except MemoryError:
        pass  # said below, where the frames that hold the memory are gone
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc(file=sys.stderr)
        return False, encode("failed", type(error).__name__)
    return False, encode("memory", None)


def _said(answer: Any) -> tuple[bool, bytes]:
    """An answer as a message, or the message that says that none holds it."""
    try:
        return True, encode("answer", answer)
    except OverflowError:
        return False, encode("long", None)


def error_of(message: Message, where: object) -> MedidenseError:
    """The error that a task ended in: its own, TOO_LARGE for ``memory`` and ``long``, CORRUPT for ``failed``.

    Raises ValueError for what is no message of `perform`.
    """
    match message:
        case Message("memory", None):
            step = "read it on a machine with more memory, or cut it into smaller inputs"
            return Refused("TOO_LARGE", where, "a decoder that ran out of memory", "less use of memory", step)
        case Message("long", None):
            return too_long(where)
        case Message("failed", str() as kind):
            step = "copy or export the file again; if other programs read it, report it"
            return Refused("CORRUPT", where, f"{kind[:80]} while reading", "a file that can be read", step)
    return decode_error(message)


def too_long(where: object) -> Refused:
    """The refusal of an input whose headers do not fit into one message: hundreds of thousands of frames."""
    said = f"headers of more than {CEILING >> 20} MiB"
    step = "give its files in smaller folders, or split the file into smaller ones"
    return Refused("TOO_LARGE", where, said, f"at most {CEILING >> 20} MiB", step)
