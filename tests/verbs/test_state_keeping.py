"""When a state is written, and what a training that stops leaves and says."""

from pathlib import Path

import numpy as np
import pytest

from medidense.errors import DivergedError, WriteError
from medidense.rundir import StateFiles
from medidense.values import TrainingState
from medidense.verbs.state_keeping import Keeper


def state(epoch: int) -> TrainingState:
    return TrainingState({"w": np.full(2, epoch)}, {"records": [{"epoch": n + 1} for n in range(epoch)]})


class Clock:
    """Time that passes only when it is told to; writing costs some of it."""

    def __init__(self, folder: Path, cost: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.written = 0.0, list[int]()
        plain = StateFiles.write

        def write(files: StateFiles, one: TrainingState) -> Path:
            self.now += cost
            self.written.append(one.epoch)
            return plain(files, one)

        monkeypatch.setattr(StateFiles, "write", write)
        self.keeper = Keeper(StateFiles(folder), lambda: self.now)

    def epochs(self, count: int, seconds: float) -> None:
        for epoch in range(1, count + 1):
            self.now += seconds
            self.keeper.keep(state(epoch))


@pytest.mark.parametrize(
    ("seconds", "cost", "written"),
    [
        (10, 0.1, [1, 2, 3, 4, 5, 6]),  # cheap beside an epoch: each one
        (10, 1.0, [1, 3, 5]),  # a twentieth of the time at most
        (10, 30.0, [1]),  # a minute at the longest: see below
        (0.5, 0.01, []),  # a training of a few seconds writes nothing
    ],
)
def test_writing_takes_a_twentieth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, cost: float, written: list[int]
) -> None:
    clock = Clock(tmp_path, cost, monkeypatch)
    clock.epochs(6, seconds)
    assert clock.written == written


def test_a_kill_costs_a_minute_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(tmp_path, 30.0, monkeypatch)
    clock.epochs(13, 10)
    assert clock.written == [1, 7, 13]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_whatever_stops_the_training_leaves_the_newest_state(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    keeper = Keeper(StateFiles(tmp_path))
    with pytest.raises(stop), keeper.at_work():
        keeper.keep(state(4))
        raise stop
    again = Keeper(StateFiles(tmp_path))
    assert again.begun == 4
    assert again.note == "goes on after epoch 4"
    last = again.last()
    assert last is not None
    assert last.tensors["w"].tolist() == [4, 4]


def test_divergence_names_the_epoch_that_is_kept_and_the_next_step(tmp_path: Path) -> None:
    keeper = Keeper(StateFiles(tmp_path))
    with pytest.raises(DivergedError) as caught, keeper.at_work():
        keeper.keep(state(2))
        raise DivergedError("training epoch 3 step 9", "loss must be finite", "nan", "lower the rate")
    assert caught.value.lines == (
        "training epoch 3 step 9: loss must be finite; found nan; "
        "the state after epoch 2 is kept; lower the rate",
    )
    assert Keeper(StateFiles(tmp_path)).begun == 2


def test_divergence_in_the_first_epoch_keeps_nothing(tmp_path: Path) -> None:
    keeper = Keeper(StateFiles(tmp_path))
    with pytest.raises(DivergedError, match="no epoch was finished; lower"), keeper.at_work():
        raise DivergedError("training epoch 1 step 1", "finite", "nan", "lower the rate")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_hide_why_the_training_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise WriteError("x", "cannot be written", "No space left on device", "free some space")

    monkeypatch.setattr(StateFiles, "write", full)
    keeper = Keeper(StateFiles(tmp_path))
    with pytest.raises(KeyboardInterrupt), keeper.at_work():
        keeper.keep(state(1))
        raise KeyboardInterrupt


def test_a_damaged_state_is_said_in_the_line_that_begins(tmp_path: Path) -> None:
    files = StateFiles(tmp_path)
    files.write(state(1))
    files.write(state(2)).write_bytes(b"torn")
    assert Keeper(StateFiles(tmp_path)).note == "state-1.safetensors is damaged; goes on after epoch 1"
    files.path(0).write_bytes(b"torn")
    assert Keeper(StateFiles(tmp_path)).note.endswith("is damaged; begins anew")
