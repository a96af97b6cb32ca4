"""How a recipe stands in a YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from medidense import durable
from medidense.errors import RecipeError, UsageError
from medidense.values import Recipe, parse_recipe

LARGEST = 1 << 20
"""Bytes of a recipe file that are read at most."""


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML file. Raises RecipeError for a file that is missing, no YAML, or does not hold."""
    try:
        with path.open("rb") as stream:
            tree = yaml.safe_load(stream.read(LARGEST).decode("utf-8"))
    except OSError as error:
        raise RecipeError(str(path), "the recipe cannot be read", error.strerror, "check the path") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        found = " ".join(str(error).split())[:120]
        raise RecipeError(
            str(path), "a recipe is YAML in UTF-8", found, "medidense plan writes one"
        ) from None
    return parse_recipe(tree, str(path))


def parsed_settings(settings: Mapping[str, object], option: str = "--set") -> dict[str, Any]:
    """Values given as text, read as YAML: numbers, lists, true, null. Raises UsageError."""
    try:
        return {
            key: yaml.safe_load(value) if isinstance(value, str) else value for key, value in settings.items()
        }
    except yaml.YAMLError as error:
        raise UsageError(
            option, "a value is YAML", error, f"quote it, as in {option} 'input.size=[32,32,32]'"
        ) from None


def recipe_text(recipe: Recipe) -> str:
    """The YAML text of a recipe: sections in the order of the docs, lists on one line, reasons last."""
    tree = recipe.model_dump(mode="json")
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def write_recipe(recipe: Recipe, target: Path) -> None:
    """Write `recipe_text`, whole or not at all. Raises WriteError."""
    durable.write_text(target, recipe_text(recipe), durable.OPEN)


class _Dumper(yaml.SafeDumper):
    """Lists of numbers in one line, mappings a key a line."""


def _flow_list(dumper: yaml.SafeDumper, items: list[object]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_Dumper.add_representer(list, _flow_list)
