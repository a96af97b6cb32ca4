"""From a run to a package that scores the same."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from medidense import verbs
from medidense.cohort import read_cohort
from medidense.errors import OutputExistsError, RunError
from medidense.io import read_region, read_volume
from medidense.package import load_package
from medidense.predict import predict_scores
from medidense.preprocess import load_sample
from medidense.rundir import RunDir
from medidense.stats import settled
from tests.verbs.conftest import World


def test_the_model_of_a_fold_repeats_its_out_of_fold_scores_bit_for_bit(here: World) -> None:
    run, package = RunDir(here.run), load_package(here.package)
    predictions, samples = run.predictions(), read_cohort(here.cohort).by_name()
    for row in (0, len(predictions.samples) - 1):
        prepared, _ = load_sample(samples[predictions.samples[row]], package.recipe.input)
        net = package.networks()[int(predictions.fold[row])]
        threads = package.manifest.threads
        (scores,) = predict_scores(
            [net],
            prepared.array[None],
            device="cpu",
            threads=threads,
            flips=package.recipe.prediction.flips,
        )
        assert [f"{x:.9f}" for x in scores] == [f"{x:.9f}" for x in predictions.scores[row]]


def test_a_package_scores_in_three_lines(here: World) -> None:
    sample = next(s for s in read_cohort(here.cohort).samples if s.marker is not None)
    volume = read_volume(Path(sample.image_path))
    found = load_package(here.package).predict(volume, read_region(volume, marker=sample.marker))
    assert set(found.scores) == {"benign", "malignant"}
    assert np.isclose(sum(found.scores.values()), 1)
    assert found.decision == ("malignant" if found.scores["malignant"] >= 0.5 else "benign")


def test_a_package_carries_what_all_out_of_fold_scores_say(here: World) -> None:
    run, manifest = RunDir(here.run), load_package(here.package).manifest
    kept = settled(run.predictions(), run.recipe().evaluation)
    assert manifest.calibration == kept.calibration is not None
    assert manifest.sets is not None
    assert (manifest.sets.least, manifest.sets.coverage) == (kept.least, 0.9)
    assert (manifest.operating_point, manifest.operating_rule) == (0.5, "fixed")
    told = json.loads((here.run / "evaluation.json").read_text())
    fixed, *chosen = told["operating_points"]
    assert fixed["name"] == "fixed"
    assert [point.name for point in manifest.operating_points] == [
        "sensitivity",
        "specificity",
        "youden",
        "cost",
    ]
    for point, other in zip(manifest.operating_points, chosen, strict=True):
        assert (point.name, point.target, point.threshold) == (
            other["name"],
            other["target"],
            other["threshold"],
        )
        assert point.sensitivity == tuple(other["metrics"]["sensitivity"].values())
        assert point.specificity == tuple(other["metrics"]["specificity"].values())
    assert told["calibration"]["package"] == kept.calibration.model_dump()
    assert list(told["prediction_sets"]["least"].values()) == list(kept.least)


def test_a_calibration_that_harms_and_sets_that_fall_short_are_said(here: World, tmp_path: Path) -> None:
    run = Path(shutil.copytree(here.run, tmp_path / "run"))
    told = json.loads((run / "evaluation.json").read_text())
    told["prediction_sets"]["figures"]["coverage"] = {"value": 0.7, "low": 0.6, "high": 0.8}
    (run / "evaluation.json").write_text(json.dumps(told))
    notes = verbs.export(run, out=tmp_path / "package").notes
    kept = settled(RunDir(run).predictions(), RunDir(run).recipe().evaluation)
    assert kept.note in notes
    assert "Platt's calibration makes the out-of-fold scores worse" in kept.note
    assert kept.note in told["notes"]
    assert any("fall short of their coverage of 0.9: 0.700" in note for note in notes)


def test_no_subject_stands_in_a_package(here: World) -> None:
    text = "".join(path.read_text() for path in here.package.glob("*.json"))
    assert "S01" not in text
    assert str(here.folder) not in text
    manifest = json.loads((here.package / "manifest.json").read_text())
    assert manifest["training"]["subjects"] == 8
    assert manifest["training"]["modality"] == "CT"
    assert manifest["region"] == "lesion"


def test_an_unfinished_run_is_not_exported(here: World, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(here.run, copy)
    (copy / "folds" / "1" / "fold.json").unlink()
    with pytest.raises(RunError, match="folds 1 missing"):
        verbs.export(copy, out=tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_an_output_that_exists_is_kept(here: World) -> None:
    with pytest.raises(OutputExistsError):
        verbs.export(here.run, out=here.package)


def test_the_same_run_gives_the_same_package(here: World, tmp_path: Path) -> None:
    again = verbs.export(here.run, out=tmp_path / "package")
    assert again.digest == load_package(here.package).digest
