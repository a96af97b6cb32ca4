"""What became of the weights that a training started from?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Fate = Literal["loaded", "inflated", "summed", "skipped"]
FATES: tuple[Fate, ...] = ("loaded", "inflated", "summed", "skipped")


@dataclass(frozen=True)
class TensorFate:
    """One tensor: its name in the network (empty: it has none), its name in the file (empty: not there).

    ``loaded`` as it was, ``inflated`` from 2D to 3D, ``summed`` over the input channels, or ``skipped``;
    `reason` says what was done or why nothing was.
    """

    tensor: str
    found_as: str
    fate: Fate
    reason: str = ""


@dataclass(frozen=True)
class StartReport:
    """Every tensor of the network and of the file, with the names' source and the file's sha256."""

    source: str
    sha256: str
    tensors: tuple[TensorFate, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tensors met each fate."""
        found = Counter(item.fate for item in self.tensors)
        return {fate: found[fate] for fate in FATES}

    def line(self) -> str:
        """One line for a log.

        >>> StartReport("timm", "", (TensorFate("a", "a", "loaded"),)).line()
        'timm: 1 loaded, 0 inflated, 0 summed, 0 skipped'
        """
        return f"{self.source}: " + ", ".join(f"{number} {fate}" for fate, number in self.counts.items())
