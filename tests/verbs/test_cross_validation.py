"""The run directory: found again, gone on with, and refused for another question."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest

from medidense import verbs
from medidense.errors import RunError, UsageError
from medidense.rundir import RunDir
from medidense.verbs import cross_validation, fold_sharing
from tests.verbs.conftest import SMALL, World

OPTIONS = verbs.CvOptions(folds=2, seed=1, device="cpu", settings=SMALL)


def test_a_run_is_plain_files_that_agree(here: World) -> None:
    run = RunDir(here.run)
    names = {path.name for path in here.run.iterdir()}
    assert {
        "recipe.yaml",
        "splits.csv",
        "predictions.csv",
        "samples.csv",
        "evaluation.json",
        "folds",
    } <= names
    predictions, splits = run.predictions(), run.splits()
    tested = {name: fold.index for fold in splits.folds for name in fold.test}
    assert dict(zip(predictions.samples, predictions.fold.tolist(), strict=True)) == tested
    tree = json.loads((here.run / "evaluation.json").read_text())
    assert 0 <= tree["auroc_ci95"][0] <= tree["auroc"] <= tree["auroc_ci95"][1] <= 1
    assert run.predictions_path.stat().st_mode & 0o777 == 0o600
    for name in ("roc.png", "scores.png", "curves.png"):
        assert (run.figures / name).read_bytes().startswith(b"\x89PNG")
    assert list(run.saliency.glob("*.png"))
    assert len(list(run.saliency.glob("*.png"))) == len(list(run.saliency.glob("*.nii.gz")))


def test_the_same_command_finds_the_finished_run(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object, **__: object) -> None:
        raise AssertionError("a finished run must not train")

    monkeypatch.setattr(fold_sharing, "train_fold", no)
    paths = (here.run / "predictions.csv", here.run / "evaluation.json")
    before = [path.read_bytes() for path in paths]
    result = verbs.cv(here.cohort, options=replace(OPTIONS, out=here.run))
    assert result.resumed
    assert before == [path.read_bytes() for path in paths]


def test_a_broken_run_goes_on_to_the_same_bytes(here: World, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(here.run, copy)
    (copy / "predictions.csv").unlink()
    (copy / "folds" / "1" / "fold.json").unlink()
    kept = (copy / "folds" / "0" / "weights.safetensors").stat().st_mtime_ns
    verbs.cv(here.cohort, options=replace(OPTIONS, out=copy))
    assert (copy / "predictions.csv").read_bytes() == (here.run / "predictions.csv").read_bytes()
    assert (copy / "folds" / "0" / "weights.safetensors").stat().st_mtime_ns == kept


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seed": 2}, "seed"),
        ({"settings": SMALL | {"training.epochs": 2}}, "settings"),
        ({"folds": 3}, "folds"),
    ],
)
def test_another_question_in_the_same_folder_names_what_changed(
    here: World, change: dict[str, object], word: str
) -> None:
    with pytest.raises(RunError, match=f"another {word}"):
        verbs.cv(here.cohort, options=replace(OPTIONS, out=here.run, **change))


def test_another_code_is_named(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_validation, "code_digest", lambda: "9.9+changed")
    with pytest.raises(RunError, match="another code"):
        verbs.cv(here.cohort, options=replace(OPTIONS, out=here.run))


def test_a_folder_in_other_use_is_left_alone(here: World, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("x")
    with pytest.raises(RunError, match=r"thesis\.docx"):
        verbs.cv(here.cohort, options=replace(OPTIONS, out=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_positive_class_that_is_none_is_refused_before_training(here: World, tmp_path: Path) -> None:
    settings = SMALL | {"labels.positive": "maligant"}
    with pytest.raises(UsageError, match="maligant"):
        verbs.cv(here.cohort, options=replace(OPTIONS, out=tmp_path / "r", settings=settings))


def test_splits_of_another_cohort_are_refused(here: World, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(here.run, copy)
    (copy / "predictions.csv").unlink()
    text = (copy / "splits.csv").read_text().replace(",S01", ",S99")
    (copy / "splits.csv").write_text(text)
    with pytest.raises(RunError, match="changed after the run was made"):
        verbs.cv(here.cohort, options=replace(OPTIONS, out=copy))


def test_a_finished_run_with_a_damaged_fold_trains_it_again(here: World, tmp_path: Path) -> None:
    copy = RunDir(Path(shutil.copytree(here.run, tmp_path / "run")))
    copy.fold(1).weights.write_bytes(b"torn")
    options = replace(OPTIONS, out=copy.path, tracked=False)
    assert verbs.cv(here.cohort, options=options).trained == (1,)
    assert copy.predictions_path.read_bytes() == RunDir(here.run).predictions_path.read_bytes()
    copy.fold(0).weights.unlink()
    assert verbs.cv(here.cohort, options=replace(options, fold=(0,))).trained == (0,)
    assert not copy.predictions_path.exists(), "they are of weights that are gone"
    assert verbs.cv(here.cohort, options=options).trained == ()
    assert copy.predictions_path.read_bytes() == RunDir(here.run).predictions_path.read_bytes()


def test_what_another_process_pools_while_a_fold_is_trained_stays(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = RunDir(Path(shutil.copytree(here.run, tmp_path / "run")))
    pooled = copy.predictions_path.read_bytes()
    kept = copy.fold(1).weights.read_bytes()
    copy.predictions_path.unlink()
    copy.fold(1).weights.unlink()

    def elsewhere(*_: object, **__: object) -> tuple[int, ...]:
        copy.fold(1).weights.write_bytes(kept)
        copy.predictions_path.write_bytes(pooled)
        return (1,)

    monkeypatch.setattr(cross_validation, "train_missing", elsewhere)
    verbs.cv(here.cohort, options=replace(OPTIONS, out=copy.path, fold=(1,), tracked=False))
    assert copy.predictions_path.read_bytes() == pooled


def test_a_single_fold_asked_for_again_leaves_a_finished_run_in_mlflow_as_it_is(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = Path(shutil.copytree(here.run, tmp_path / "run"))
    (copy / "tracking.json").unlink()
    verbs.sync([copy])
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    run_id = json.loads((copy / "tracking.json").read_text())["runs"]["cv"]
    before = client.get_run(run_id)
    assert verbs.cv(here.cohort, options=replace(OPTIONS, out=copy, fold=(0,))).trained == ()
    after = client.get_run(run_id)
    assert (after.info.status, after.data.tags) == ("FINISHED", before.data.tags)


@pytest.mark.slow
def test_the_test_part_chooses_nothing(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal planted in the validation part alone does not reach the out-of-fold scores.

    Two runs stop early and differ only in the validation part: in one of them its images give the label
    away. Within one epoch stopping has nothing to choose, so neither weights, batch statistics, class
    weights nor threshold may differ: the scores must be equal to the last bit.
    """
    from medidense.verbs import fold_training

    plain = fold_training._data

    def planted(fold, arrays, recipe):  # type: ignore[no-untyped-def]
        data = plain(fold, arrays, recipe)
        assert data.validation_labels is not None
        shown = np.ones_like(data.validation_images) * (2 * data.validation_labels - 1).reshape(
            -1, 1, 1, 1, 1
        )
        return replace(data, validation_images=shown.astype(np.float32))

    monkeypatch.chdir(tmp_path)
    settings = SMALL | {"training.early_stopping.patience": 5}
    first = verbs.cv(here.cohort, options=replace(OPTIONS, out=tmp_path / "a", settings=settings)).run
    monkeypatch.setattr(fold_training, "_data", planted)
    second = verbs.cv(here.cohort, options=replace(OPTIONS, out=tmp_path / "b", settings=settings)).run
    assert np.array_equal(RunDir(first).predictions().scores, RunDir(second).predictions().scores)


def test_a_recipe_that_was_edited_after_the_training_is_refused_by_every_verb(
    here: World, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(here.run, tmp_path / "run"))
    before = (copy / "evaluation.json").read_bytes()
    text = (copy / "recipe.yaml").read_text()
    assert "operating_rule: fixed" in text
    (copy / "recipe.yaml").write_text(text.replace("operating_rule: fixed", "operating_rule: youden"))
    calls: tuple[Callable[[], object], ...] = (
        lambda: verbs.evaluate(copy),
        lambda: verbs.report(copy),
        lambda: verbs.export(copy, out=tmp_path / "package"),
        lambda: verbs.compare(copy, here.run),
        lambda: verbs.cv(here.cohort, options=replace(OPTIONS, out=copy)),
    )
    for call in calls:
        with pytest.raises(RunError, match=r"recipe.yaml: the file was changed after .*--prevalence"):
            call()
    assert (copy / "evaluation.json").read_bytes() == before
