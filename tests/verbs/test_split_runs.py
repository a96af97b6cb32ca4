"""Every way to split, from the table to the figures; folds side by side; what was changed is found."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense import durable, verbs
from medidense.errors import LockedError, RunError, UsageError
from medidense.package import load_package
from medidense.rundir import RunDir
from medidense.verbs import cross_validation, fold_sharing
from tests.track.growing import statuses

TINY = {
    "training.epochs": 1,
    "training.threads": 1,
    "training.batch_size": 8,
    "evaluation.bootstrap": 200,
    "input.size": [32, 32],
}
Run = Callable[..., verbs.cross_validation.CvResult]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """24 pictures of 12 subjects at 3 sites, two classes that differ in brightness, and given parts."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(24):
        subject, label = number // 2, number % 2
        picture = rng.integers(0, 120, (32, 32)) + 100 * label
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "images" / f"{number:02d}.png")
        part = "test" if subject >= 9 else "val" if subject >= 7 else "train"
        rows.append(
            (f"S{subject}", f"images/{number:02d}.png", ["no", "yes"][label], "ABC"[subject % 3], part)
        )
    table = tmp_path / "study.csv"
    durable.write_csv(table, ("subject_id", "image", "label", "site", "split"), rows)
    return table


@pytest.fixture
def run(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Cross-validate the study with these options, without MLflow and saliency."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cross_validation, "show_samples", lambda *_: None)

    def made(**options: object) -> verbs.cross_validation.CvResult:
        given = {"device": "cpu", "settings": TINY, "out": tmp_path / "run", "tracked": False} | options
        return verbs.cv(study, options=verbs.CvOptions(**given))  # type: ignore[arg-type]

    return made


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_repeats_are_averaged_and_their_spread_is_told(run: Run, tmp_path: Path) -> None:
    result = run(split="repeated", folds=2, repeats=2)
    there = RunDir(result.run)
    mean, repeats = there.predictions(), there.repeated_predictions()
    np.testing.assert_allclose(mean.scores, (repeats[0].scores + repeats[1].scores) / 2, atol=2e-9)
    assert set(mean.fold) == {0, 1}
    assert [set(table.fold) for table in repeats] == [{0, 1}, {2, 3}]
    spread = result.evaluation.repeats
    assert spread is not None
    assert len(spread.auroc) == 2
    assert spread.standard_deviation == pytest.approx(np.std(spread.auroc, ddof=1))
    assert [fold.fold for fold in result.evaluation.folds] == [0, 1, 2, 3]
    assert "mean of 2 repeats" in result.evaluation.auroc_definition
    tree = json.loads(there.evaluation_path.read_text())
    assert tree["repeats"]["lowest"] == min(spread.auroc)
    assert run(split="repeated", folds=2, repeats=2).resumed
    for options in ({"folds": 2}, {"split": "repeated", "folds": 2}, {"split": "site"}):
        with pytest.raises(RunError, match="another"):
            run(**options)
    lines = (tmp_path / "study.csv").read_text().splitlines()
    subset = tmp_path / "some.csv"
    subset.write_text("\n".join(lines[:13]) + "\n")
    part = verbs.evaluate(result.run, rows=subset).evaluation
    assert part.samples == 12
    assert part.repeats is not None


@pytest.mark.slow
def test_inner_folds_choose_and_the_test_part_does_not(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained: list[tuple[set[str], float]] = []
    plain = fold_sharing.train_fold

    def told(run_dir, fold, arrays, device, progress, settings):  # type: ignore[no-untyped-def]
        trained.append((set(fold.test), settings["training.learning_rate"]))
        plain(run_dir, fold, arrays, device, progress, settings)

    monkeypatch.setattr(fold_sharing, "train_fold", told)
    candidates = ({"training.learning_rate": "1e-9"}, {"training.learning_rate": "0.002"})
    result = run(split="nested", folds=2, candidates=candidates)
    there = RunDir(result.run)
    choices = result.choices
    assert [(choice.fold, choice.candidate) for choice in choices] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for fold in (0, 1):
        own = [choice for choice in choices if choice.fold == fold]
        assert [choice.chosen for choice in own].count(True) == 1
        assert max(own, key=lambda choice: choice.value).value == next(c.value for c in own if c.chosen)
        rate = float(next(c.settings for c in own if c.chosen).split("=")[1])
        assert trained[fold][1] == rate
        for inner in there.inner_splits(fold).folds:
            assert not trained[fold][0] & {*inner.train, *inner.validation, *inner.test}
    assert any("chosen by inner folds" in note for note in result.evaluation.notes)
    assert rows_of(there.choices_path)[0]["figure"] == "auroc"
    before = there.predictions_path.read_bytes()
    there.predictions_path.unlink()
    (there.fold(1).path / "fold.json").unlink()
    monkeypatch.setattr("medidense.verbs.candidates.inner_predictions", None)  # inner scores are kept
    run(split="nested", folds=2, candidates=candidates)
    assert there.predictions_path.read_bytes() == before
    text = there.inner_splits_path.read_text()
    there.inner_splits_path.write_text(text.replace("S1", "S2"))
    with pytest.raises(RunError, match="changed after the run was made"):
        there.inner_splits(0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "nested"}, "--candidate training.learning_rate=0.001"),
        ({"split": "nested", "candidates": [{"training.epochs": 1}]}, "at least two"),
        ({"candidates": [{"training.epochs": 1}, {"training.epochs": 2}]}, "add --split nested"),
        (
            {"split": "nested", "candidates": [{"input.fill": "edge"}, {"training.epochs": 2}]},
            "--candidate input.fill",
        ),
        (
            {"split": "nested", "candidates": [{"training.threads": 2}, {"training.epochs": 2}]},
            "--candidate training.threads",
        ),
        (
            {"split": "nested", "candidates": [{"training.epoch": 2}, {"training.epochs": 2}]},
            "did you mean training.epochs",
        ),
        (
            {"split": "nested", "candidates": [{"training.epochs": 2}, {"training.epochs": "2"}]},
            "two candidates are the same",
        ),
    ],
)
def test_candidates_that_do_not_hold(run: Run, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(**options)


def test_each_site_is_named_beside_its_figure(run: Run) -> None:
    result = run(split="site")
    assert [fold.note for fold in result.evaluation.folds] == ["site A.", "site B.", "site C."]
    told = json.loads((result.run / "report.json").read_text(encoding="utf-8"))
    assert [fold["note"] for fold in told["evaluation"]["folds"]] == ["site 1.", "site 2.", "site 3."]
    assert [fold["name"] for fold in told["flow"]["folds"]] == ["site 1", "site 2", "site 3"]
    assert result.evaluation.samples == 24
    assert verbs.export(result.run, out=result.run.parent / "package").models == 3


def test_a_given_split_scores_its_test_part_alone(run: Run, study: Path, tmp_path: Path) -> None:
    result = run(split="column")
    assert result.evaluation.samples == 6
    assert result.evaluation.notes[0] == "One given split: 6 of 24 samples are tested."
    assert "val were trained on" in result.evaluation.notes[1]
    assert "scores of one test part" in result.evaluation.auroc_definition
    assert {row["subject_id"] for row in rows_of(result.run / "predictions.csv")} == {"S9", "S10", "S11"}
    package = verbs.export(result.run, out=tmp_path / "package")
    assert package.models == 1
    training = load_package(package.package).manifest.training
    assert (training.samples, training.subjects) == (18, 9)
    assert training.class_counts == {"no": 9, "yes": 9}
    assert verbs.evaluate(result.run, rows=study).evaluation.samples == 6
    lines = study.read_text().splitlines()
    subset = tmp_path / "trained.csv"
    subset.write_text("\n".join(lines[:7]) + "\n")
    with pytest.raises(UsageError, match="no row is in a test part"):
        verbs.evaluate(result.run, rows=subset)
    shown = verbs.explain(
        result.run, [tmp_path / "images" / "00.png", tmp_path / "images" / "23.png"], out=tmp_path / "maps"
    )
    assert [(item.status, "trained on" in item.reason) for item in shown.items] == [
        ("refused", True),
        ("explained", False),
    ]


def test_what_was_changed_afterwards_is_found(run: Run, study: Path, tmp_path: Path) -> None:
    result = run(folds=2)
    image = tmp_path / "images" / "00.png"
    for path, old, new, words in (
        (result.run / "splits.csv", "0,test,", "0,train,", "splits.csv: the file was changed"),
        (study, "S0,images/00.png,no", "S0,images/00.png,yes", "study.csv: the cohort was changed"),
        (study, "S11,", "S12,", "study.csv: the cohort was changed"),
        (result.run / "predictions.csv", ",S0,0,", ",S0,1,", "scores are not of the test parts"),
        (result.run / "predictions.csv", ",S0,1,", ",S0,0,", "scores are not of the test parts"),
    ):
        before = path.read_text()
        if old not in before:
            continue
        path.write_text(before.replace(old, new))
        with pytest.raises(RunError, match=words):
            verbs.evaluate(result.run)
        with pytest.raises(RunError, match=words):
            verbs.explain(result.run, [image], out=tmp_path / "maps")
        path.write_text(before)
    study.rename(tmp_path / "elsewhere.csv")
    assert verbs.evaluate(result.run).evaluation == result.evaluation


@pytest.mark.slow
def test_single_folds_make_the_run_of_one_process(run: Run, study: Path, tmp_path: Path) -> None:
    """Two processes at once, then one that pools: the bytes of a run by one process."""
    whole = run(folds=3, out=tmp_path / "whole")
    command = [sys.executable, "-m", "medidense", "cv", str(study), "--folds", "3", "--device", "cpu"]
    command += ["--out", str(tmp_path / "run")]
    command += [f"--set={key}={value}" for key, value in TINY.items()]
    both = [
        subprocess.Popen([*command, "--fold", str(fold)], stdout=subprocess.PIPE, text=True, env=os.environ)
        for fold in (0, 1)
    ]
    told = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("still missing" in text or "without --fold" in text for text in told)
    there = RunDir(tmp_path / "run")
    assert there.missing == (2,)
    assert not there.predictions_path.is_file()
    kept = there.fold(0).weights.stat().st_mtime_ns
    again = run(folds=3, fold=[1, 0])
    assert (again.trained, again.missing, again.figures) == ((), (2,), None)
    with pytest.raises(RunError, match="without --fold"):
        _ = again.evaluation
    joined = run(folds=3)
    assert joined.trained == (2,)
    assert there.fold(0).weights.stat().st_mtime_ns == kept
    assert there.predictions_path.read_bytes() == (whole.run / "predictions.csv").read_bytes()
    assert joined.evaluation == whole.evaluation
    with pytest.raises(UsageError, match="the run has 3 folds"):
        run(folds=3, fold=[3])


HOLDER = """
import pathlib, sys, time
from medidense import durable
with durable.locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Another process that holds a folder for a while."""
    command = [sys.executable, "-c", HOLDER, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_fold_that_another_process_holds_is_left_to_it(
    run: Run, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_sharing, "POLL_S", 0.1)
    result = run(folds=2, fold=[0])
    there = RunDir(result.run)
    holder = hold(there.fold(1).path, 600)
    with pytest.raises(LockedError, match="another process trains fold 1") as caught:
        run(folds=2, fold=[0, 1])
    assert caught.value.exit_code == 75
    steps: list[str] = []

    def listen(step: str, done: int, total: int | None, note: str = "") -> None:
        steps.append(step)
        if step.startswith("wait for fold 1"):
            holder.kill()  # a process that dies lets go, and the fold is trained here

    options = verbs.CvOptions(folds=2, device="cpu", settings=TINY, out=result.run)
    joined = verbs.cv(study, options=options, progress=listen)
    assert "wait for fold 1, held by another process" in steps
    assert joined.trained == (1,)
    holder.wait()


@pytest.mark.slow
def test_single_folds_wait_in_mlflow_for_the_rest_and_one_that_is_not_tracked_is_not_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    untracked = RunDir(run(folds=2, out=tmp_path / "untracked").run)
    assert not (tmp_path / "mlruns").exists()
    assert not untracked.journal.path.exists()
    assert not untracked.tracking_path.exists()
    uri = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    run(folds=2, fold=[1], tracked=True)
    told = statuses(uri)
    assert (told.pop("fold-1"), list(told.values())) == ("FINISHED", ["SCHEDULED"])
    run(folds=2, tracked=True)
    assert sorted(statuses(uri).values()) == ["FINISHED"] * 3


def test_a_second_whole_run_is_told_so_and_settling_is_waited_for(
    run: Run, study: Path, tmp_path: Path
) -> None:
    with durable.locked(tmp_path / "run", ".cv.lock"):
        with pytest.raises(LockedError):
            run(folds=2)
        assert run(folds=2, fold=[0]).trained == (0,)  # single folds need no such lock
    holder = hold(tmp_path / "run", 1.0)
    steps: list[str] = []
    options = verbs.CvOptions(folds=2, fold=[0], device="cpu", settings=TINY, out=tmp_path / "run")
    verbs.cv(study, options=options, progress=lambda step, *_, **__: steps.append(step))
    assert "wait for another process that settles the run" in steps
    holder.wait()


def test_a_run_of_another_kind_of_machine_is_refused(run: Run) -> None:
    there = RunDir(run(folds=2, fold=[0]).run)
    about = there.about()
    about["device"]["name"] = "cuda"
    there.save_about(about)
    shutil.rmtree(there.fold(0).path)
    with pytest.raises(RunError, match="the run was begun on cuda"):
        run(folds=2, fold=[0])
