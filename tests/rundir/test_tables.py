"""Tables of a run directory: round trips, equal bytes, and damaged files."""

from pathlib import Path

import numpy as np
import pytest

from medidense.errors import RunError
from medidense.rundir import (
    join_predictions,
    read_predictions,
    write_crossings,
    write_epochs,
    write_facts,
    write_predictions,
    write_splits,
)
from medidense.rundir.splits import read_splits
from medidense.rundir.tables import read_crossings, read_epochs, read_facts
from medidense.values import Crossing, EpochRecord, Fold, Predictions, SampleFacts, Splits


def predictions(names: tuple[str, ...], fold: int) -> Predictions:
    n = len(names)
    scores = np.linspace(0.1, 0.9, n)
    return Predictions(
        classes=("benign, small", "malignant"),
        positive="malignant",
        samples=names,
        subjects=tuple(f"S{name}" for name in names),
        fold=np.full(n, fold),
        label=np.arange(n) % 2,
        scores=np.stack([1 - scores, scores], axis=1),
    )


def test_folds_join_sorted_and_come_back(tmp_path: Path) -> None:
    joined = join_predictions([predictions(("b", "d"), 0), predictions(("a", "c"), 1)])
    assert joined.samples == ("a", "b", "c", "d")
    assert joined.fold.tolist() == [1, 0, 1, 0]
    write_predictions(joined, tmp_path / "p.csv")
    back = read_predictions(tmp_path / "p.csv", "malignant")
    assert back.classes == joined.classes
    assert np.allclose(back.scores, joined.scores, atol=1e-9)
    assert (tmp_path / "p.csv").stat().st_mode & 0o777 == 0o600
    write_predictions(back, tmp_path / "q.csv")
    assert (tmp_path / "q.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()


def test_an_edited_split_with_an_overlap_is_found(tmp_path: Path) -> None:
    subject_of = {"a": "1", "b": "1", "c": "2"}
    write_splits(Splits((Fold(0, ("c",), (), ("a", "b"), subject_of),), "digest"), tmp_path / "s.csv")
    assert read_splits(tmp_path / "s.csv", "digest").folds[0].test == ("a", "b")
    text = (tmp_path / "s.csv").read_text().replace("0,test,b,1", "0,train,b,1")
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(RunError, match="a subject is in train and in test"):
        read_splits(tmp_path / "s.csv", "digest")


def test_dropped_samples_come_back_as_dropped(tmp_path: Path) -> None:
    subject_of = {"a": "1", "b": "2", "c": "3"}
    fold = Fold(0, ("b", "c"), (), ("a",), subject_of).without(frozenset({"b"}))
    write_splits(Splits((fold,), "digest"), tmp_path / "s.csv")
    assert read_splits(tmp_path / "s.csv", "digest").folds == (fold,)


def test_copies_of_test_images_come_back(tmp_path: Path) -> None:
    assert read_crossings(tmp_path / "none.csv") == ()
    crossings = (Crossing(0, "a", "b", "near", 0.0123, True), Crossing(1, "b", "a", "exact", 0.0, False))
    write_crossings(crossings, tmp_path / "leaks.csv")
    assert read_crossings(tmp_path / "leaks.csv") == crossings
    (tmp_path / "leaks.csv").write_text("fold,sample,twin,kind,distance,dropped\nx,a,b,near,0,True\n")
    with pytest.raises(RunError, match="does not hold"):
        read_crossings(tmp_path / "leaks.csv")


def test_missing_facts_stay_missing(tmp_path: Path) -> None:
    facts = [SampleFacts("b", "S", None, 1.5, "CT", -1, 0, 1), SampleFacts("a", "S", 2.0, None, "", 0, 1, 2)]
    write_facts(facts, tmp_path / "f.csv")
    assert read_facts(tmp_path / "f.csv") == (facts[1], facts[0])


def test_epochs_come_back(tmp_path: Path) -> None:
    records = (EpochRecord(0, 0.5, 1e-3, 2.5), EpochRecord(1, 0.25, 5e-4, 2.5, 0.75))
    write_epochs(records, tmp_path / "e.csv")
    assert read_epochs(tmp_path / "e.csv") == records


def test_a_missing_table_names_itself_and_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"p\.csv.*medidense cv"):
        read_predictions(tmp_path / "p.csv", "1")


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("sample,label\na,1\n")
    with pytest.raises(RunError, match="subject_id, fold"):
        read_predictions(tmp_path / "p.csv", "1")


def test_several_labels_come_back_with_what_is_not_known(tmp_path: Path) -> None:
    table = Predictions(
        classes=("cyst", "mass"),
        positive="mass",
        samples=("a", "b"),
        subjects=("P", "Q"),
        fold=np.array([0, 1]),
        label=np.array([[1, -1], [0, 1]]),
        scores=np.array([[0.5, 0.75], [0.25, 1.0]]),
        kind="multi_label",
    )
    write_predictions(table, tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "sample,subject_id,fold,label_cyst,label_mass,score_cyst,score_mass"
    assert lines[1] == "a,P,0,1,,0.500000000,0.750000000"
    back = read_predictions(tmp_path / "p.csv", "mass", "multi_label")
    assert back.label.tolist() == table.label.tolist()
    assert join_predictions([back.take({"b"}), back.take({"a"})]).label.tolist() == table.label.tolist()
    one = back.one_label("mass")
    assert (one.samples, one.label.tolist(), one.scores[0, 1]) == (("b",), [1], 1.0)
    (tmp_path / "p.csv").write_text("\n".join([lines[0], lines[1].replace(",1,,", ",2,,")]) + "\n")
    with pytest.raises(RunError, match="the predictions do not hold"):
        read_predictions(tmp_path / "p.csv", "mass", "multi_label")
