"""How are the folds of a run trained on a Ray cluster? Each as a task that does what ``cv --fold K`` does.

What tasks are told is plain text and numbers, and what trains, by its name; data and results lie in files
that all machines see. A task whose worker is lost is given to another one, which goes on from the fold's last
state.
"""

import contextlib
import importlib.util
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medidense import errors
from medidense.errors import LockedError, MedidenseError, Problem, UsageError
from medidense.predict import count_threads
from medidense.rundir import RunDir
from medidense.verbs.options import CvOptions
from medidense.verbs.progress import Progress

TRIES = 3
"""How often a fold is given to another worker when one is lost."""

LOOK_S = 1.0

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Nothing is told to Ray's makers, and it takes no GPU out of sight."""

STORE = 80 << 20
"""Bytes of a local Ray's store for objects: only figures pass through it (its least is 75 MiB)."""

STEP = "train folds on Ray"


def require_ray() -> None:
    """Raise UsageError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        step = "pip install 'medidense[ray]', or leave --folds-on out"
        raise UsageError("--folds-on ray", "needs the ray library", "it is not installed", step)


Train = Callable[..., object]
"""`cv`, or what is called like it; a worker finds it again by its name."""


def train_on_ray(
    train: Train, run: RunDir, cohort: Path, recipe: Path | None, options: CvOptions, progress: Progress
) -> tuple[int, ...]:
    """Have `train` train the folds that are missing; returns those that are finished now. One that is held is
    left out.

    Raises what the training of a fold raises, after the others have ended, UsageError where Ray is not
    installed, not there, or has no room for a fold, MedidenseError where workers were lost too often.
    """
    missing, (cpus, gpus) = run.missing, _needed(run)
    words = dict(
        vars(replace(options, out=run.path.resolve(), folds_on="here", ray_address=None, tracked=False))
    )
    told = (str(Path.cwd()), str(cohort.resolve()), None if recipe is None else str(recipe.resolve()), words)
    outcomes: dict[int, Any] = {}
    with _cluster(options.ray_address, cpus, gpus) as ray:
        task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=TRIES)(train_one)
        waiting = {task.remote(train, *told, index): index for index in missing}
        progress(STEP, 0, len(missing))
        while waiting:
            for reference in ray.wait(list(waiting), timeout=LOOK_S)[0]:
                index = waiting.pop(reference)
                try:
                    outcomes[index] = ray.get(reference)
                except ray.exceptions.RayError as error:
                    outcomes[index] = _lost(index, error)
                progress(STEP, len(outcomes), len(missing), f"fold {index}")
    for index in sorted(outcomes):
        if outcomes[index] is not None:
            name, problems = outcomes[index]
            kind = getattr(errors, name, MedidenseError)
            if kind is not LockedError:
                raise kind.several([Problem(**problem) for problem in problems])
    return tuple(index for index in missing if run.fold(index).done)


def train_one(
    train: Train, folder: str, cohort: str, recipe: str | None, words: dict[str, Any], index: int
) -> Any:
    """One fold, in a worker, by `train`: None, or the name and the problems of the error that it ended with.

    `folder` is the one from which the recipe's relative paths (start.weights) lead.
    """
    try:
        options = CvOptions(**{**words, "fold": (index,)})
        with contextlib.chdir(folder) if Path(folder).is_dir() else contextlib.nullcontext():
            train(Path(cohort), recipe=None if recipe is None else Path(recipe), options=options)
    except MedidenseError as error:
        return type(error).__name__, [vars(problem) for problem in error.problems]
    return None


def _needed(run: RunDir) -> tuple[int, int]:
    """CPUs and GPUs that a fold takes."""
    device = run.about()["device"]
    devices = int(device.get("devices", 1))
    return int(device["threads"]) * devices, devices if device["name"] == "cuda" else 0


@contextlib.contextmanager
def _cluster(address: str | None, cpus: int, gpus: int) -> Iterator[Any]:
    """Ray, connected to the cluster at `address`, or to one of this machine alone that ends with the block.

    Ray listens on all interfaces, whatever address it is given, and runs what it is told to: one that is
    started here asks for a token that nobody else has.
    """
    os.environ |= QUIET
    if address is None:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    require_ray()
    import ray

    handler = signal.getsignal(signal.SIGTERM)
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            here = {"num_cpus": max(cpus, count_threads(0)), "object_store_memory": STORE}
            ray.init("local", include_dashboard=False, **here, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        step = "check --ray-address, or leave it out for this machine alone"
        raise UsageError("--folds-on ray", "Ray cannot be reached", error, step) from None
    with contextlib.suppress(ValueError):  # only the main thread has handlers
        signal.signal(signal.SIGTERM, handler)
    try:
        for name, needed in (("CPU", cpus), ("GPU", gpus)):
            most = max((node["Resources"].get(name, 0) for node in ray.nodes() if node["Alive"]), default=0)
            if needed > most:
                step = "set training.threads lower, or give the cluster a larger machine"
                raise UsageError("--folds-on ray", f"a fold takes {needed} {name}s", f"{most:g}", step)
        yield ray
    finally:
        ray.shutdown()


def _lost(index: int, error: Exception) -> tuple[str, list[dict[str, str]]]:
    """The error of a fold whose workers were lost."""
    step = "run the same command again, it goes on"
    problem = Problem(f"fold {index} on Ray", "its worker was lost", type(error).__name__, step)
    return "MedidenseError", [vars(problem)]
