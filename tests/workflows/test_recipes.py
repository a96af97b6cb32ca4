"""The recipes beside the stories: complete, reasoned, and fit for the network they name."""

from pathlib import Path

import pytest
import yaml

import medidense
from medidense.nets import build_for, cam_layer
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
    decisions = _leaves(recipe.model_dump(mode="json", exclude={"version", "reasons"}))
    assert decisions <= {*recipe_keys(), *(key.rpartition(".")[0] for key in recipe_keys())}
    assert _leaves(tree) - {"version"} == decisions
    assert set(reasons) == decisions
    assert all(reason.endswith(".") and len(reason.split()) > 3 for reason in reasons.values())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_network_fits_and_can_be_explained(path: Path) -> None:
    recipe = medidense.read_recipe(path)
    net = build_for(recipe, 2)
    assert cam_layer(recipe.network.name, net, (recipe.input.channels, *recipe.input.size))


def test_what_each_recipe_is_for() -> None:
    recipes = {path.stem: medidense.read_recipe(path) for path in RECIPES}
    lidc, breast, adrenal = (recipes[name] for name in ("lidc", "breastmnist", "adrenalmnist3d"))
    assert (lidc.input.dims, lidc.input.region, lidc.input.spacing_mm) == (3, "lesion", (0.7, 0.7, 0.7))
    assert (lidc.input.modality, lidc.input.view, lidc.input.channels) == ("CT", "planes", 3)
    assert lidc.labels.train_only
    assert (breast.input.dims, breast.input.size, breast.labels.positive) == (2, (64, 64), "malignant")
    assert (adrenal.input.dims, adrenal.input.size, adrenal.labels.positive) == (
        3,
        (32, 32, 32),
        "hyperplasia",
    )
