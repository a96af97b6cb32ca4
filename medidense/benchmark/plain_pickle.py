"""What does a pickle of plain data hold, without running anything of it?

A pickle is a program for a stack machine. This one has the instructions that put together dicts, lists,
tuples, strings, bytes, whole numbers and arrays of bytes (`uint8`), and no other: nothing is imported or
called. Instructions are told apart by ``pickletools`` of the standard library, which executes none.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRAYS = {
    "numpy.core.multiarray _reconstruct": "array",
    "numpy._core.multiarray _reconstruct": "array",
    "numpy ndarray": "class",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
}
"""The names that the pickle of an array speaks of; each stands for a word of ours."""

PLAIN = frozenset(
    ("BININT", "BININT1", "BININT2", "INT", "LONG1")
    + ("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
    + ("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
)
"""Instructions that push their own argument."""

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, Callable[[], object]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
SILENT = frozenset(("PROTO", "FRAME", "STOP"))
MARK = object()


def read_plain(content: bytes) -> object:
    """The value of a pickle of plain data. Raises ValueError for one that holds something else or is broken.

    >>> import pickletools
    >>> read_plain(b"\\x80\\x02}q\\x00U\\x01aK\\x05s.")
    {'a': 5}
    """
    machine = _Machine()
    try:
        for code, argument, _ in pickletools.genops(content):
            machine.step(code.name, argument)
        (value,) = machine.stack
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is broken ({error})") from None
    return value


@dataclass(frozen=True, eq=False)
class _Name:
    """A name of `ARRAYS` on the stack, as our word for it; no text of the pickle is one."""

    word: str


@dataclass(frozen=True, eq=False)
class _Begun:
    """An ``array`` or a ``dtype`` before it is filled."""

    kind: str


class _Machine:
    """The stack and the memory of a pickle's program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """One instruction. Raises ValueError for one that this machine does not have."""
        push = self.stack.append
        if name in PLAIN:
            push(argument)
        elif name in CONSTANTS:
            push(CONSTANTS[name])
        elif name in EMPTY:
            push(EMPTY[name]())
        elif name in TUPLES:
            push(tuple(self._taken(TUPLES[name])))
        elif name == "MARK":
            push(MARK)
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memory[len(self.memory) if argument is None else argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            push(self.memory[argument])
        elif name == "GLOBAL":
            push(_named(argument))
        elif name == "STACK_GLOBAL":
            push(_named(" ".join(self._taken(2))))
        elif name not in SILENT:
            self._compose(name)

    def _compose(self, name: str) -> None:
        """An instruction that puts parts together."""
        if name == "TUPLE":
            self.stack.append(tuple(self._marked()))
        elif name in ("APPEND", "APPENDS"):
            parts = self._marked() if name == "APPENDS" else self._taken(1)
            _of(self.stack[-1], list).extend(parts)
        elif name in ("SETITEM", "SETITEMS"):
            parts = self._marked() if name == "SETITEMS" else self._taken(2)
            _of(self.stack[-1], dict).update(zip(parts[::2], parts[1::2], strict=True))
        elif name == "REDUCE":
            self.stack.append(_made(*self._taken(2)))
        elif name == "BUILD":
            self._filled(*self._taken(2))
        else:
            raise ValueError(f"it has the instruction {name}")

    def _filled(self, begun: object, state: Any) -> None:
        """An array with its shape and bytes, here and wherever it is remembered; a dtype is what it is."""
        if not isinstance(begun, _Begun):
            raise ValueError("it has an object")
        whole = begun if begun.kind == "dtype" else _array(state)
        self.stack.append(whole)
        self.memory.update({key: whole for key, held in self.memory.items() if held is begun})

    def _taken(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("it takes more than there is")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def _marked(self) -> list[Any]:
        last = max(place for place, item in enumerate(self.stack) if item is MARK)
        taken = self.stack[last + 1 :]
        del self.stack[last:]
        return taken


def _named(name: str) -> _Name:
    if name not in ARRAYS:
        raise ValueError(f"it names {name[:60]!r}")
    return _Name(ARRAYS[name])


def _of(thing: Any, kind: type) -> Any:
    if not isinstance(thing, kind):
        raise ValueError("its parts are of the wrong kind")
    return thing


def _made(callee: object, arguments: tuple[Any, ...]) -> object:
    """What the few names stand for: an array, the type of its numbers, bytes written as text."""
    word = callee.word if isinstance(callee, _Name) else ""
    if word == "array" and isinstance(arguments[0], _Name) and arguments[0].word == "class":
        return _Begun("array")
    if word == "dtype" and arguments[0] in ("u1", "|u1"):
        return _Begun("dtype")
    if word == "encode" and arguments[1] == "latin1":
        return str(arguments[0]).encode("latin1")
    raise ValueError("it has a call, or an array that is not of bytes")


def _array(state: Any) -> NDArray[np.uint8]:
    _, shape, dtype, by_columns, content = state
    if by_columns or not isinstance(dtype, _Begun) or dtype.kind != "dtype":
        raise ValueError("it has an array that is not of bytes in row order")
    raw = content if isinstance(content, bytes) else str(content).encode("latin1")
    return np.frombuffer(raw, np.uint8).reshape(shape)
