"""What does the guard for untrusted files cost: a task in a worker against the same task in this process?

Two tasks, both sides in turns: an empty one (the round trip), and one that fills a volume of 512 x 512 slices
of int16, slice by slice as a reader does, which the caller then reads once. Also: many items of 1 ms of work,
spread over all workers, and how long a worker takes to start. Median wall time, and beside it the CPU time
of both processes: on a machine that others use too, only they mean something.

    python benchmarks/guard.py --slices 300 --repeats 7
"""

import argparse
import os
import statistics
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from medidense.io.guarded import Desk, LocalDesk
from medidense.io.guarded.pool import Pool

ROWS = 512
Cost = tuple[float, float]


def nothing(arguments: Mapping[str, Any], desk: Desk) -> float:
    """CPU seconds of this process so far."""
    return process_time()


def spin(arguments: Mapping[str, Any], desk: Desk) -> float:
    """Keep a core busy, as decoding a slice does."""
    end = process_time() + arguments["seconds"]
    while process_time() < end:
        pass
    return process_time()


def fill(arguments: Mapping[str, Any], desk: Desk) -> float:
    """A volume (columns, rows, slices), each slice copied from a buffer as it would come from a file."""
    slices = arguments["slices"]
    source = np.arange(ROWS * ROWS, dtype=np.int16).reshape(ROWS, ROWS)
    volume = desk.array((ROWS, ROWS, slices), np.int16)
    for k in range(slices):
        volume.T[k] = source
        desk.beat()
    return process_time()


TASKS = {"nothing": nothing, "spin": spin, "fill": fill}


def guarded(pool: Pool, task: str, arguments: Mapping[str, Any]) -> Cost:
    """Wall and CPU seconds of a task in a worker, the result read once."""
    before = pool.call("nothing", {}, where="benchmark").value
    wall, cpu = perf_counter(), process_time()
    answer = pool.call(task, arguments, where="benchmark")
    for array in answer.arrays:
        array.max()
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return wall, cpu + pool.call("nothing", {}, where="benchmark").value - before


def direct(task: str, arguments: Mapping[str, Any]) -> Cost:
    """The same in this process."""
    wall, cpu = perf_counter(), process_time()
    desk = LocalDesk("benchmark")
    TASKS[task](arguments, desk)
    for array in desk.arrays:
        array.max()
    return perf_counter() - wall, process_time() - cpu


def many(pool: Pool, items: int) -> Cost:
    """A task of 1 ms for each of many items, spread over all workers; CPU seconds of this process alone."""
    wall, cpu = perf_counter(), process_time()
    for _ in pool.call_each("spin", [{"seconds": 1e-3}] * items, where=str):
        pass
    return perf_counter() - wall, process_time() - cpu


def started() -> Cost:
    """From nothing to the first answer of a worker."""
    wall, cpu = perf_counter(), process_time()
    with Pool(Path(__file__).stem, size=1) as pool:
        pool.call("nothing", {}, where="benchmark")
        return perf_counter() - wall, process_time() - cpu


def report(name: str, costs: list[Cost], unit: float = 1e3) -> None:
    """One line: medians in milliseconds, or in what `unit` a second is."""
    wall, cpu = (statistics.median(column) * unit for column in zip(*costs, strict=True))
    print(f"{name:44} wall {wall:9.3f}   cpu {cpu:9.3f}   {'ms' if unit == 1e3 else 'us'}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300, help="slices of the volume")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, of which the median is printed")
    given = parser.parse_args()
    here = str(Path(__file__).parent.absolute())
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    report("worker, start to first answer", [started() for _ in range(given.repeats)])
    volume = {"slices": given.slices}
    with Pool(Path(__file__).stem) as pool:
        sides: dict[str, Callable[[], Cost]] = {
            "nothing, guarded": partial(guarded, pool, "nothing", {}),
            "nothing, in process": partial(direct, "nothing", {}),
            f"{given.slices} slices of 512 x 512, guarded": partial(guarded, pool, "fill", volume),
            f"{given.slices} slices of 512 x 512, in process": partial(direct, "fill", volume),
        }
        for name, side in list(sides.items())[:2]:
            report(name, [side() for _ in range(300 * given.repeats)], 1e6)
        turns = [[sides[name]() for name in list(sides)[2:]] for _ in range(given.repeats + 1)][1:]
        for name, costs in zip(list(sides)[2:], zip(*turns, strict=True), strict=True):
            report(name, list(costs))
        many(pool, 100)
        report(f"1000 items of 1 ms, {pool.size} workers", [many(pool, 1000) for _ in range(given.repeats)])


if __name__ == "__main__":
    main()
