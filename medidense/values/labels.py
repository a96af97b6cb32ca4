"""What does a recipe take for the truth that a network learns?"""

from typing import Annotated

from pydantic import Field, model_validator

from medidense.values.section import Positive, Section, in_order


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
    """`positive` names the class that sensitivity and score speak of; None is the last of the sorted classes.

    `soft` takes a rating for the training target, `auxiliary` columns for further ones. With `train_only`
    rows whose label is empty take part in training, through one of the two, and are never tested.
    """

    positive: str | None = None
    soft: SoftLabel | None = None
    auxiliary: Auxiliary | None = None
    train_only: bool = False

    @model_validator(mode="after")
    def _taught(self) -> "Labels":
        if self.train_only and self.soft is None and self.auxiliary is None:
            raise ValueError("rows without a label teach nothing: name labels.soft or labels.auxiliary too")
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
