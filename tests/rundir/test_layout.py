"""When a fold and a run are done, and what is said when they are not."""

from dataclasses import asdict
from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import Asked, RunDir


def begun(folder: Path) -> RunDir:
    run = RunDir(folder)
    asked = asdict(Asked("c", "d" * 64, "", {}, 2, 7, None, "code"))
    run.save_about({"asked": asked, "classes": ["0", "1"], "positive": "1", "device": {"threads": 1}})
    return run


def test_a_fold_is_done_only_with_its_own_files(tmp_path: Path) -> None:
    fold = begun(tmp_path).fold(0)
    assert not fold.done
    for path in (fold.weights, fold.predictions_path, fold.epochs_path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert not fold.done
    fold.finish()
    assert fold.done
    fold.weights.write_text("y")
    assert not fold.done


def test_an_unfinished_run_names_the_missing_folds(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="folds 0, 1 missing"):
        begun(tmp_path).require_finished()


def test_a_folder_that_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        RunDir(tmp_path).require_finished()


def test_facts_of_the_run_come_from_run_json(tmp_path: Path) -> None:
    run = begun(tmp_path)
    assert (run.folds, run.seed, run.classes, run.positive) == (2, 7, ("0", "1"), "1")
    assert run.cohort_digest == "d" * 64
