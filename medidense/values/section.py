"""What do all sections of a recipe have in common?"""

from typing import Annotated, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen, and no key beyond those declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class HasEnds(Protocol):
    """Anything from a lower to an upper end."""

    @property
    def low(self) -> float:
        """The lower one."""

    @property
    def high(self) -> float:
        """The upper one."""


Ends = TypeVar("Ends", bound=HasEnds)


def in_order(section: Ends) -> Ends:
    """The section itself, to be its validator. Raises ValueError unless `low` is below `high`."""
    if section.low >= section.high:
        raise ValueError(f"low must be below high, not {section.low} and {section.high}")
    return section
