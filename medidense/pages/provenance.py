"""What was run, with which decisions, and how is it run again?"""

from collections.abc import Mapping
from typing import Any

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, join, pairs, table, tag


def provenance_section(contents: RunContents) -> Html:
    """The command, the versions and digests, and the recipe with its reasons."""
    ran = contents.ran
    words = (
        "With the same cohort file, the recipe.yaml of the run directory and the same code this gives the "
        "same folds, and on the same kind of machine the same scores."
    )
    return join([tag("pre", ran.command), tag("p", words, kind="note"), pairs(ran.facts)])


def recipe_section(contents: RunContents) -> Html:
    """Every key of the recipe, with the sentence that says why."""
    tree = contents.recipe.model_dump(mode="json")
    reasons = tree.pop("reasons")
    rows: list[tuple[object, ...]] = [("key", "value", "why")]
    rows += [(tag("code", key), _said(value), reasons.get(key, "")) for key, value in flat(tree).items()]
    return table(rows, "words small")


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The tree with dotted keys.

    >>> flat({"a": {"b": 1}, "c": None})
    {'a.b': 1, 'c': None}
    """
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= (
            flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {prefix + key: value}
        )
    return found


def _said(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
