"""What do all sections of a recipe have in common?"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen, and no key beyond those declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
