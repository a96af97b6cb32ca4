"""A recipe refuses what it does not know, and says what was meant."""

from typing import Any

import pytest

from medidense.errors import RecipeError
from medidense.values import Recipe, parse_recipe, recipe_keys

WINDOW = {"rule": "window", "low": -1000, "high": 400}


def tree(**changes: Any) -> dict[str, Any]:
    given = {
        "dims": 3,
        "region": "lesion",
        "spacing_mm": [1, 1, 1],
        "size": [32, 32, 32],
        "intensity": WINDOW,
    }
    return {"input": given | changes}


def recipe() -> Recipe:
    return parse_recipe(tree(), "r.yaml")


def lines(call: Any) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        call()
    assert caught.value.exit_code == 2
    return caught.value.lines


def test_settings_replace_and_are_checked() -> None:
    changed = recipe().with_settings({"training.epochs": 3, "training.early_stopping.patience": 2})
    assert changed.training.epochs == 3
    assert changed.training.early_stopping is not None
    assert changed.training.early_stopping.patience == 2
    assert recipe().training.early_stopping is None


def test_an_unknown_key_names_the_nearest() -> None:
    (line,) = lines(lambda: recipe().with_settings({"training.epoch": 3}))
    assert (
        line
        == "--set training.epoch: unknown recipe key; found training.epoch; did you mean training.epochs?"
    )
    (line,) = lines(lambda: recipe().with_settings({"epochs": 3}))
    assert "training.epochs" in line


def test_every_wrong_key_of_a_file_is_a_line() -> None:
    found = lines(lambda: parse_recipe(tree(dims=4, colour="red") | {"training": {"epochs": 0}}, "r.yaml"))
    assert len(found) == 3
    assert any("colour" in line for line in found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": [32, 32]}, "size needs 3 numbers"),
        ({"size": [16, 32, 32]}, "32"),
        ({"spacing_mm": [1, 1]}, "spacing_mm needs 3 numbers"),
        ({"spacing_mm": None}, "needs spacing_mm"),
        ({"intensity": WINDOW | {"low": 500}}, "low must be below high"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], words: str) -> None:
    assert any(words in line for line in lines(lambda: parse_recipe(tree(**changes), "r.yaml")))


def test_keys_are_leaves_in_order() -> None:
    keys = recipe_keys()
    assert "training.early_stopping.patience" in keys
    assert "training" not in keys
    assert len(keys) == len(set(keys))
    assert parse_recipe(recipe().model_dump(mode="json"), "again") == recipe()
