"""What has happened so far in a training that may still go on, so that a kill loses no epoch?"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from medidense import durable
from medidense.errors import WriteError
from medidense.rundir.presence import Presence, this_process
from medidense.values import EpochRecord

State = Literal["nothing", "at work", "stopped", "failed", "killed"]
"""Nothing was begun; a process is at it; the last one ended in order, with an error, or without a word."""


@dataclass(frozen=True)
class Happened:
    """What a journal says. Times are seconds since 1970, of each epoch the one at which it ended."""

    state: State = "nothing"
    begun: float | None = None
    ended: float | None = None
    """When the last process ended, None while one is at work or where it was killed."""
    process: Presence | None = None
    """The last one that began."""
    epochs: tuple[tuple[EpochRecord, float], ...] = ()


class Journal:
    """A file of JSON lines that grows: processes that begin and end, epochs as they are done.

    It serves those who watch: no result depends on it, so a line that cannot be written (a full disk) is left
    out. An epoch that is done again after a kill keeps its first line.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._told: set[int] | None = None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Between a line that this process begins and one that says how it ended."""
        process = asdict(this_process())
        self._add({"begun": self._clock(), "process": process})
        how = "failed"
        try:
            yield
            how = "stopped"
        finally:
            self._add({"ended": self._clock(), "how": how, "process": process})

    def tell(self, record: EpochRecord) -> None:
        """Write an epoch that has just ended, unless it stands there."""
        if self._told is None:
            self._told = {known.epoch for known, _ in self.read().epochs}
        if record.epoch not in self._told:
            self._told.add(record.epoch)
            self._add(_rounded(asdict(record)) | {"time": self._clock()})

    def read(self) -> Happened:
        """What has happened so far; lines that are torn are passed over."""
        begun: list[tuple[float, Presence]] = []
        ended: dict[Presence, tuple[float, State]] = {}
        epochs: dict[int, tuple[EpochRecord, float]] = {}
        for line in self._lines():
            with contextlib.suppress(KeyError, TypeError, ValueError):
                if "epoch" in line:
                    moment = float(line.pop("time"))
                    record = EpochRecord(**line)
                    epochs.setdefault(record.epoch, (record, moment))
                elif "begun" in line:
                    process = Presence(**line["process"])
                    begun.append((float(line["begun"]), process))
                    ended.pop(process, None)
                else:
                    how: State = "stopped" if line["how"] == "stopped" else "failed"
                    ended[Presence(**line["process"])] = (float(line["ended"]), how)
        told = tuple(epochs[number] for number in sorted(epochs))
        if not begun:
            return Happened(epochs=told)
        state, end = _state([process for _, process in begun], ended)
        return Happened(state, begun[0][0], end, begun[-1][1], told)

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                tree = json.loads(line)
                if isinstance(tree, dict):
                    yield tree

    def _add(self, line: Mapping[str, object]) -> None:
        with contextlib.suppress(WriteError):
            durable.append_line(self.path, json.dumps(line))


def _state(
    begun: list[Presence], ended: Mapping[Presence, tuple[float, State]]
) -> tuple[State, float | None]:
    """How it stands with the processes that began, and when the last one ended."""
    here = this_process()
    if any(process not in ended and process.lives(here) is not False for process in begun):
        return "at work", None
    if begun[-1] not in ended:
        return "killed", None
    moment, how = max(ended.values())
    return how, moment


def _rounded(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as epochs.csv holds them."""
    return {key: float(f"{cell:.9g}") if isinstance(cell, float) else cell for key, cell in tree.items()}
