"""How do two processes say something to each other? Messages of JSON over a stream socket.

A message is four bytes of length (big endian), then a JSON list of two: its kind and its body. Never pickle:
whoever decodes foreign bytes may have been taken over by them, and a pickle from it would run here.
"""

import json
import socket
import struct
from dataclasses import dataclass
from time import monotonic
from typing import Any

LENGTH = struct.Struct(">I")
CEILING = 64 << 20
"""Bytes of the longest message. Pixels never travel in one."""

QUIETLY = getattr(socket, "MSG_NOSIGNAL", 0)
"""A peer that is gone is an error, never a SIGPIPE, which a program may have set to end it."""

INSTANT = 1e-3
"""Seconds to wait where the time is over: what has come already is still read."""


@dataclass(frozen=True)
class Message:
    """What was said. `body` is anything that JSON can say."""

    kind: str
    body: Any


def encode(kind: str, body: object) -> bytes:
    """The bytes of a message.

    Pure ASCII, so that the lone surrogates of a file name that is no UTF-8 come out as they went in.
    Raises TypeError or RecursionError for what JSON cannot say, OverflowError for more than `CEILING`.

    >>> encode("beat", None)
    b'\\x00\\x00\\x00\\x0e["beat", null]'
    """
    text = json.dumps([kind, body], ensure_ascii=True).encode("ascii")
    if len(text) > CEILING:
        raise OverflowError(f"a message of {len(text)} bytes, at most {CEILING}")
    return LENGTH.pack(len(text)) + text


def decode(content: bytes) -> Message:
    """The message in what `encode` gave."""
    return _parsed(content[LENGTH.size :])


def send(channel: socket.socket, content: bytes) -> None:
    """Send an encoded message. Raises OSError where the peer is gone or too slow."""
    channel.sendall(content, QUIETLY)


def receive(channel: socket.socket, deadline: float | None = None) -> Message:
    """The next message, waited for until `deadline` (of `time.monotonic`; None: for ever).

    Raises EOFError or ConnectionError where the peer is gone, TimeoutError when the time is over, ValueError
    or RecursionError for what is no message.
    """
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size, deadline))
    if length > CEILING:
        raise ValueError(f"a message of {length} bytes, at most {CEILING}")
    return _parsed(_exactly(channel, length, deadline))


def _parsed(text: bytes | bytearray) -> Message:
    """The message that these bytes spell."""
    said = json.loads(text)
    if not (isinstance(said, list) and len(said) == 2 and isinstance(said[0], str)):
        raise ValueError("no list of a kind and a body")
    return Message(said[0], said[1])


def _exactly(channel: socket.socket, count: int, deadline: float | None) -> bytearray:
    """The next `count` bytes."""
    content = bytearray(count)
    left = memoryview(content)
    while left:
        channel.settimeout(None if deadline is None else max(deadline - monotonic(), INSTANT))
        got = channel.recv_into(left)
        if not got:
            raise EOFError("the peer is gone")
        left = left[got:]
    return content
