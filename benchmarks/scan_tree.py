"""How many headers a second does ``medidense.scan`` take in, and with how much memory?

A made-up tree (20,000 CT files in 2,000 studies) is scanned in turns by: ours, ``medidense.scan`` into a new
catalogue; a plain ``ProcessPoolExecutor`` of two workers that calls pydicom's
``dcmread(stop_before_pixels=True)`` on a given list of the same files, 100 a task, and keeps three UIDs; and
ours again with the catalogue just written, the tree unchanged. Each runs in a fresh child process, its clock
started after its imports. Memory is the peak of the child and its workers, sampled.

    python benchmarks/scan_tree.py --instances 20000 --turns 3
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from made_series import write_tree
from process_tree import answer, watch
from pydicom import dcmread
from turns import Bar, Cost, in_turns, print_bars, print_costs, timed

WORKERS = 2
FILES_A_TASK = 100
SAMPLED_EVERY_S = 0.2
"""A sample takes about 6 ms of CPU: often enough to see the peak, too seldom to slow the scan."""
MEMORY_BAR_MIB = 350.0


def uids_of(file: Path) -> tuple[str, str, str]:
    """Study, series and instance of one file, its pixels not read."""
    found = dcmread(file, stop_before_pixels=True)
    return str(found.StudyInstanceUID), str(found.SeriesInstanceUID), str(found.SOPInstanceUID)


def by_pool(files: list[Path]) -> int:
    """All headers through a plain pool; how many there were."""
    with ProcessPoolExecutor(WORKERS) as pool:
        return len(list(pool.map(uids_of, files, chunksize=FILES_A_TASK)))


def by_medidense(scan: Callable[..., Any], tree: Path, out: Path) -> int:
    """One scan; how many files it lists."""
    return sum(entry.files for entry in scan([tree], out=out).entries)


def run_child(side: str, tree: Path, out: Path) -> None:
    """One side, timed in this process."""
    if side == "pool":
        act = partial(by_pool, sorted(tree.rglob("*.dcm")))
    else:
        act = partial(by_medidense, import_module("medidense").scan, tree, out)

    def measured() -> dict[str, Any]:
        counted: list[int] = []
        cost = timed(lambda: counted.append(act()))()
        return {"wall": cost.wall, "cpu": cost.cpu, "files": counted[0]}

    answer(measured)


class Scans:
    """The sides on one tree: each call runs one in a child and notes its peak memory in MiB."""

    def __init__(self, tree: Path, instances: int) -> None:
        self.tree, self.instances = tree, instances
        self.names = count()
        self.catalogue = tree.with_suffix(".csv")
        self.peaks: dict[str, float] = {}

    def first(self) -> Cost:
        """Ours into a catalogue that does not exist yet."""
        self.catalogue = self.tree.with_name(f"catalogue{next(self.names)}.csv")
        return self._run("medidense")

    def again(self) -> Cost:
        """Ours with the catalogue of the last `first`."""
        return self._run("medidense")

    def pool(self) -> Cost:
        """The plain pool."""
        return self._run("pool")

    def _run(self, side: str) -> Cost:
        watched = watch(__file__, ["--child", side, str(self.tree), str(self.catalogue)], SAMPLED_EVERY_S)
        if watched.said["files"] != self.instances:
            print(f"{side} FOUND {watched.said['files']} files of {self.instances}")
        if watched.peak is not None:
            self.peaks[side] = max(self.peaks.get(side, 0.0), watched.peak / 2**20)
        return Cost(watched.said["wall"], watched.said["cpu"])


def main() -> None:
    """Print the table and the bars."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=20_000)
    parser.add_argument("--per-study", type=int, default=10)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        side, tree, out = options.child
        run_child(side, Path(tree), Path(out))
        return
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        write_tree(tree, options.instances, options.per_study)
        scans = Scans(tree, options.instances)
        sides = {"medidense": scans.first, "pool": scans.pool, "medidense again": scans.again}
        costs = in_turns(sides, options.turns, warm=0)  # each is a fresh process; the files were just written
    print(f"{options.instances} files, {options.per_study} in a study, medians of {options.turns} turns")
    print_costs(costs)
    walls = {name: cost.wall for name, cost in costs.items()}
    rates = {name: options.instances / wall for name, wall in walls.items()}
    print_bars(
        [
            Bar("medidense, headers a second", rates["medidense"]),
            Bar("pool, headers a second", rates["pool"]),
            Bar("headers a second, of the pool's", rates["medidense"] / rates["pool"], 1.2, at_least=True),
            Bar("medidense, headers a second of CPU", options.instances / costs["medidense"].cpu),
            Bar("pool, headers a second of CPU", options.instances / costs["pool"].cpu),
            Bar("headers a second of CPU, of the pool's", costs["pool"].cpu / costs["medidense"].cpu),
            Bar(
                "second scan, times faster", walls["medidense"] / walls["medidense again"], 10, at_least=True
            ),
            Bar("peak memory of all processes, MiB", scans.peaks.get("medidense"), MEMORY_BAR_MIB),
            Bar("the pool's, MiB", scans.peaks.get("pool")),
        ]
    )


if __name__ == "__main__":
    main()
