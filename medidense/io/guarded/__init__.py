"""How are untrusted files decoded without harm? In warm worker processes with limits on memory and time.

A task is a function named in `medidense.io.tasks`. It gets its arguments and a `Desk`; the desk gives it
arrays to fill, which the caller has when the task is done.

What a decoder prints is dropped. Where MEDIDENSE_GUARD_DEBUG is set in the environment it goes to standard
error, with the traceback of an exception that became CORRUPT.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from medidense.io.guard import LIMITS, Limits
from medidense.io.guarded.desk import Desk, LocalDesk
from medidense.io.guarded.means import missing_guards
from medidense.io.guarded.outcome import Answer, Task
from medidense.io.guarded.pool import POOL, Where, cores
from medidense.values import Refused

__all__ = ["Answer", "Desk", "LocalDesk", "Task", "call", "call_each", "cores", "missing_guards"]


def call(task: str, arguments: Mapping[str, Any], *, where: object, limits: Limits = LIMITS) -> Answer:
    """Have a worker do one task, and wait for it.

    `arguments` are what JSON can say; relative paths in them count from the caller's working directory.
    `where` names the input in a refusal of the guard's own:

    - POISON: the input killed its worker, twice.
    - TIMEOUT: `limits.seconds` went by without a sign of life, twice.
    - TOO_LARGE, BOMB: an array beyond `limits` or half of the free memory, or a decoder out of memory.
    - CORRUPT: an exception that is none of medidense's.

    Raises these, and whatever error of medidense the task raised, with its fields; MedidenseError where no
    worker starts. Where the system offers none (`missing_guards`) the task is done in this process, and a
    MissingGuardWarning says so once.
    """
    return POOL.call(task, arguments, where=where, limits=limits)


def call_each(
    task: str, items: Iterable[Mapping[str, Any]], *, where: Where, limits: Limits = LIMITS
) -> Iterator[Answer | Refused]:
    """Have all workers do a task, once for each of `items`; what became of each, in their order.

    Like `call`, but an input that is refused is handed out, not raised; `where` is a function of the
    arguments. At most two items a worker are taken ahead of what was fetched. Stopping early stops the
    workers.
    """
    return POOL.call_each(task, items, where=where, limits=limits)
