"""Every decision about data, network, training and evaluation, in one checked value.

The classes mirror the sections of recipe.yaml; an unknown key is refused with the nearest known one named.
Keys that a later version will honour are refused here by name, never ignored.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from medidense.errors import Problem, RecipeError
from medidense.values.input import Input
from medidense.values.labels import Labels
from medidense.values.network import Network, Start
from medidense.values.section import Section, Share
from medidense.values.training import Training


class PredictionRules(Section):
    """How a score is made. `flips`: the mean over the crop and its mirror images along all axes."""

    flips: bool = False


OperatingRule = Literal["fixed", "sensitivity", "specificity", "youden", "cost"]
Inside = Annotated[float, Field(gt=0, lt=1)]


class EvaluationRules(Section):
    """`bootstrap` draws of subjects for each interval; `operating_point` is the score of the positive class
    from which on it is decided for, unless `operating_rule` has one chosen from out-of-fold scores.

    `cost_ratio` is what a miss costs, in false alarms. `deployment_prevalence` is the share of positives
    where the model is to be used; None says nothing of it. `calibration` is the package's, `coverage` that
    of its prediction sets.
    """

    bootstrap: Annotated[int, Field(ge=200, le=100000)] = 2000
    operating_point: Share = 0.5
    operating_rule: OperatingRule = "fixed"
    target_sensitivity: Inside = 0.9
    target_specificity: Inside = 0.9
    cost_ratio: Annotated[float, Field(gt=0, le=1000)] = 5.0
    deployment_prevalence: Inside | None = None
    calibration: Literal["auto", "platt", "temperature", "none"] = "auto"
    coverage: Inside = 0.9


class Recipe(Section):
    """All of it. `leakage` says what becomes of copies of test images on a fold's training side: the run is
    refused, or they are dropped from there. `reasons` maps dotted keys to the sentence that says why the
    planner chose the value."""

    version: Literal[1] = 1
    labels: Labels = Labels()
    input: Input
    network: Network = Network()
    start: Start | None = None
    training: Training = Training()
    prediction: PredictionRules = PredictionRules()
    evaluation: EvaluationRules = EvaluationRules()
    leakage: Literal["refuse", "drop_from_train"] = "refuse"
    reasons: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _features_are_no_targets(self) -> "Recipe":
        taught = {*(self.labels.auxiliary.columns if self.labels.auxiliary else ())}
        taught |= {self.labels.soft.column} if self.labels.soft else set()
        both = taught.intersection(self.input.covariates.columns if self.input.covariates else ())
        if both:
            raise ValueError(f"{min(both)} is a training target, so it is no feature (input.covariates)")
        return self

    @model_validator(mode="after")
    def _one_class_a_row(self) -> "Recipe":
        training = self.training
        if self.labels.kind == "multi_label" and (training.sampling == "balanced" or training.size_paired):
            key = "sampling: balanced" if training.sampling == "balanced" else "size_paired"
            raise ValueError(
                f"training.{key} deals out rows by their one class, and a row of kind multi_label has "
                "several labels; use training.class_weights: balanced"
            )
        return self

    @model_validator(mode="after")
    def _fitting(self) -> "Recipe":
        change = self.training.augmentation
        if not isinstance(change.flip, bool) and any(axis >= self.input.dims for axis in change.flip):
            raise ValueError(
                f"augmentation.flip: axes of the crop, below {self.input.dims}, not {change.flip}"
            )
        if (change.crop or change.cutout) and (self.input.view == "planes" or self.input.mask_channel):
            raise ValueError("augmentation.crop and cutout fill with 0, which is for crops without a mask")
        return self

    def with_settings(self, settings: Mapping[str, Any], where: str = "--set") -> "Recipe":
        """This recipe with dotted keys replaced, checked again; `where` stands in the error.

        Raises RecipeError for a key that does not exist or a value that does not hold.
        """
        tree = self.model_dump(mode="json")
        for key, value in settings.items():
            _put(tree, key, value, where)
        return parse_recipe(tree, where)


def parse_recipe(tree: object, where: str) -> Recipe:
    """A Recipe from parsed YAML or JSON. Raises RecipeError naming every key that does not hold."""
    if not isinstance(tree, dict):
        raise RecipeError(
            where, "a recipe is a mapping of sections", type(tree).__name__, "see docs/recipe.md"
        )
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise RecipeError.several([_problem(item, where) for item in error.errors()]) from None


def recipe_keys() -> tuple[str, ...]:
    """Every dotted key a recipe may hold, sections left out, in file order."""
    return tuple(_keys(Recipe, ""))


def _keys(section: type[BaseModel], prefix: str) -> list[str]:
    found: list[str] = []
    for name, info in section.model_fields.items():
        inner = next((t for t in _classes(info.annotation) if issubclass(t, Section)), None)
        found += _keys(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


def _classes(annotation: Any) -> list[type]:
    """The classes an annotation names, looked for in unions too."""
    inner = getattr(annotation, "__args__", ())
    return (
        [annotation]
        if isinstance(annotation, type) and not inner
        else [t for a in inner for t in _classes(a)]
    )


def _nearest(key: str) -> str:
    """What to do about an unknown key: the nearest known one, or where the list is."""
    near = difflib.get_close_matches(key, recipe_keys(), n=1, cutoff=0.5)
    leaf = [known for known in recipe_keys() if known.split(".")[-1] == key.split(".")[-1]]
    return f"did you mean {(leaf or near)[0]}?" if leaf or near else "docs/recipe.md lists all keys"


def _put(tree: dict[str, Any], key: str, value: Any, where: str) -> None:
    """Set one dotted key that must exist; a section that is off, like early_stopping, may be opened."""
    known = recipe_keys()
    is_section = any(name.startswith(f"{key}.") for name in known)
    if (key not in known and not is_section) or key.startswith("reasons"):
        raise RecipeError(f"{where} {key}", "unknown recipe key", key, _nearest(key))
    *sections, leaf = key.split(".")
    for section in sections:
        tree[section] = tree[section] if isinstance(tree.get(section), dict) else {}
        tree = tree[section]
    tree[leaf] = value


def _problem(item: Any, where: str) -> Problem:
    """One pydantic finding as a Problem."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Problem(f"{where} {key}", "unknown recipe key", key, _nearest(key))
    if item["type"] == "missing":
        return Problem(
            f"{where} {key}", "a recipe needs this key", "nothing", "medidense plan writes a whole recipe"
        )
    rule = item["msg"].removeprefix("Value error, ")
    return Problem(
        f"{where} {key}".strip(), rule, repr(item["input"])[:80], "docs/recipe.md lists what each key allows"
    )
