"""Which classes does a run tell apart, in which order, and which of them is the positive one?"""

from medidense.errors import RecipeError, UsageError
from medidense.values import Cohort, Recipe


def classes_of(table: Cohort, recipe: Recipe) -> tuple[str, ...]:
    """The classes of the cohort in the order of the scores; grades from the lowest on.

    Raises RecipeError where the table is not of the recipe's ``labels.kind``, or its grades have no order.
    """
    kind = recipe.labels.kind
    if table.multi_label != (kind == "multi_label"):
        found = "columns label_<name>" if table.multi_label else "one column label"
        right = "multi_label" if table.multi_label else "classes or ordinal"
        raise RecipeError(
            "labels.kind", f"the recipe says {kind}", f"{found} in {table.name}", f"set it to {right}"
        )
    return _grades(table, recipe.labels.order) if kind == "ordinal" else table.classes


def _grades(table: Cohort, order: tuple[str, ...] | None) -> tuple[str, ...]:
    """The classes from the lowest grade to the highest."""
    known = ", ".join(table.classes)
    if len(table.classes) < 3:
        raise RecipeError("labels.kind", "grades are three or more", known, "set it to classes")
    if order is None:
        if not all(_is_number(name) for name in table.classes):
            step = "name the classes from the lowest grade to the highest in labels.order"
            raise RecipeError("labels.order", "grades that are words have no order of their own", known, step)
        return table.classes
    if sorted(order) != sorted(table.classes):
        found = f"{', '.join(order)}; the labels are {known}"
        raise RecipeError("labels.order", "it names each label of the cohort once", found, "correct it")
    return order


def positive_of(classes: tuple[str, ...], recipe: Recipe) -> str:
    """The class that sensitivity and score speak of. Raises UsageError when the recipe names no class."""
    positive = recipe.labels.positive or classes[-1]
    if positive not in classes:
        found = f"{positive!r}, classes are {', '.join(classes)}"
        raise UsageError(
            "labels.positive", "the positive class is one of the cohort's labels", found, "correct it"
        )
    return positive


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
