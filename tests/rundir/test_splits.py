"""Folds to files and back: repeats and inner folds keep their places, and an edit is found."""

from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import Asked, Choice, RunDir, read_choices, write_choices
from medidense.values import Fold, Splits

SUBJECT = {"a": "1", "b": "1", "c": "2", "d": "3"}
FIRST = Fold(0, ("c", "d"), (), ("a", "b"), SUBJECT)
SECOND = Fold(1, ("a", "b"), (), ("c", "d"), SUBJECT)


def run_with(folder: Path, splits: Splits, inner: dict[int, Splits] | None = None) -> RunDir:
    run = RunDir(folder)
    asked = Asked("c", "d" * 64, "", {}, 2, 7, None, "code").to_json()
    run.save_about({"asked": asked, **run.save_splits(splits, inner)})
    return run


def test_repeats_names_and_notes_come_back(tmp_path: Path) -> None:
    again = (Fold(2, ("c", "d"), (), ("a", "b"), SUBJECT, 1), Fold(3, ("a", "b"), (), ("c", "d"), SUBJECT, 1))
    splits = Splits((FIRST, SECOND, *again), "d" * 64, ("w", "x", "y", "z"), ("a note",))
    run = run_with(tmp_path, splits)
    assert run.splits() == splits
    assert run.folds == 4
    assert run.splits_path.read_text().splitlines()[0] == "fold,part,sample,subject_id,repeat"


def test_one_repeat_has_no_such_column(tmp_path: Path) -> None:
    run = run_with(tmp_path, Splits((FIRST, SECOND), "d" * 64))
    assert run.splits_path.read_text().splitlines()[0] == "fold,part,sample,subject_id"


def test_inner_folds_come_back_by_their_outer_fold(tmp_path: Path) -> None:
    inner = {
        0: Splits((Fold(0, ("c",), (), ("d",), {"c": "2", "d": "3"}),), "d" * 64),
        1: Splits((Fold(0, ("a",), (), ("b",), {"a": "1", "b": "4"}),), "d" * 64),
    }
    run = run_with(tmp_path, Splits((FIRST, SECOND), "d" * 64), inner)
    assert {outer: run.inner_splits(outer) for outer in (0, 1)} == inner
    run.inner_splits_path.write_text(run.inner_splits_path.read_text().replace(",c,", ",x,"))
    with pytest.raises(RunError, match=r"inner_splits\.csv: the file was changed"):
        run.inner_splits(0)


def test_an_edited_file_is_found_even_where_it_holds(tmp_path: Path) -> None:
    run = run_with(tmp_path, Splits((FIRST, SECOND), "d" * 64))
    text = run.splits_path.read_text()
    run.splits_path.write_text(text.replace("0,train,d,3\n", ""))
    with pytest.raises(RunError, match="the file was changed after the run was made"):
        run.splits()
    run.splits_path.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        run.splits()


def test_an_overlap_is_found_where_no_sum_was_kept(tmp_path: Path) -> None:
    run = run_with(tmp_path, Splits((FIRST, SECOND), "d" * 64))
    run.save_about({"asked": run.about()["asked"]})
    assert len(run.splits().folds) == 2
    run.splits_path.write_text(run.splits_path.read_text().replace("0,test,b,1", "0,train,b,1"))
    with pytest.raises(RunError, match="the folds do not hold"):
        run.splits()


def test_choices_come_back(tmp_path: Path) -> None:
    rows = (
        Choice(0, 0, "training.epochs=3, network.dropout=0.1", "auroc", 0.75, False),
        Choice(0, 1, "training.epochs=4", "auroc", 0.8, True),
    )
    write_choices(rows, tmp_path / "choices.csv")
    assert read_choices(tmp_path / "choices.csv") == rows
    (tmp_path / "choices.csv").write_text("fold,candidate,settings,figure,value,chosen\n0,0,a,auroc,x,no\n")
    with pytest.raises(RunError, match="does not hold"):
        read_choices(tmp_path / "choices.csv")
