"""A recipe on disk, and what a budget does to it."""

from pathlib import Path

import pytest
import yaml

from medidense import verbs
from medidense.cohort import check_images, read_cohort
from medidense.errors import OutputExistsError, UsageError
from medidense.rundir import read_recipe
from medidense.values import Recipe, recipe_keys
from medidense.verbs import planning
from tests.verbs.conftest import World


def test_the_written_recipe_is_the_planned_one_and_gives_reasons(here: World, tmp_path: Path) -> None:
    result = verbs.plan(here.cohort, out=tmp_path / "r.yaml")
    assert read_recipe(tmp_path / "r.yaml") == result.recipe
    sections = {key.rpartition(".")[0] for key in recipe_keys()}
    assert set(result.recipe.reasons) <= {*recipe_keys(), *sections}
    assert {"input.size", "training.epochs", "input.intensity.rule"} <= set(result.recipe.reasons)


def test_a_small_budget_means_fewer_epochs_and_says_why(here: World, tmp_path: Path) -> None:
    free = verbs.plan(here.cohort, out=tmp_path / "free.yaml").recipe
    tight = verbs.plan(here.cohort, out=tmp_path / "tight.yaml", budget=0.05, device="cpu").recipe
    assert tight.training.epochs < free.training.epochs
    assert tight.reasons["training.epochs"] != free.reasons["training.epochs"]


def test_what_is_set_is_not_planned_and_cv_plans_the_same(here: World, tmp_path: Path) -> None:
    settings = {"input.mask_channel": "false", "input.size": "[39, 39, 39]", "training.epochs": "1"}
    bound = verbs.plan(here.cohort, out=tmp_path / "r.yaml", settings=settings).recipe
    assert (bound.input.mask_channel, bound.input.size) == (False, (39, 39, 39))
    assert bound.reasons["input.mask_channel"] == "Set by --set."
    table = read_cohort(here.cohort)
    facts = check_images(table)
    terms = planning.Terms(None, 2, "cpu", {key: yaml.safe_load(text) for key, text in settings.items()})
    assert planning.propose(table, facts, terms) == bound


def test_a_budget_leaves_what_is_set(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "measure_step", lambda recipe, classes, device: 10.0)
    settings = {"training.epochs": 7, "input.size": [45, 45, 45], "network.name": "densenet121"}
    bound = verbs.plan(here.cohort, out=tmp_path / "r.yaml", budget=1, device="cpu", settings=settings).recipe
    assert (bound.training.epochs, bound.input.size[0], bound.network.name) == (7, 45, "densenet121")
    assert bound.reasons["training.epochs"] == "Set by --set."


def test_no_time_is_no_budget(here: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="above 0"):
        verbs.plan(here.cohort, out=tmp_path / "r.yaml", budget=0)


def test_a_recipe_that_exists_is_kept(here: World, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("mine")
    with pytest.raises(OutputExistsError):
        verbs.plan(here.cohort, out=tmp_path / "r.yaml")
    assert (tmp_path / "r.yaml").read_text() == "mine"


@pytest.mark.parametrize(("large", "name", "side"), [(0.1, "densenet121", 45), (10.0, "densenet_small", 45)])
def test_a_short_budget_takes_the_small_network_before_it_takes_voxels(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: float, name: str, side: int
) -> None:
    def measured(recipe: Recipe, classes: int, device: object) -> float:
        return large if recipe.network.name == "densenet121" else 0.01

    monkeypatch.setattr(planning, "measure_step", measured)
    recipe = verbs.plan(here.cohort, out=tmp_path / "r.yaml", budget=60, device="cpu").recipe
    assert (recipe.network.name, recipe.input.size) == (name, (side,) * 3)
