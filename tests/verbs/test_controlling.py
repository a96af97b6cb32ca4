"""Signal in the lesion alone leaves the surroundings at chance; signal planted there is found."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medidense import durable, verbs
from medidense.cohort import read_cohort
from medidense.errors import UsageError
from medidense.io import write_nifti
from medidense.rundir import RunDir, write_controls
from medidense.values import Source, Volume
from medidense.verbs import controlling
from medidense.verbs.made_controls import HOW
from medidense.verbs.progress import quiet

SETTINGS = {
    "training.epochs": 8,
    "training.learning_rate": 0.003,
    "training.threads": 1,
    "evaluation.bootstrap": 200,
    "network.name": "densenet_small",
    "input.size": [33, 33, 33],
    "input.view": "planes",
    "input.intensity": {"rule": "window", "low": -1000, "high": 400},
    "input.spacing_mm": [1.0, 1.0, 1.0],
}
SUBJECTS = 30
QUIET = {"tracked": False, "device": "cpu", "seed": 1, "folds": 2}


def blobs(folder: Path, *, planted: bool) -> Path:
    """Balls of 3 to 6 voxels in noise: class b's are brighter, or the noise around them is.

    The small ones are given as masks and the large ones, for which the hole is made, as points; where the
    signal is planted around them, all are points.
    """
    random = np.random.default_rng(0)
    rows = []
    for number in range(SUBJECTS):
        label, shape = number % 2, (40, 40, 40)
        array = random.normal(-700, 80, size=shape)
        radius = random.uniform(3, 6)
        mask = ((np.indices(shape) - 20) ** 2).sum(axis=0) <= radius**2
        array[mask] += 400 + (0 if planted else 400 * label)
        array[~mask] += 150 * label if planted else 0
        name = f"P{number:02d}"
        for kind, content in (("image", array.astype(np.int16)), ("mask", mask.astype(np.uint8))):
            volume = Volume(content, np.diag([-1.0, -1.0, 1.0, 1.0]), Source("phantom", modality="CT"))
            write_nifti(volume, folder / f"{name}_{kind}.nii.gz")
        pointed = planted or radius > 4.5
        drawn = ("", -20, -20, 20, 2 * radius, "RAS") if pointed else (f"{name}_mask.nii.gz", *[""] * 5)
        rows.append((name, f"{name}_image.nii.gz", "ab"[label], *drawn))
    table = folder / "cohort.csv"
    columns = ("mask", "x_mm", "y_mm", "z_mm", "diameter_mm", "frame")
    durable.write_csv(table, ("subject_id", "image", "label", *columns), rows)
    return table


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Both cohorts and their finished runs."""
    found = {}
    for name in ("lesion", "planted"):
        folder = tmp_path_factory.mktemp(name)
        cohort = blobs(folder, planted=name == "planted")
        options = verbs.CvOptions(**QUIET, out=folder / "run", settings=SETTINGS)
        found[name] = (cohort, options, verbs.cv(cohort, options=options))
    return found


def by_name(result):
    return {one.title: one for one in result.evaluation.controls}


def test_signal_in_the_lesion_alone(made):
    found = by_name(made["lesion"][2])
    assert made["lesion"][2].evaluation.auroc.value > 0.9
    background = found["background only"]
    assert background.outcome == "passed"
    assert background.auroc.low < 0.5 < background.auroc.high
    assert background.beside[controlling.NETWORK] > 0.9
    assert background.beside[controlling.HEAD] > 0.9
    assert 0.5 <= background.beside[controlling.VOLUME] < 0.8
    assert background.tested == SUBJECTS >= background.samples >= 0.9 * SUBJECTS
    assert background.points >= 0.3 * SUBJECTS
    masks = background.samples - background.points
    assert f"({masks} hidden by mask, {background.points} by diameter)" in background.said
    assert found["label shuffle"].outcome == "passed"
    assert found["label shuffle"].auroc.value == pytest.approx(0.5, abs=0.05)


def test_signal_in_the_background_is_found(made):
    found = by_name(made["planted"][2])
    assert found["background only"].outcome == "found"
    assert found["background only"].auroc.value > 0.9
    assert found["background only"].points == found["background only"].samples
    assert "samples (hidden by diameter); there" in found["background only"].said
    assert found["label shuffle"].outcome == "passed"


def test_they_stand_in_files_on_the_page_and_nothing_else_is_left(made):
    _, _, result = made["planted"]
    run = RunDir(result.run)
    told = json.loads(run.controls_path.read_text())
    assert [one["outcome"] for one in told["controls"]] == ["passed", "found"]
    assert [one["name"] for one in run.evaluation_json()["controls"]] == ["label shuffle", "background only"]
    page = run.report_path.read_text()
    assert "Ask whether that is medicine" in page
    tree = json.loads(run.report_numbers_path.read_text())["controls"]
    assert {one["name"]: one["outcome"] for one in tree}["background only"] == "found"
    assert not list(run.path.rglob("control_*"))
    assert not run.arrays.exists()


