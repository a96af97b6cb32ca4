"""How does an error of ours cross from one process to another and stay equal?"""

import medidense.errors
from medidense.errors import MedidenseError, Problem
from medidense.io.guarded.wire import Message, encode
from medidense.values import Refused


def encode_error(error: MedidenseError) -> bytes:
    """The message ``refused`` or ``error`` with the fields of an error."""
    if isinstance(error, Refused):
        return encode("refused", vars(error.refusal))
    problems = [{field: str(text) for field, text in vars(one).items()} for one in error.problems]
    return encode("error", [type(error).__name__, problems])


def decode_error(message: Message) -> MedidenseError:
    """The error in a message of `encode_error`. Raises ValueError where there is none, or an unknown code."""
    match message:
        case Message(
            "refused",
            {
                "code": str() as code,
                "where": str() as where,
                "found": str() as found,
                "expected": str() as expected,
                "next_step": str() as step,
            },
        ):
            return Refused(code, where, found, expected, step)
        case Message("error", [str() as name, [_, *_] as problems]):
            return _family(name).several([_problem(one) for one in problems])
    raise ValueError(f"no error of ours: {message.kind[:20]}")


def _family(name: str) -> type[MedidenseError]:
    """The class of medidense.errors that has this name."""
    kind = getattr(medidense.errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, MedidenseError)):
        raise ValueError(f"no error of ours: {name[:20]}")
    return kind


def _problem(said: object) -> Problem:
    """One problem of an error."""
    match said:
        case {
            "where": str() as where,
            "rule": str() as rule,
            "found": str() as found,
            "next_step": str() as step,
        }:
            return Problem(where, rule, found, step)
    raise ValueError("no problem")
