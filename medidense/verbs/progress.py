"""How a verb tells how far it is, without knowing who listens."""

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Called with the step's name, how much of it is done, and how much there is (None: not known)."""

    def __call__(self, step: str, done: int, total: int | None, note: str = "") -> None:
        """Take note of it; must return quickly and never raise."""


def quiet(step: str, done: int, total: int | None, note: str = "") -> None:
    """Listen to nothing."""


def counting(progress: Progress, step: str, total: int | None = None) -> Callable[[int], None]:
    """A listener of one step, for rooms that only count."""

    def told(done: int) -> None:
        progress(step, done, total)

    return told
