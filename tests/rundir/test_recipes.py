"""YAML in and out."""

from pathlib import Path

import pytest

from medidense.errors import RecipeError
from medidense.rundir import read_recipe, recipe_text, write_recipe
from medidense.values import parse_recipe

TREE = {
    "input": {
        "dims": 2,
        "region": "whole",
        "orientation": "as_stored",
        "size": [64, 64],
        "intensity": {"rule": "percentiles", "low": 1, "high": 99},
    },
    "reasons": {"input.dims": "pictures are flat"},
}


def test_a_recipe_survives_the_file(tmp_path: Path) -> None:
    recipe = parse_recipe(TREE, "tree")
    write_recipe(recipe, tmp_path / "r.yaml")
    assert read_recipe(tmp_path / "r.yaml") == recipe
    assert "size: [64, 64]" in recipe_text(recipe)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1", "YAML"),
        (b"- 1\n", "mapping"),
        (b"\xff\xfe", "UTF-8"),
        (b"!!python/object:os.system {}\n", "YAML"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "r.yaml").write_bytes(content)
    with pytest.raises(RecipeError, match=words) as caught:
        read_recipe(tmp_path / "r.yaml")
    assert all("\n" not in line for line in caught.value.lines)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml"):
        read_recipe(tmp_path / "none.yaml")
