"""What does one of several processes do that train a network together?

Started by `device_sharing` with a job on standard input, one line of JSON. It finds everything else in the
run directory, as the process that asked would; it tells of itself in lines of JSON on standard output.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from medidense.cohort import read_cohort
from medidense.errors import MedidenseError, RunError
from medidense.nets import save_weights
from medidense.rundir import RunDir, write_epochs
from medidense.train import joined
from medidense.values import Recipe
from medidense.verbs.cohort_arrays import load_arrays
from medidense.verbs.fold_training import FoldTraining
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.splitting import splits_for
from medidense.verbs.training_job import TrainingJob


class Terminated(BaseException):
    """SIGTERM arrived: keep the state and end."""


def main() -> None:
    """Do the job that standard input names; ends with it, or when the other end of it is closed."""
    asked = json.loads(sys.stdin.readline())
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)

    def tell(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=told, flush=True)

    def progress(step: str, done: int, total: int | None, note: str = "") -> None:
        tell({"progress": [step, done, total, note]})

    rank = int(asked["rank"])
    try:
        _train(TrainingJob(**asked["job"]), rank, Path(asked["meeting"]), quiet if rank else progress)
    except MedidenseError as error:
        tell({"kind": type(error).__name__, "problems": [vars(problem) for problem in error.problems]})
        os._exit(error.exit_code)  # the others may wait for this one: no orderly goodbye
    except Terminated:
        os._exit(0)


def _train(job: TrainingJob, rank: int, meeting: Path, progress: Progress) -> None:
    """The whole of it; the first rank leaves the weights and epochs in the job's ``out``."""
    run = RunDir(Path(job.run))
    recipe = Recipe.model_validate(job.recipe)
    table = read_cohort(Path(run.about()["cohort_path"]), unlabelled=recipe.labels.train_only)
    if table.digest != run.cohort_digest:
        step = "restore the table, or run cv anew in another --out"
        raise RunError(str(run.path), "the cohort was changed after the run was made", table.name, step)
    (outer,) = (fold for fold in splits_for(run, table).folds if fold.index == job.fold)
    part = outer
    if job.inner is not None:
        (part,) = (fold for fold in run.inner_splits(job.fold).folds if fold.index == job.inner)
    arrays = load_arrays(run, table, quiet)
    training = FoldTraining(recipe, job.seed, job.on, job.step, outer, rank)
    with joined(job.on, rank, meeting):
        net, epochs = training.here(run, part, arrays, job.states, progress)
    if rank == 0:
        save_weights(net, job.weights)
        write_epochs(epochs, job.epochs)


def _stop(number: int, frame: object) -> None:
    raise Terminated


def _end_with_parent() -> None:
    """A thread that ends the process when nobody holds the other end of standard input any more."""
    sys.stdin.read()
    os._exit(1)
