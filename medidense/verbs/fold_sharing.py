"""Which folds are still to be trained, where other processes may be training some of them?"""

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import cache

from medidense import durable
from medidense.errors import LockedError, RunError, UsageError
from medidense.rundir import RunDir
from medidense.train import Device, choose_device
from medidense.values import Cohort, Fold
from medidense.verbs.candidates import choose
from medidense.verbs.cohort_arrays import Arrays, load_arrays
from medidense.verbs.fold_training import train_fold
from medidense.verbs.progress import Progress
from medidense.verbs.splitting import splits_for

POLL_S = 1.0
"""Seconds between two looks at a fold that another process trains."""


def wanted_folds(run: RunDir, asked: Sequence[int]) -> tuple[int, ...]:
    """The folds that were asked for, or all. Raises UsageError for one that the run does not have."""
    beyond = [index for index in asked if not 0 <= index < run.folds]
    if beyond:
        rule = f"the run has {run.folds} folds, counted from 0"
        raise UsageError("--fold", rule, beyond[0], f"give 0 to {run.folds - 1}")
    return tuple(dict.fromkeys(asked)) or tuple(range(run.folds))


def train_missing(
    run: RunDir, table: Cohort, wanted: Sequence[int], progress: Progress, *, patient: bool
) -> tuple[int, ...]:
    """Train the wanted folds that are not finished; returns those that were trained here.

    A fold that another living process holds is left to it: `patient` waits until it is finished there (or
    until that process has died, and then trains it here). Raises RunError where the folds are not those of
    `table`, and LockedError, after the other folds, where not patient and one is held still.
    """
    folds = {fold.index: fold for fold in splits_for(run, table).folds if fold.index in wanted}
    load = cache(lambda: load_arrays(run, table, progress))
    trained: list[int] = []
    if not run.facts_path.is_file():
        load()
    while True:
        missing = [index for index in wanted if not run.fold(index).done]
        held = []
        for index in missing:
            try:
                trained += [index] if _trained_here(run, folds[index], load, progress) else []
            except LockedError:
                held.append(index)
        if not held:
            return tuple(trained)
        if not patient:
            raise _held(run, held)
        _wait(run, held, progress)


def _trained_here(run: RunDir, fold: Fold, load: Callable[[], Arrays], progress: Progress) -> bool:
    """Train the fold unless another process has finished it. Raises LockedError while one holds it."""
    with durable.locked(run.fold(fold.index).path):
        if run.fold(fold.index).done:
            return False
        _train(run, fold, load(), progress)
        return True


def _train(run: RunDir, fold: Fold, arrays: Arrays, progress: Progress) -> None:
    """One fold, with the settings that its inner folds choose where there are any."""
    device = _device(run)
    with run.fold(fold.index).journal.at_work():
        settings = choose(run, fold, arrays, device, progress) if run.candidates else {}
        train_fold(run, fold, arrays, device, progress, settings)


def _device(run: RunDir) -> Device:
    """The device that the run was settled for. Raises RunError where this machine does not have it."""
    device = Device(**run.about()["device"])
    try:
        choose_device(device.name, run.recipe().training, device.devices)
    except UsageError as error:
        step = "train its folds on machines of one kind, or start anew in another --out"
        raise RunError(str(run.path), f"the run was begun on {device.name}", error, step) from None
    return device


def _wait(run: RunDir, held: Sequence[int], progress: Progress) -> None:
    """Until another process has finished one of these folds, or has let go of it."""
    names = ", ".join(map(str, held))
    progress(f"wait for fold {names}, held by another process", 0, None)
    while all(not run.fold(index).done and _is_held(run, index) for index in held):
        time.sleep(POLL_S)


def _is_held(run: RunDir, index: int) -> bool:
    with contextlib.suppress(LockedError), durable.locked(run.fold(index).path):
        return False
    return True


def _held(run: RunDir, held: Sequence[int]) -> LockedError:
    """What to say of folds that were left to others."""
    names = ", ".join(map(str, held))
    step = "wait for it to end, then run medidense cv without --fold"
    return LockedError(str(run.path), f"another process trains fold {names}", "", step)
