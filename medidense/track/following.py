"""How does a run that is trained reach MLflow as it goes, without the training ever waiting for it?

A thread reads what the training has written and sends it. It shares nothing with the training but files:
a store that is away, slow or silent costs nothing but the moment at the end that `Follower.end` states.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from medidense import durable
from medidense.errors import LockedError, MedidenseError
from medidense.rundir import RunDir
from medidense.track.live import Live
from medidense.track.opening import LOCK, opened
from medidense.track.quiet import STORE_ERRORS
from medidense.track.session import Session
from medidense.track.store_errors import sentence

SHORTEST_S, LONGEST_S = 1.0, 10.0
"""Seconds between two looks at the files."""

SHARE = 1 / 100
"""Share of the time that goes into looking and sending."""

FIRST_S, RAREST_S = 10.0, 120.0
"""Seconds until a store that failed is asked again: at first, and at most, doubling between."""

TAKE_OVER_S = 3.0
"""Seconds between two tries to follow a run that another process follows."""

PATIENCE_S, BRIEF_S = 15.0, 1.0
"""Seconds that the end waits for the last look: where all went well, and where the store had failed."""


class Follower:
    """One run directory, followed by this process while no other one does."""

    def __init__(self, run: RunDir, working: Path, command: str) -> None:
        self._run, self._working, self._command = run, working, command
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="medidense-follower", daemon=True)
        self.problem = ""
        """Why the last look failed, empty where it did not."""

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def end(self) -> None:
        """Send what is new, and end: within `PATIENCE_S`, or `BRIEF_S` where the store had failed before."""
        latest = time.monotonic() + PATIENCE_S
        self._ending.set()
        if self.problem:
            self._thread.join(BRIEF_S)
        if not self.problem:  # nor was there one, or it has just gone
            self._thread.join(max(0.0, latest - time.monotonic()))

    @property
    def stuck(self) -> bool:
        """True where the store has not answered although the end was waited for."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                with durable.locked(self._run.path, LOCK):
                    self._follow()
            except LockedError:
                self._ending.wait(TAKE_OVER_S)
            except MedidenseError as error:
                self.problem = error.lines[0]
                return

    def _follow(self) -> None:
        """Look until the end, and once more then, unless the store had failed."""
        session: Session | None = None
        pause, failures, ending = 0.0, 0, False
        while not ending:
            ending = self._ending.wait(pause)
            if ending and self.problem:
                return
            begun = time.monotonic()
            try:
                session = session or opened(self._run, self._working, self._command)
                Live(session).look()
            except STORE_ERRORS as error:
                self.problem, session = sentence(error), None
            except MedidenseError as error:
                self.problem, session = error.lines[0], None
            else:
                self.problem, failures = "", 0
                pause = min(LONGEST_S, max(SHORTEST_S, (time.monotonic() - begun) / SHARE))
                continue
            pause, failures = min(RAREST_S, FIRST_S * 2**failures), failures + 1


@contextlib.contextmanager
def followed(run: RunDir, *, working: Path, command: str) -> Iterator[Follower]:
    """Follow a run while the block trains it; the block tells `run.journal` how it ends before this ends.

    `working` is the folder whose ``mlruns`` is the default store; `command` stands where MLflow would write
    the script's path. Nothing is raised: `Follower.problem` says why the store could not be had.
    """
    follower = Follower(run, working, command)
    follower.start()
    try:
        yield follower
    finally:
        follower.end()
