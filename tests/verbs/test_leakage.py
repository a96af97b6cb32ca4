"""Copies of images through the verbs: refused, warned of, or kept out of training and counted."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense import verbs
from medidense.cli.app import main
from medidense.errors import CohortError
from medidense.rundir import RunDir, write_crossings
from medidense.values import Crossing, Leakage
from medidense.verbs import cross_validation, fold_sharing
from tests.verbs.conftest import SMALL, World

MakeTable = Callable[..., Path]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTable:
    """A cohort of twelve pictures of two classes; `twins` are further copies of the first picture, each
    (file name, subject, label)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def make(*twins: tuple[str, str, str]) -> Path:
        rows = [["subject_id", "image", "label"]]
        for number in range(12):
            coarse = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
            picture = Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)
            picture.save(tmp_path / f"{number}.png")
            rows.append([f"S{number}", f"{number}.png", str(number % 2)])
            for name, subject, label in twins if number == 0 else ():
                picture.save(tmp_path / name)
                rows.append([subject, name, label])
        with (tmp_path / "c.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return tmp_path / "c.csv"

    return make


def test_an_exact_copy_is_refused_by_check_and_cv(
    pictures: MakeTable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = pictures(("twin.png", "T", "0"), ("other.png", "S0", "1"))
    with pytest.raises(CohortError) as caught:
        verbs.check(cohort)
    assert [problem.found for problem in caught.value.problems] == [
        "row 2: 0.png and row 3: twin.png",
        "row 2: 0.png and row 4: other.png",
        "row 3: twin.png and row 4: other.png",
    ]
    assert main(["check", str(cohort)]) == 2
    assert capsys.readouterr().err.count("medidense: c: the same image") == 3
    monkeypatch.setattr(fold_sharing, "train_fold", None)
    with pytest.raises(CohortError):
        verbs.cv(cohort, options=verbs.CvOptions(folds=2, device="cpu", settings=SMALL))
    settings = SMALL | {"leakage": "drop_from_train"}
    with pytest.raises(CohortError) as caught:  # one subject is always in one part, with both labels
        verbs.cv(cohort, options=verbs.CvOptions(folds=2, device="cpu", settings=settings))
    assert any("other.png" in line for line in caught.value.lines)


def test_a_near_copy_is_a_warning(pictures: MakeTable, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = pictures(("twin.jpg", "T", "0"))
    (leak,) = verbs.check(cohort).leaks
    assert (leak.kind, leak.rows, leak.images) == ("near", (2, 3), ("0.png", "twin.jpg"))
    assert 0 < leak.distance < 0.1
    assert main(["check", str(cohort)]) == 0
    assert "row 2  row 3" in capsys.readouterr().out
    assert main(["check", str(cohort), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["leaks"]
    assert (told["rows"], told["kind"]) == ([2, 3], "near")
    assert verbs.check(pictures()).leaks == ()


class Settled(Exception):
    """Raised in place of training."""


@pytest.mark.parametrize("rule", ["refuse", "drop_from_train"])
def test_what_becomes_of_copies_is_settled_before_training(
    pictures: MakeTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Settled

    drop = rule == "drop_from_train"
    cohort = pictures(("twin.jpg", "T", "0"), *([("equal.png", "U", "0")] if drop else []))
    options = verbs.CvOptions(folds=3, seed=1, device="cpu", settings=SMALL | {"leakage": rule})
    monkeypatch.setattr(cross_validation, "train_missing", stop)
    with pytest.raises(Settled):
        verbs.cv(cohort, options=options)
    (folder,) = (tmp_path / "runs").iterdir()
    run = RunDir(folder)
    crossings = run.crossings()
    assert len(crossings) >= 2
    assert all(one.dropped == drop for one in crossings)
    for fold in run.splits().folds:
        names = {one.sample for one in crossings if one.fold == fold.index}
        assert set(fold.dropped) == (names if drop else set())
        assert drop or names <= set(fold.train)
    assert (run.leakage().dropped, run.leakage().kept) == (
        (len(crossings), 0) if drop else (0, len(crossings))
    )
    monkeypatch.setattr(cross_validation, "find_leaks", None)
    with pytest.raises(Settled):  # a resumed run looks at no image again
        verbs.cv(cohort, options=options)


@pytest.mark.slow
def test_a_run_without_the_copies_of_its_test_images(pictures: MakeTable, tmp_path: Path) -> None:
    cohort, settings = pictures(("twin.jpg", "T", "0")), SMALL | {"leakage": "drop_from_train"}
    options = verbs.CvOptions(folds=3, seed=1, device="cpu", out=tmp_path / "run", settings=settings)
    result = verbs.cv(cohort, options=options)
    tree = json.loads(RunDir(result.run).evaluation_path.read_text())
    assert tree["leakage"] == {"rule": "drop_from_train", "dropped": len(result.crossings), "kept": 0}
    assert len(result.crossings) == 2
    assert tree["samples"] == 13


def test_evaluate_counts_the_copies(here: World, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(here.run, copy)
    assert verbs.evaluate(copy).evaluation.leakage == Leakage("refuse", 0, 0)
    write_crossings([Crossing(0, "a", "b", "near", 0.01, False)], RunDir(copy).leaks_path)
    evaluation = verbs.evaluate(copy).evaluation
    assert evaluation.leakage == Leakage("refuse", 0, 1)
    assert any("leaks.csv" in note for note in evaluation.notes)
    assert json.loads((copy / "evaluation.json").read_text())["leakage"]["kept"] == 1


def test_real_ultrasound_is_refused_with_both_rows_named(shared_data: Path) -> None:
    with pytest.raises(CohortError) as caught:
        verbs.check(shared_data / "busi" / "cohort.csv")
    assert [problem.sentence() for problem in caught.value.problems] == [
        "cohort: the same image under two subject_ids and with two labels; found row 434: "
        "images/benign_433.png and row 583: images/malignant_145.png; drop one of them, or give both rows "
        "one subject_id and one label"
    ]
