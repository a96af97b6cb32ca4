"""What does MLflow cost a cross-validation: when all is well, and when the server hangs?

    python benchmarks/tracking.py [--turns 3] [--epochs 40]
    python benchmarks/tracking.py --cohort COHORT.csv --recipe RECIPE.yaml [--turns 2]
    python benchmarks/tracking.py --run RUN_DIR

A cross-validation, of phantoms or of the cohort given, is timed untracked, tracked into SQLite, and tracked
by a server that accepts and never answers, the sides in turns. With `--run` a finished run is logged into a
new store and the time is set against what its folds took to train.
"""

import argparse
import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from turns import Cost, Side, in_turns, timed

from medidense import verbs
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.rundir import RunDir
from medidense.verbs.watching import log_finished


@contextlib.contextmanager
def hanging_server() -> Iterator[str]:
    """The address of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(listening.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for one in held:
            one.close()


SMALL = {"network.name": "densenet_small", "training.threads": 1, "evaluation.bootstrap": 200}
"""The recipe for phantoms: little besides the training that tracking could hide behind."""


def sides_of(cohort: Path, folder: Path, asked: argparse.Namespace, server: str) -> dict[str, Side]:
    """What one turn of each side does; everything it makes lies in `folder`."""
    settings = {} if asked.recipe else dict(SMALL)
    if asked.epochs:
        settings["training.epochs"] = asked.epochs

    def trained(name: str, uri: str | None) -> None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if uri:
            os.environ["MLFLOW_TRACKING_URI"] = uri
        place = folder / f"{name}-run"
        shutil.rmtree(place, ignore_errors=True)
        options = verbs.CvOptions(
            folds=asked.folds,
            seed=1,
            device="cpu",
            out=place,
            settings=settings,
            tracked=name != "untracked",
        )
        result = verbs.cv(cohort, recipe=asked.recipe, options=options)
        if name != "untracked":
            print(f"  {name}: {result.tracking[:160]}", flush=True)

    store = f"sqlite:///{folder}/{time.monotonic_ns()}.db"
    addresses = {"untracked": None, "SQLite": store, "hanging": server}
    return {name: told(name, timed(partial(trained, name, uri))) for name, uri in addresses.items()}


def told(name: str, side: Side) -> Side:
    """The side that also prints what each turn took: a turn that something else disturbed is seen."""

    def telling() -> Cost:
        cost = side()
        print(f"  {name}: {cost.wall:.1f} s wall, {cost.cpu:.1f} s CPU", flush=True)
        return cost

    return telling


def compare(asked: argparse.Namespace) -> None:
    """Print the three sides, and what tracking adds."""
    with tempfile.TemporaryDirectory(prefix="medidense-tracking-") as place, hanging_server() as server:
        os.environ["XDG_CONFIG_HOME"] = f"{place}/config"
        phantoms = write_cohort(Path(place) / "phantoms", PhantomOptions(subjects=asked.subjects, seed=3))
        short = argparse.Namespace(**vars(asked) | {"epochs": 1, "recipe": None})
        in_turns(
            sides_of(phantoms, Path(place), short, server), 1, warm=0
        )  # what is loaded once is loaded now
        cohort = asked.cohort or phantoms
        costs = in_turns(sides_of(cohort, Path(place), asked, server), asked.turns, warm=0)
    plain = costs["untracked"]
    for name, cost in costs.items():
        wall, cpu = cost.wall / plain.wall - 1, cost.cpu / plain.cpu - 1
        print(f"{name:10} {cost.wall:7.1f} s wall ({wall:+.1%})  {cost.cpu:7.1f} s CPU ({cpu:+.1%})")


def log_again(run: Path) -> None:
    """Log a finished run into a new store, once in a process that has loaded MLflow."""
    with tempfile.TemporaryDirectory(prefix="medidense-tracking-") as place:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/store/mlflow.db"
        os.environ["XDG_CONFIG_HOME"] = f"{place}/config"
        copy = RunDir(Path(place) / "run")
        shutil.copytree(run, copy.path)
        copy.tracking_path.unlink(missing_ok=True)
        wall, cpu = time.monotonic(), time.process_time()
        tracked = log_finished(copy, "medidense cv")
        spent = Cost(time.monotonic() - wall, time.process_time() - cpu)
        folds = [copy.fold(index) for index in range(copy.folds)]
        trained = sum(record.seconds for fold in folds for record in fold.epochs())
    if tracked.problem:
        raise SystemExit(tracked.words)
    print(f"trained for {trained:.0f} s; logged whole, store and model included, in {spent.cpu:.1f} s of CPU")
    print(f"{spent.wall:.1f} s by the clock; CPU is {spent.cpu / trained:.2%} of the training")


def main() -> None:
    """Compare the sides, or log one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="40 for phantoms; else as the recipe says")
    parser.add_argument("--cohort", type=Path)
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--subjects", type=int, default=24)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--run", type=Path)
    asked = parser.parse_args()
    if not (asked.epochs or asked.recipe):
        asked.epochs = 40
    if asked.run:
        log_again(asked.run)
    else:
        compare(asked)


if __name__ == "__main__":
    main()
