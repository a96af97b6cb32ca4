"""What a package keeps of its training: who had a part in it, and how good the out-of-fold scores were."""

import json
import shutil
from pathlib import Path

import pytest

from medidense import verbs
from medidense.cohort import check_images, read_cohort
from medidense.package import load_package
from medidense.rundir import RunDir, read_prints
from medidense.track import pseudonym_key
from medidense.values import Fold, Splits
from medidense.verbs.training_facts import digest_of_training
from tests.verbs.conftest import World


def test_cv_keeps_the_digest_of_every_image(here: World) -> None:
    facts = check_images(read_cohort(here.cohort))
    assert read_prints(RunDir(here.run).prints_path) == {fact.sample: fact.digest for fact in facts}


def test_a_package_knows_every_subject_and_every_image_of_its_run(here: World) -> None:
    digest, table = load_package(here.package).training_digest(), read_cohort(here.cohort)
    assert digest is not None
    key = pseudonym_key()
    assert digest.made_with(key)
    assert all(digest.has_subject(key, name) for name in table.subjects)
    assert digest.subjects is not None
    assert len(digest.subjects) == len(table.subjects)
    assert all(digest.has_image(fact.digest) for fact in check_images(table))


def test_a_package_keeps_the_figures_of_its_out_of_fold_scores(here: World) -> None:
    kept = load_package(here.package).manifest.training.out_of_fold
    told = json.loads((here.run / "evaluation.json").read_text())
    platt = told["calibration"]["figures"]["platt"]
    assert kept["slope"] == tuple(platt["slope"].values())
    assert kept["ece"] == tuple(platt["ece"].values())
    assert kept["sensitivity"] == tuple(told["metrics"]["sensitivity"].values())
    assert kept["coverage"] == tuple(told["prediction_sets"]["figures"]["coverage"].values())
    assert kept["observed_expected"][0] == pytest.approx(1, abs=0.5)
    assert "bins" not in kept


def test_a_run_of_an_older_version_reads_its_images_once_more(here: World, tmp_path: Path) -> None:
    old = Path(shutil.copytree(here.run, tmp_path / "run"))
    RunDir(old).prints_path.unlink()
    result = verbs.export(old, out=tmp_path / "package")
    assert not [note for note in result.notes if "not in the package" in note]
    assert result.digest == load_package(here.package).digest
    assert read_prints(RunDir(old).prints_path) == read_prints(RunDir(here.run).prints_path)


def test_where_the_cohort_has_gone_too_that_is_said(here: World, tmp_path: Path) -> None:
    old = Path(shutil.copytree(here.run, tmp_path / "run"))
    RunDir(old).prints_path.unlink()
    about = json.loads((old / "run.json").read_text())
    about["cohort_path"] = str(tmp_path / "gone.csv")
    (old / "run.json").write_text(json.dumps(about))
    result = verbs.export(old, out=tmp_path / "package")
    note, *others = result.notes
    assert not [one for one in others if "not in the package" in one]
    assert note.startswith("Images are not in the package")
    digest = load_package(tmp_path / "package").training_digest()
    assert digest is not None
    assert digest.images is None
    assert digest.subjects is not None


def test_without_a_key_there_are_images_alone(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "medidense").mkdir()
    (tmp_path / "medidense" / "pseudonym.key").write_bytes(b"short")
    result = verbs.export(here.run, out=tmp_path / "package")
    assert "Subjects are not in the package" in result.notes[0]
    digest = load_package(tmp_path / "package").training_digest()
    assert digest is not None
    assert digest.subjects is None
    assert digest.images is not None


def test_who_is_only_tested_in_a_single_split_had_no_part(here: World) -> None:
    """With several folds the tested have one: calibration and thresholds come from their scores."""
    run = RunDir(here.run)
    whole = run.splits().folds[0]
    one = Splits((Fold(0, whole.train, whole.validation, whole.test, whole.subject_of),), "0" * 64)
    digest, _ = digest_of_training(run, one)
    assert digest is not None
    key = pseudonym_key()
    tested = {whole.subject_of[name] for name in whole.test}
    trained = {whole.subject_of[name] for name in whole.train}
    assert not any(digest.has_subject(key, name) for name in tested)
    assert all(digest.has_subject(key, name) for name in trained)
