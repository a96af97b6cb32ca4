"""Who decodes foreign bytes? A process of its own, that has limits and is asked over a socket.

Started by `guarded.starting` as ``python -m medidense.io.worker --channel FD --tasks MODULE``. What decodes
is imported first, then the limits are set; from then on it does one task after another, until the other end
of the socket is closed. Started by hand, without a channel, it only shows whether that works.
"""

import argparse
import contextlib
import faulthandler
import gc
import importlib
import os
import socket
from collections.abc import Mapping
from functools import partial
from typing import Any

from medidense.io.guarded import fence
from medidense.io.guarded.desk import SharedDesk
from medidense.io.guarded.outcome import Task, perform
from medidense.io.guarded.wire import encode, receive, send

DECODERS = ("nibabel", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "pydicom.pixels.decoders", "imagecodecs")
"""What is slow to import and brings the rest along; what is not installed is missed when it is asked for."""


def main() -> None:
    """Import, shut in, and serve. Returns when the supervisor is gone."""
    parser = argparse.ArgumentParser(description="A worker of medidense, which starts it by itself.")
    parser.add_argument(
        "--channel", type=int, help="descriptor of a connected socket; without it: check and end"
    )
    parser.add_argument("--tasks", default="medidense.io.tasks", help="module that holds TASKS")
    given = parser.parse_args()
    channel = None if given.channel is None else socket.socket(fileno=given.channel)
    if channel is not None:
        fence.end_with(channel)
    faulthandler.enable()
    tasks: Mapping[str, Task] = importlib.import_module(given.tasks).TASKS
    for name in DECODERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # what is here now stays: collections after a task need not look at it
    fence.shut_in()
    space = fence.Space()
    if channel is not None:
        with contextlib.suppress(EOFError, OSError):
            send(channel, encode("ready", None))
            while True:
                _serve(receive(channel).body, channel, tasks, space)
                gc.collect()  # an array in a cycle of references would keep its address space
                space.widen(0)


def _serve(
    asked: Mapping[str, Any], channel: socket.socket, tasks: Mapping[str, Task], space: fence.Space
) -> None:
    """Do the one task that is asked for, in the caller's working directory, and say how it ended.

    Its memory is given back after that is said, for that takes a while.
    """
    with contextlib.suppress(OSError):  # then relative paths are not found, and said to be so
        os.chdir(asked["folder"])
    alive = partial(fence.wind_up, asked["seconds"])
    alive()
    desk = SharedDesk(channel, space.widen, alive)
    said = perform(lambda *given: tasks[asked["task"]](*given), asked["arguments"], desk)
    fence.wind_up(0)
    send(channel, said)


if __name__ == "__main__":
    main()
