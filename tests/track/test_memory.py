from pathlib import Path

import pytest

from medidense.track.memory import Memory


def test_what_was_saved_is_remembered_for_the_same_store(tmp_path: Path) -> None:
    memory = Memory.of(tmp_path / "tracking.json", "sqlite:///a", "r1")
    memory.runs["cv"] = "1234"
    memory.finish("params")
    again = Memory.of(tmp_path / "tracking.json", "sqlite:///a", "r1")
    assert again == memory
    other = Memory.of(tmp_path / "tracking.json", "sqlite:///b", "r1")
    assert (other.runs, other.done) == ({}, [])
    assert other.uid == memory.uid, "by it the runs are found in a store that has them already"


def test_new_results_keep_runs_images_and_model(tmp_path: Path) -> None:
    memory = Memory.of(tmp_path / "tracking.json", "s", "r1")
    memory.runs["cv"] = "1234"
    memory.done += ["params", "results", "fold-0", "image gradcam/TP 0 TP_1", "model"]
    memory.save()
    again = Memory.of(tmp_path / "tracking.json", "s", "r2")
    assert again.runs == {"cv": "1234"}
    assert again.done == ["image gradcam/TP 0 TP_1", "model"]
    assert again.images() == {("gradcam/TP", "TP_1"): 0}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"store": "s"}'])
def test_a_damaged_file_is_forgotten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tracking.json"
    path.write_text(content)
    assert Memory.of(path, "s", "r1").runs == {}
