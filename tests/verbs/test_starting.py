import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from medidense import verbs
from medidense.errors import RecipeError, RunError
from medidense.nets import build, build_for, load_weights
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.rundir import FoldDir, RunDir
from tests.verbs.conftest import World

QUICK = {
    "training.epochs": 1,
    "training.threads": 1,
    "evaluation.bootstrap": 200,
    "network.name": "densenet_small",
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A 2D network of three channels and five classes, as someone else might have saved it."""
    net = build("densenet_small", dims=2, channels=3, classes=5, dropout=0.0, seed=9)
    path = tmp_path / "foreign.pth"
    renamed = {
        key.replace(".layers.", ".").replace("class_layers.out", "classifier"): value
        for key, value in net.state_dict().items()
    }
    torch.save({"state_dict": renamed}, path)
    return path


@pytest.fixture
def here(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, with a folder for the tracking store of what is trained here."""
    monkeypatch.chdir(tmp_path)
    return here


def options(out: Path, **start: object) -> verbs.CvOptions:
    settings = {**QUICK, **{f"start.{key}": value for key, value in start.items()}}
    return verbs.CvOptions(folds=2, seed=5, device="cpu", out=out, settings=settings)


@pytest.mark.slow
def test_a_run_from_foreign_weights_tells_every_tensor(here: World, tmp_path: Path, weights: Path) -> None:
    told: list[str] = []
    chosen = options(tmp_path / "run", weights=str(weights), trains="head", compare=True)
    result = verbs.cv(
        here.cohort, options=chosen, progress=lambda step, done, total, note="": told.append(note)
    )
    run = RunDir(result.run)
    rows = list(csv.DictReader(run.start_csv.open()))
    assert {row["fate"] for row in rows} == {"loaded", "summed", "skipped"}
    stem = next(row for row in rows if row["tensor"] == "features.conv0.weight")
    assert stem["reason"] == "summed over 3 input channels, shared by 2"
    facts = json.loads(run.start_path.read_text())
    width = build(
        "densenet_small", dims=2, channels=1, classes=2, dropout=0, seed=0
    ).class_layers.out.in_features
    assert facts["trainable_from_epoch"] == {"1": 2 * width + 2}
    assert sum("trains head" in note for note in told) == 1

    trained = build_for(run.recipe(), 2)
    load_weights(trained, run.fold(1).weights)
    start = torch.load(weights)["state_dict"]
    bias = "features.norm0.bias"
    assert torch.equal(trained.state_dict()[f"plane.{bias}"], start[bias])

    baselines = run.evaluation_json()["baselines"]
    assert [item["name"] for item in baselines][-1] == "the same network from random weights"
    assert baselines[-1]["network_minus_baseline"]["value"] is not None
    package = verbs.export(run.path, out=tmp_path / "package").package
    recipe = (package / "recipe.json").read_text()
    assert str(weights) not in recipe
    assert f"sha256:{facts['sha256'][0]}" in recipe

    shutil.rmtree(run.path / "folds" / "1")
    run.predictions_path.unlink()
    torch.save({name: tensor + 1 for name, tensor in start.items()}, weights)
    with pytest.raises(RunError, match="every fold starts from the same weights"):
        verbs.cv(here.cohort, options=chosen)


class Told:
    """Notes what a run tells, and breaks it off once, after two epochs of the first fold's training."""

    def __init__(self, breaks: str = "") -> None:
        self.breaks, self.notes = breaks, list[tuple[str, int, str]]()

    def __call__(self, step: str, done: int, total: int | None, note: str = "") -> None:
        self.notes.append((step, done, note))
        if (step, done) == (self.breaks, 2):
            raise KeyboardInterrupt


@pytest.mark.parametrize("broken", ["train fold 1 of 2 from scratch", "train fold 1 of 2"])
def test_broken_off_it_goes_on_to_the_same_bytes(
    here: World, tmp_path: Path, weights: Path, broken: str
) -> None:
    start = {"weights": str(weights), "trains": "gradual", "unfreeze_epochs": [2, 3], "compare": True}

    def trained(name: str, told: Told) -> FoldDir:
        chosen = options(tmp_path / name, **start)
        asked = replace(chosen, settings={**chosen.settings, "training.epochs": 3}, fold=(0,))
        return RunDir(verbs.cv(here.cohort, options=asked, progress=told).run).fold(0)

    whole, told = trained("whole", Told()), Told()
    with pytest.raises(KeyboardInterrupt):
        trained("broken", Told(broken))
    resumed = trained("broken", told)
    assert [step for step, _, note in told.notes if note == "goes on after epoch 2"] == [broken]
    again = {step for step, done, _ in told.notes if step.startswith("train fold") and done}
    assert again == {broken, "train fold 1 of 2"}
    for name in ("weights.safetensors", "predictions.csv", "predictions_scratch.csv"):
        assert (whole.path / name).read_bytes() == (resumed.path / name).read_bytes()
    assert whole.predictions_path.read_bytes() != whole.scratch_path.read_bytes()
    assert not list(resumed.path.glob("state*"))


def test_a_start_that_has_seen_the_cohort_is_refused(here: World, tmp_path: Path) -> None:
    settings = {"network.name": "densenet121"}
    for earlier in (here.package, here.run):
        chosen = options(tmp_path / f"from-{earlier.name}", weights=str(earlier))
        asked = verbs.CvOptions(
            folds=2, seed=5, device="cpu", out=chosen.out, settings={**chosen.settings, **settings}
        )
        with pytest.raises(RecipeError, match="must be new to the weights"):
            verbs.cv(here.cohort, options=asked)


@pytest.mark.slow
def test_a_package_of_the_same_classes_gives_its_head_too(here: World, tmp_path: Path) -> None:
    other = write_cohort(tmp_path / "other", PhantomOptions(subjects=6, seed=11))
    chosen = options(tmp_path / "run", weights=str(here.package))
    asked = verbs.CvOptions(
        folds=2,
        seed=5,
        device="cpu",
        out=chosen.out,
        settings={**chosen.settings, "network.name": "densenet121"},
    )
    run = RunDir(verbs.cv(other, options=asked).run)
    rows = list(csv.DictReader(run.start_csv.open()))
    assert {row["fate"] for row in rows} == {"loaded"}
    facts = json.loads(run.start_path.read_text())
    assert (len(facts["sha256"]), facts["source"]) == (2, "medidense")


@pytest.mark.slow
def test_the_same_names_for_other_images_are_no_alarm(here: World, tmp_path: Path) -> None:
    other = write_cohort(tmp_path / "other", PhantomOptions(subjects=8, seed=12))
    chosen = options(tmp_path / "run", weights=str(here.run), trains="head")
    settings = {**chosen.settings, "network.name": "densenet121"}
    asked = verbs.CvOptions(folds=2, seed=5, device="cpu", out=chosen.out, settings=settings)
    run = RunDir(verbs.cv(other, options=asked).run)
    names = [{fact.sample for fact in each.facts()} for each in (RunDir(here.run), run)]
    assert names[0] & names[1]


def test_a_file_that_is_no_network_is_refused_in_words(here: World, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="neither a package nor a run directory"):
        verbs.cv(here.cohort, options=options(tmp_path / "run", weights=str(tmp_path)))
