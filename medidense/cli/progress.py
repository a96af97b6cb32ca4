"""How long work shows that it goes on: a bar on a terminal, a line a step in a log, nothing with --json.

All of it goes to stderr, so that stdout holds the result alone.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medidense.cli.printing import duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

Follow = Callable[..., None]
"""Called as ``follow(step, done, total, note="")``: the shape of `medidense.verbs.progress.Progress`."""


@contextlib.contextmanager
def following(*, as_json: bool) -> Iterator[Follow]:
    """A listener for one verb; what it draws is cleared up when the block ends, on an error too."""
    if as_json:
        yield _silent
    elif sys.stderr.isatty():
        with _bars() as follow:
            yield follow
    else:
        lines = StepLines()
        yield lines
        lines.finish()


def _silent(step: str, done: int, total: int | None, note: str = "") -> None:
    """Listen and say nothing."""


@dataclass
class StepLines:
    """Prints a line when a step begins and one when it ends, so that a log stays short.

    A step ends when `done` reaches `total`, when another one begins, or at `finish`.
    """

    write: Callable[[str], None] = field(default=lambda line: print(line, file=sys.stderr, flush=True))
    clock: Callable[[], float] = time.monotonic
    step: str = ""
    done: int = 0
    began: float = 0.0

    def __call__(self, step: str, done: int, total: int | None, note: str = "") -> None:
        """Take in one report."""
        if step != self.step:
            self.finish()
            self.step, self.began = step, self.clock()
            self.write(f"{step} ..." + (f" ({note})" if note else ""))
        self.done = done
        if total is not None and done >= total:
            self._end(note)

    def finish(self) -> None:
        """End the step that is still open, if one is."""
        self._end("")

    def _end(self, note: str) -> None:
        if self.began or self.step:
            tail = f", {note}" if note else ""
            amount = f"{self.done} in " if self.done > 1 else ""
            self.write(f"{self.step}: done, {amount}{duration(self.clock() - self.began)}{tail}")
        self.step, self.done, self.began = "", 0, 0.0


@contextlib.contextmanager
def _bars() -> Iterator[Follow]:
    """Bars drawn by rich on stderr, one for each step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _RichSteps(progress)


@dataclass
class _RichSteps:
    """Passes reports on to rich: a new step is a new bar, and the bar before it is full."""

    progress: "RichProgress"
    step: str = ""
    task: "TaskID | None" = None

    def __call__(self, step: str, done: int, total: int | None, note: str = "") -> None:
        if self.task is None or step != self.step:
            self._fill()
            self.step, self.task = step, self.progress.add_task(step, total=total, note=note)
        self.progress.update(self.task, completed=done, total=total, note=note[:40])

    def _fill(self) -> None:
        """The last step is over, whether or not it said how long it would be."""
        if self.task is not None:
            done = self.progress.tasks[self.task].completed
            self.progress.update(self.task, completed=done, total=done or 1)
