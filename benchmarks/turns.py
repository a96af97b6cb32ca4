"""Which side is faster, and does the ratio reach its bar? Both sides measured in turns, in one run.

A busy machine slows both sides of a turn alike, so ratios of medians stand where seconds do not. CPU seconds
stand beside the wall clock: on a machine that others use too, only they mean something.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from process_tree import cpu_seconds


class Cost(NamedTuple):
    """Seconds of one side: by the clock, and of CPU in the process and its workers."""

    wall: float
    cpu: float


Side = Callable[[], Cost]


def timed(action: Callable[[], object]) -> Side:
    """The side that does `action` in this process. Its result is let go after the clock has stopped."""

    def side() -> Cost:
        cpu, wall = cpu_seconds(), perf_counter()
        kept = action()
        cost = Cost(perf_counter() - wall, cpu_seconds() - cpu)
        del kept
        return cost

    return side


def in_turns(sides: Mapping[str, Side], turns: int, *, warm: int = 1) -> dict[str, Cost]:
    """Median cost of each side over `turns`, the sides one after the other in each; `warm` turns before."""
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for turn in range(warm + turns):
        for name, side in sides.items():
            cost = side()
            if turn >= warm:
                costs[name].append(cost)
    return {
        name: Cost(
            statistics.median(cost.wall for cost in each), statistics.median(cost.cpu for cost in each)
        )
        for name, each in costs.items()
    }


@dataclass(frozen=True)
class Bar:
    """A figure beside what it must reach; None is a figure that was not measured, or one without a bar."""

    what: str
    value: float | None
    limit: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return f"  {self.what:<48} not measured"
        text = f"  {self.what:<48} {self.value:8.3g}"
        if self.limit is None:
            return text
        holds = self.value >= self.limit if self.at_least else self.value <= self.limit
        word = "at least" if self.at_least else "at most"
        return f"{text}   {word} {self.limit:g}: {'holds' if holds else 'DOES NOT HOLD'}"


def ratio(costs: Mapping[str, Cost], ours: str, theirs: str, clock: str = "wall") -> float | None:
    """Seconds of one side over those of another, by ``wall`` or ``cpu``; None where one was not measured."""
    if ours not in costs or theirs not in costs:
        return None
    return float(getattr(costs[ours], clock) / max(getattr(costs[theirs], clock), 1e-9))


def print_costs(costs: Mapping[str, Cost]) -> None:
    """A line for each side."""
    for name, cost in costs.items():
        print(f"  {name:<32} wall {cost.wall:9.4f} s   CPU {cost.cpu:9.4f} s")


def print_bars(bars: Sequence[Bar]) -> None:
    """A line for each figure; a bar that does not hold is said, never raised."""
    print(*bars, sep="\n", flush=True)
