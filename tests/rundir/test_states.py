"""Two generations of a state, of which one is whole after a kill at any instant."""

import json
from pathlib import Path

import numpy as np
import pytest

from medidense import durable
from medidense.rundir import StateFiles
from medidense.values import TrainingState


def state(epoch: int) -> TrainingState:
    tensors = {
        "net.weight": np.random.default_rng(epoch).normal(size=(3, 4)).astype(np.float32),
        "net.count": np.array(epoch, dtype=np.int64),
        "random": np.arange(7, dtype=np.uint8),
    }
    facts = {"records": [{"epoch": one + 1, "loss": 0.1 + one / 3} for one in range(epoch)], "lowest": None}
    return TrainingState(tensors, facts)


def same(one: TrainingState | None, other: TrainingState) -> bool:
    return (
        one is not None
        and one.facts == other.facts
        and one.tensors.keys() == other.tensors.keys()
        and all(
            array.dtype == other.tensors[name].dtype and np.array_equal(array, other.tensors[name])
            for name, array in one.tensors.items()
        )
    )


def test_the_newest_of_two_generations_comes_back_whole(tmp_path: Path) -> None:
    files = StateFiles(tmp_path)
    assert files.newest() == (None, ())
    for epoch in (1, 2, 3):
        files.write(state(epoch))
    found, damaged = StateFiles(tmp_path).newest()
    assert same(found, state(3))
    assert damaged == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "state-0.json",
        "state-0.safetensors",
        "state-1.json",
        "state-1.safetensors",
    ]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
@pytest.mark.parametrize("harm", ["cut", "flipped", "gone", "empty"])
def test_a_torn_state_falls_back_to_the_one_before(tmp_path: Path, suffix: str, harm: str) -> None:
    files = StateFiles(tmp_path)
    files.write(state(1))
    newest = files.write(state(2)).with_suffix(suffix)
    content = newest.read_bytes()
    half = len(content) // 2
    harmed = {
        "cut": content[:half],
        "flipped": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
        "gone": None,
        "empty": b"",
    }[harm]
    newest.unlink() if harmed is None else newest.write_bytes(harmed)
    again = StateFiles(tmp_path)
    found, damaged = again.newest()
    assert same(found, state(1))
    assert damaged == ("state-1.safetensors",)
    again.write(state(2))
    assert same(StateFiles(tmp_path).newest()[0], state(2))
    assert StateFiles(tmp_path).newest()[1] == ()


def test_a_kill_between_the_two_files_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = StateFiles(tmp_path)
    for epoch in (1, 2):
        files.write(state(epoch))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(durable, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        files.write(state(3))
    assert same(StateFiles(tmp_path).newest()[0], state(2))


def test_both_torn_is_no_state(tmp_path: Path) -> None:
    files = StateFiles(tmp_path)
    for epoch in (1, 2):
        files.write(state(epoch)).write_bytes(b"torn")
    assert StateFiles(tmp_path).newest() == (None, ("state-0.safetensors", "state-1.safetensors"))


def test_an_edited_fact_is_found(tmp_path: Path) -> None:
    path = StateFiles(tmp_path).write(state(2)).with_suffix(".json")
    about = json.loads(path.read_text())
    about["facts"]["records"].append({"epoch": 3, "loss": 0.0})
    path.write_text(json.dumps(about))
    assert StateFiles(tmp_path).newest()[0] is None


def test_removed_states_leave_nothing_and_touch_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"x")
    files, other = StateFiles(tmp_path), StateFiles(tmp_path, "state-0-1")
    for one in (files, other):
        one.write(state(1))
    files.remove()
    files.remove()
    assert same(other.newest()[0], state(1))
    other.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]
