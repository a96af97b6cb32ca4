"""When is the state of a training written, and what is said of it when the training stops?"""

import contextlib
import time
from collections.abc import Callable, Iterator

from medidense.errors import DivergedError, WriteError
from medidense.rundir import StateFiles
from medidense.values import TrainingState

SHARE = 1 / 20
"""Share of the time of a training that goes into writing its states."""

LONGEST_S = 60.0
"""Seconds of training that a kill may cost, beside the epoch that it breaks."""

FIRST_S = 0.25
"""What the first writing is taken to cost, in seconds: a training of a few seconds writes nothing."""


class Keeper:
    """The newest state of a training: in memory after every epoch, in its files now and then.

    It is written at the end of an epoch when the last writing lies twenty times as long back as it took, or a
    minute; and whenever the training stops before its end. When it is written changes no result. Of several
    processes that train together one `writes`.
    """

    def __init__(
        self, files: StateFiles, clock: Callable[[], float] = time.monotonic, *, writes: bool = True
    ) -> None:
        self._files, self._clock, self._writes = files, clock, writes
        self._written, self._cost = clock(), FIRST_S
        self._waiting: TrainingState | None = None
        self._last, damaged = files.newest()
        self.begun = self._kept = 0 if self._last is None else self._last.epoch
        """The epochs that are done before the training begins."""
        said = [f"{name} is damaged" for name in damaged]
        if self.begun:
            said.append(f"goes on after epoch {self.begun}")
        elif damaged:
            said.append("begins anew")
        self.note = "; ".join(said)
        """How the training begins, for its log line."""

    def last(self) -> TrainingState | None:
        """The newest whole state in the files, once."""
        state, self._last = self._last, None
        return state

    def keep(self, state: TrainingState) -> None:
        """Hold the state, and write it when it is time. Raises WriteError."""
        self._waiting = state
        if self._clock() - self._written >= min(LONGEST_S, self._cost / SHARE):
            self._write()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Whatever ends the block early, Ctrl-C or SIGTERM among them, the newest state is in the files.

        A DivergedError then names the epoch that is kept. A disk that is full leaves the state before.
        """
        try:
            yield
        except DivergedError as error:
            self._rescue()
            raise self._with_epoch(error) from error
        except BaseException:
            self._rescue()
            raise

    def _rescue(self) -> None:
        with contextlib.suppress(WriteError):
            self._write()

    def _write(self) -> None:
        if self._waiting is None or not self._writes:
            return
        begun = self._clock()
        self._files.write(self._waiting)
        self._kept, self._waiting = self._waiting.epoch, None
        self._written = self._clock()
        self._cost = self._written - begun

    def _with_epoch(self, error: DivergedError) -> DivergedError:
        """The same, and which epoch's end is kept."""
        problem = error.problems[0]
        kept = f"the state after epoch {self._kept} is kept" if self._kept else "no epoch was finished"
        step = f"{kept}; {problem.next_step}"
        return DivergedError(problem.where, problem.rule, problem.found, step)
