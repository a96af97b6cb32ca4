"""What does a recipe take for the truth that a network learns?"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from medidense.values.section import Positive, Section, in_order

Kind = Literal["classes", "multi_label", "ordinal"]
"""One class of several, any number of labels at once, or one of several grades in order."""


def _as_word(grade: object) -> object:
    """A grade as the table has it: YAML reads 3 as a number."""
    return str(grade) if isinstance(grade, int) and not isinstance(grade, bool) else grade


Grade = Annotated[str, BeforeValidator(_as_word)]


class SoftLabel(Section):
    """A rating as training target: `column` from `low` (certainly not) to `high` (certainly positive).

    A row with the rating r trains towards a probability of (r - low) / (high - low) for the positive class.
    Tests and figures know the label alone.
    """

    column: str
    low: float
    high: float

    _ordered = model_validator(mode="after")(in_order)


class Auxiliary(Section):
    """Columns that the network learns to tell beside the class, in training only: never features.

    Each column is brought to mean 0 and standard deviation 1 over the training part; empty cells are left
    out. `weight` is that of their mean squared error beside the loss of the classes.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    weight: Positive = 0.5


class Labels(Section):
    """`kind` says what a row's truth is: one of several ``classes``, any of several labels at once
    (``multi_label``, columns ``label_<name>``), or one of several grades in order (``ordinal``).

    `order` names the grades from the lowest to the highest; None is their order as numbers. `positive` names
    the class that sensitivity and score speak of; None is the last of the classes, the highest grade.

    `soft` takes a rating for the training target, `auxiliary` columns for further ones. With `train_only`
    rows whose label is empty take part in training, through one of the two, and are never tested.
    """

    kind: Kind = "classes"
    order: tuple[Grade, ...] | None = None
    positive: str | None = None
    soft: SoftLabel | None = None
    auxiliary: Auxiliary | None = None
    train_only: bool = False

    @model_validator(mode="after")
    def _taught(self) -> "Labels":
        if self.train_only and self.soft is None and self.auxiliary is None:
            raise ValueError("rows without a label teach nothing: name labels.soft or labels.auxiliary too")
        return self

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Labels":
        if self.soft is not None and self.kind != "classes":
            raise ValueError(f"a soft label is for two classes, not for kind {self.kind}; remove labels.soft")
        if self.order is not None and self.kind != "ordinal":
            raise ValueError("an order is for grades: set labels.kind to ordinal, or remove labels.order")
        if self.order is not None and len(set(self.order)) != len(self.order):
            raise ValueError("labels.order names each grade once")
        return self

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, tree: object) -> object:
        """Recipes of earlier versions say ``features: []``, which was the only value that was taken."""
        if isinstance(tree, dict) and "features" in tree:
            if tree["features"]:
                raise ValueError("features beside the image are input.covariates.columns now")
            return {key: value for key, value in tree.items() if key != "features"}
        return tree
