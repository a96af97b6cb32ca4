"""The recipes beside the stories: complete, reasoned, and fit for the network they name."""

from pathlib import Path

import pytest
import yaml

import medidense
from medidense.nets import build, cam_layer
from medidense.values import recipe_keys

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted((ROOT / "workflows" / "recipes").glob("*.yaml"))


def _leaves(tree: object, prefix: str = "") -> set[str]:
    """Dotted keys of a YAML tree."""
    if not isinstance(tree, dict):
        return {prefix}
    return {key for name, part in tree.items() for key in _leaves(part, f"{prefix}.{name}".lstrip("."))}


def test_the_three_recipes_are_there() -> None:
    assert {path.stem for path in RECIPES} == {"adrenalmnist3d", "breastmnist", "lidc"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_complete_and_reasoned(path: Path) -> None:
    recipe = medidense.read_recipe(path)
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    reasons = tree.pop("reasons")
    decisions = {key for key in recipe_keys() if key not in ("version", "reasons")}
    if recipe.training.early_stopping is None:
        stopping = {key for key in decisions if key.startswith("training.early_stopping.")}
        decisions = (decisions - stopping) | {"training.early_stopping"}
    assert _leaves(tree) - {"version"} == decisions
    assert set(reasons) == decisions
    assert all(reason.endswith(".") and len(reason.split()) > 3 for reason in reasons.values())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_network_fits_and_can_be_explained(path: Path) -> None:
    recipe = medidense.read_recipe(path)
    net = build(recipe.network.name, dims=recipe.input.dims, channels=1, classes=2, dropout=0.0, seed=0)
    assert cam_layer(recipe.network.name, net, (1, *recipe.input.size))


def test_what_each_recipe_is_for() -> None:
    recipes = {path.stem: medidense.read_recipe(path) for path in RECIPES}
    lidc, breast, adrenal = (recipes[name] for name in ("lidc", "breastmnist", "adrenalmnist3d"))
    assert (lidc.input.dims, lidc.input.region, lidc.input.spacing_mm) == (3, "lesion", (1.0, 1.0, 1.0))
    assert lidc.input.modality == "CT"
    assert (breast.input.dims, breast.input.size, breast.labels.positive) == (2, (64, 64), "malignant")
    assert (adrenal.input.dims, adrenal.input.size, adrenal.labels.positive) == (
        3,
        (32, 32, 32),
        "hyperplasia",
    )
