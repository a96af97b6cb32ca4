"""What a fold's training says of itself while it runs."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from medidense.rundir import RunDir
from medidense.train import Device, TrainingData
from medidense.values import EpochRecord, ShrunkRecord
from medidense.verbs import fold_training
from medidense.verbs.fold_training import FoldTraining
from tests.verbs.conftest import World


def test_a_batch_that_was_split_is_one_line_and_in_run_json(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(here.run, tmp_path / "run")
    run = RunDir(tmp_path / "run")
    asked = run.about()
    records = [ShrunkRecord(1, 3, 2), ShrunkRecord(1, 4, 4), EpochRecord(1, 0.5, 0.1, 1.0)]
    monkeypatch.setattr(fold_training, "fit", lambda *_, **__: iter(records))
    training = FoldTraining(
        run.recipe(), 0, Device("cpu", "fp32", 1), "train fold 1 of 2", run.splits().folds[0]
    )
    images = np.zeros((2, run.recipe().input.channels, *run.recipe().input.size), dtype=np.float32)
    notes: list[str] = []
    _, epochs = training.fitted(
        run,
        TrainingData(images, np.array([0, 1])),
        run.fold(0).states,
        lambda _step, _done, _total, note="": notes.append(note),
    )
    assert epochs == [records[-1]]
    assert [note for note in notes if "memory ran out" in note] == [
        "memory ran out; batches in 2 parts from step 3 on",
        "memory ran out; batches in 4 parts from step 4 on",
    ]
    assert run.about() == asked | {"micro_batches": {"train fold 1 of 2": 4}}
