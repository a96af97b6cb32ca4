"""Who decodes foreign bytes? A process of its own, that has limits and is asked over a socket.

Started by `guarded.starting` with ``--channel FD --ring FD``. What decodes is imported first, then the limits
are set; from then on it does one task after another, until the other end of the socket is closed. Started by
hand, ``python -m medidense.io.worker``, it only shows whether that works.
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

from medidense.io.guarded import fence
from medidense.io.guarded.desk import WorkerDesk
from medidense.io.guarded.outcome import Task, perform
from medidense.io.guarded.ring import Ring, send_arrays
from medidense.io.guarded.wire import encode, receive, send

DECODERS = ("nibabel", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "pydicom.pixels.decoders", "imagecodecs")
"""What is slow to import and brings the rest along; what is not installed is missed when it is asked for."""


def main() -> None:
    """Import, shut in, and serve. Returns when the supervisor is gone."""
    parser = argparse.ArgumentParser(description="A worker of medidense, which starts it by itself.")
    parser.add_argument("--channel", type=int, help="descriptor of its socket; without it: check and end")
    parser.add_argument("--ring", type=int, help="descriptor of the memory that arrays are sent through")
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
        ring = Ring(given.ring)
        os.close(given.ring)
        with contextlib.suppress(EOFError, OSError):
            _serve(channel, ring, tasks, space)


def _serve(channel: socket.socket, ring: Ring, tasks: Mapping[str, Task], space: fence.Space) -> None:
    """Do one task after another, each in the caller's working directory.

    Raises EOFError or OSError when the supervisor is gone.
    """
    send(channel, encode("ready", None))
    while True:
        asked = receive(channel).body
        with contextlib.suppress(OSError):  # then relative paths are not found, and said to be so
            os.chdir(asked["folder"])
        alive = partial(fence.wind_up, asked["seconds"])
        alive()
        desk = WorkerDesk(channel, space.widen, alive)
        answered, said = perform(tasks, asked["task"], asked["arguments"], desk)
        fence.wind_up(0)
        send(channel, said)
        if answered:
            send_arrays(channel, ring, desk.drafts)
        del desk
        gc.collect()  # an array in a cycle of references would keep its address space
        space.widen(0)


if __name__ == "__main__":
    main()
