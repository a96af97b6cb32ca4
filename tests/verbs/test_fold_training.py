"""What a fold's training says of itself while it runs."""

import shutil
from pathlib import Path

import pytest

from medidense.cohort import read_cohort
from medidense.rundir import RunDir
from medidense.train import Device
from medidense.values import EpochRecord, ShrunkRecord
from medidense.verbs import fold_training
from medidense.verbs.cohort_arrays import load_arrays
from medidense.verbs.fold_training import FoldTraining
from medidense.verbs.progress import quiet
from tests.verbs.conftest import World


def test_a_batch_that_was_split_is_one_line_and_in_run_json(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(here.run, tmp_path / "run")
    run = RunDir(tmp_path / "run")
    asked = run.about()
    records = [ShrunkRecord(1, 3, 2), ShrunkRecord(1, 4, 4), EpochRecord(1, 0.5, 0.1, 1.0)]
    monkeypatch.setattr(fold_training, "fit", lambda *_, **__: iter(records))
    fold = run.splits().folds[0]
    training = FoldTraining(run.recipe(), 0, Device("cpu", "fp32", 1), "train fold 1 of 2", fold)
    arrays = load_arrays(run, read_cohort(here.cohort), quiet)
    notes: list[str] = []

    def progress(_step: str, _done: int, _total: int | None, note: str = "") -> None:
        notes.append(note)

    _, epochs = training.fitted(run, fold, arrays, run.fold(0).states, progress)
    assert epochs == [records[-1]]
    assert [note for note in notes if "memory ran out" in note] == [
        "memory ran out; batches in 2 parts from step 3 on",
        "memory ran out; batches in 4 parts from step 4 on",
    ]
    assert run.about() == asked | {"micro_batches": {"train fold 1 of 2": 4}}
