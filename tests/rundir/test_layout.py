"""When a fold and a run are done, and what is said when they are not."""

from dataclasses import asdict
from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import Asked, RunDir
from medidense.values import parse_recipe

INPUT = {
    "dims": 3,
    "region": "lesion",
    "size": [32, 32, 32],
    "spacing_mm": [1, 1, 1],
    "intensity": {"rule": "window", "low": -1000, "high": 400},
}


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


def test_an_edited_recipe_is_refused_and_the_next_step_is_named(tmp_path: Path) -> None:
    run = begun(tmp_path)
    recipe = parse_recipe({"version": 1, "input": INPUT}, "test")
    run.save_about(run.about() | run.save_recipe(recipe))
    assert run.recipe() == recipe
    text = run.recipe_path.read_text()
    run.recipe_path.write_text(text.replace("operating_rule: fixed", "operating_rule: youden"))
    with pytest.raises(RunError) as refused:
        run.recipe()
    (line,) = refused.value.lines
    assert "recipe.yaml: the file was changed after the run was made" in line
    assert "restore recipe.yaml, or start anew in another --out; another prevalence: " in line
    assert "medidense evaluate RUN_DIR --prevalence" in line
    run.recipe_path.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        run.recipe()
    run.recipe_path.write_text(text)
    assert run.recipe() == recipe


def test_a_run_of_older_code_has_no_digest_of_its_recipe_and_is_read(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.save_recipe(parse_recipe({"version": 1, "input": INPUT}, "test"))
    edited = run.recipe_path.read_text().replace("operating_rule: fixed", "operating_rule: youden")
    run.recipe_path.write_text(edited)
    assert run.recipe().evaluation.operating_rule == "youden"