def test_a_run_begun_without_them_gets_them_and_its_scores_stay(made, tmp_path):
    cohort, options, first = made["lesion"]
    folder = tmp_path / "run"
    shutil.copytree(first.run, folder)
    run = RunDir(folder)
    run.controls_path.unlink()
    scores = run.predictions_path.read_bytes()
    again = verbs.evaluate(folder)
    assert [one.outcome for one in again.evaluation.controls] == ["not run", "not run"]
    assert all(one.said == HOW for one in again.evaluation.controls)
    off = verbs.CvOptions(**vars(options) | {"out": folder, "controls": "off"})
    assert {one.outcome for one in verbs.cv(cohort, options=off).evaluation.controls} == {"not run"}
    on = verbs.CvOptions(**vars(options) | {"out": folder})
    assert by_name(verbs.cv(cohort, options=on)) == by_name(first)
    assert run.predictions_path.read_bytes() == scores


def test_what_was_made_before_a_kill_is_kept(made, tmp_path, monkeypatch):
    cohort, options, first = made["lesion"]
    folder = tmp_path / "run"
    shutil.copytree(first.run, folder)
    run, calls = RunDir(folder), []
    run.controls_path.unlink()
    plain = controlling.hide_lesions

    def killed(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(controlling, "hide_lesions", killed)
    on = verbs.CvOptions(**vars(options) | {"out": folder})
    with pytest.raises(KeyboardInterrupt):
        verbs.cv(cohort, options=on)
    assert [one.name for one in controlling.read_controls(run.controls_path, run.predictions_path)] == [
        "label shuffle"
    ]
    assert run.fold(0).features_path("whole").is_file()
    monkeypatch.setattr(controlling, "hide_lesions", plain)
    from medidense.verbs import fold_features

    passes = fold_features.pooled_features
    monkeypatch.setattr(
        fold_features, "pooled_features", lambda *given, **more: calls.append(1) or passes(*given, **more)
    )
    assert by_name(verbs.cv(cohort, options=on)) == by_name(first)
    assert len(calls) == 2  # the hidden crops of two folds; the whole ones were there


@pytest.mark.slow
def test_in_full_networks_are_trained_for_both(made, tmp_path):
    cohort, options, first = made["planted"]
    folder = tmp_path / "run"
    shutil.copytree(first.run, folder)
    full = verbs.CvOptions(**vars(options) | {"out": folder, "controls": "full"})
    found = by_name(verbs.cv(cohort, options=full))
    assert list(found) == [
        "label shuffle",
        "background only",
        "label shuffle, retrained",
        "background only, retrained",
    ]
    assert found["background only, retrained"].outcome == "found"
    assert found["background only, retrained"].auroc.value > 0.8
    assert found["label shuffle, retrained"].auroc.value < 0.8
    assert {name: found[name] for name in by_name(first)} == by_name(first)
    kept = RunDir(folder).fold(0).control_path("background only")
    assert kept.is_file()
    before = kept.stat().st_mtime_ns
    verbs.cv(cohort, options=full)
    assert kept.stat().st_mtime_ns == before


def test_phantoms_half_of_them_points(here):
    found = {one.name: one for one in verbs.evaluate(here.run).evaluation.controls}
    assert found["label shuffle"].outcome in ("passed", "found")
    assert found["background only"].outcome in ("passed", "found")
    assert 0 < found["background only"].points < found["background only"].samples


def test_rows_without_mask_and_diameter_are_not_covered(made, here):
    cohort, _, _ = made["lesion"]
    table = read_cohort(cohort)
    bare = [replace(sample, mask_path=None, marker=None) for sample in table.samples[:4]]
    spec = RunDir(made["lesion"][2].run).recipe().input
    arrays = SimpleNamespace(folder=here.folder)
    given = table.samples[4:14]
    found = controlling.hide_lesions(arrays, [*bare, *given], spec, quiet)
    assert found.covered <= {sample.name for sample in given} == set(found.crops)
    points = {sample.name: sample.marker.diameter_mm for sample in given if sample.marker}
    assert 0 < len(points) < len(given)
    assert found.balls == set(points)
    for name, diameter in points.items():
        assert found.crops[name].reach == pytest.approx(diameter / 2, abs=1)
    assert max(points.values()) / 2 - 1 < found.radius - found.margin <= max(points.values()) / 2
    assert controlling.hide_lesions(arrays, bare, spec, quiet) is None


def test_controls_of_other_scores_are_not_shown(made, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(made["lesion"][2].run, folder)
    run = RunDir(folder)
    write_controls([], run.controls_path, run.predictions_path)
    assert {one.outcome for one in verbs.evaluate(folder).evaluation.controls} == {"not run"}


def test_another_word_is_refused():
    with pytest.raises(UsageError, match="--controls"):
        verbs.CvOptions(controls="some")
