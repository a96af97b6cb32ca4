"""What share of one cross-validation goes into MLflow, told apart inside the run?

    python benchmarks/tracking_share.py [--cohort COHORT.csv --recipe RECIPE.yaml] [--epochs 40]

Whole runs beside each other (tracking.py) differ by more, on a machine that others use too, than tracking
takes. So the seconds of one run are told apart, once with a store in SQLite and once with a server that
accepts and never answers: the CPU of the thread that follows the training, MLflow's import with it; what the
end of the training waits for that thread; and the final logging, model included, when nothing is trained any
more. By the clock the thread costs the training at most its own CPU, as if no other core were there.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from process_tree import cpu_seconds
from tracking import SMALL, hanging_server
from turns import Bar, print_bars, timed

from medidense import verbs
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.track import Follower
from medidense.verbs import cross_validation


@dataclass
class Spent:
    """Seconds that went into tracking so far."""

    following_cpu: float = 0.0
    ending_wall: float = 0.0
    logging_cpu: float = 0.0
    logging_wall: float = 0.0

    @property
    def cpu(self) -> float:
        """Of CPU."""
        return self.following_cpu + self.logging_cpu

    @property
    def wall(self) -> float:
        """By the clock, at most."""
        return self.following_cpu + self.ending_wall + self.logging_wall


@contextlib.contextmanager
def told_apart() -> Iterator[Spent]:
    """Counts what runs in this block spend on tracking."""
    spent, end, log = Spent(), Follower.end, cross_validation.log_finished

    def ending(follower: Follower) -> None:
        thread, begun = follower._thread, time.monotonic()
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        watched = time.clock_gettime(clock)  # a thread that ends while it is waited for has no clock then
        before = time.process_time()
        end(follower)
        spent.ending_wall += time.monotonic() - begun
        spent.following_cpu += watched + time.process_time() - before

    def logging(*given: Any) -> Any:
        begun, before = time.monotonic(), cpu_seconds()
        try:
            return log(*given)
        finally:
            spent.logging_wall += time.monotonic() - begun
            spent.logging_cpu += cpu_seconds() - before

    with patch.object(Follower, "end", ending), patch.object(cross_validation, "log_finished", logging):
        yield spent


def shares(name: str, uri: str, cohort: Path, folder: Path, asked: argparse.Namespace) -> tuple[float, float]:
    """Train once, print what tracking took; the shares of wall and CPU that it adds to the rest."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    settings = {} if asked.recipe else dict(SMALL)
    if asked.epochs:
        settings["training.epochs"] = asked.epochs
    options = verbs.CvOptions(folds=asked.folds, seed=1, device="cpu", out=folder / name, settings=settings)
    with told_apart() as spent:
        cost = timed(lambda: print(verbs.cv(cohort, recipe=asked.recipe, options=options).tracking[:160]))()
    print(
        f"{name}: {cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU; "
        f"followed with {spent.following_cpu:.2f} s CPU, "
        f"waited {spent.ending_wall:.2f} s at the end of training, "
        f"logged in {spent.logging_wall:.2f} s wall, {spent.logging_cpu:.2f} s CPU",
        flush=True,
    )
    return spent.wall / (cost.wall - spent.wall), spent.cpu / (cost.cpu - spent.cpu)


def main() -> None:
    """Train with each store, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--epochs", type=int, help="40 for phantoms; else as the recipe says")
    parser.add_argument("--cohort", type=Path)
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--subjects", type=int, default=24)
    parser.add_argument("--folds", type=int, default=5)
    asked = parser.parse_args()
    if not (asked.epochs or asked.recipe):
        asked.epochs = 40
    with tempfile.TemporaryDirectory(prefix="medidense-share-") as place, hanging_server() as server:
        folder = Path(place)
        os.environ["XDG_CONFIG_HOME"] = f"{place}/config"
        cohort = asked.cohort or write_cohort(
            folder / "phantoms", PhantomOptions(subjects=asked.subjects, seed=3)
        )
        stores = {"SQLite": (f"sqlite:///{folder}/store/mlflow.db", 0.02), "hanging": (server, 0.05)}
        bars = []
        for name, (uri, most) in stores.items():
            wall, cpu = shares(name, uri, cohort, folder, asked)
            bars += [Bar(f"{name}, added wall at most", wall, most), Bar(f"{name}, added CPU", cpu, most)]
    print_bars(bars)


if __name__ == "__main__":
    main()
