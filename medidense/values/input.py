"""What does a recipe make of a volume and a region before a network sees it?"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from medidense.values.covariates import Covariates
from medidense.values.section import Positive, Section, in_order


class Intensity(Section):
    """How modality values become network values in -1..1 (window, percentiles) or around 0 (the others).

    ``window``: `low` and `high` are modality values (HU for CT). ``percentiles``: they are percentiles of the
    crop. ``zscore``: mean and standard deviation of the crop; `low` and `high` clip in standard deviations.
    ``constants``: `mean` is taken off and divided by `deviation`, which are modality values too, one of each
    for every channel of the network; `low` and `high` clip before that. An image of one channel fills them
    all.
    """

    rule: Literal["window", "percentiles", "zscore", "constants"]
    low: float
    high: float
    mean: tuple[float, ...] = ()
    deviation: tuple[Positive, ...] = ()

    _ordered = model_validator(mode="after")(in_order)

    @property
    def channels(self) -> int:
        """Channels that the values of an image become."""
        return max(1, len(self.mean))

    @model_validator(mode="after")
    def _paired(self) -> "Intensity":
        wanted = (1, 3) if self.rule == "constants" else (0,)
        if len(self.mean) != len(self.deviation) or len(self.mean) not in wanted:
            found = f"{len(self.mean)} and {len(self.deviation)}"
            raise ValueError(
                f"mean and deviation: one or three of each with constants, else none, not {found}"
            )
        return self


class Window(Section):
    """The modality values that become -1 and 1; what lies beyond is cut off."""

    low: float
    high: float

    _ordered = model_validator(mode="after")(in_order)


class Input(Section):
    """From a volume and a region to the array that enters the network.

    `modality` is the DICOM modality that the intensity rule is made for; scoring refuses another one. None
    means that the training files state none and nothing is assumed.
    `size` is the array's shape in voxels, 2 or 3 numbers as `dims` says. `spacing_mm` is the distance
    between its voxels; None means: scale so that the whole image just fits (pictures, where millimetres
    mean nothing).

    `view` ``planes`` (2.5D): of a cube the network sees the three orthogonal planes through its middle, one
    after the other. `second_window` adds a channel of the same values through another window, `mask_channel`
    one of the lesion's mask (-1 outside, 1 inside). `covariates` are columns of the table that the network
    takes beside the array.
    """

    dims: Literal[2, 3]
    region: Literal["lesion", "whole"]
    modality: str | None = None
    orientation: Literal["RAS", "as_stored"] = "RAS"
    spacing_mm: tuple[Positive, ...] | None = None
    size: tuple[Annotated[int, Field(ge=32, le=1024)], ...]
    intensity: Intensity
    fill: Literal["reflect", "edge"] = "reflect"
    view: Literal["crop", "planes"] = "crop"
    second_window: Window | None = None
    mask_channel: bool = False
    covariates: Covariates | None = None

    @property
    def channels(self) -> int:
        """Channels of the array: the intensities, their second window, the mask."""
        return self.intensity.channels + (self.second_window is not None) + self.mask_channel

    @model_validator(mode="after")
    def _channels(self) -> "Input":
        if self.view == "planes" and (self.dims != 3 or len(set(self.size)) != 1):
            raise ValueError(f"three planes are cut out of a cube, not out of {list(self.size)} voxels")
        if self.mask_channel and self.region != "lesion":
            raise ValueError("a mask channel needs region: lesion")
        return self

    @model_validator(mode="after")
    def _lengths(self) -> "Input":
        if len(self.size) != self.dims:
            raise ValueError(f"size needs {self.dims} numbers, not {len(self.size)}")
        if self.spacing_mm is not None and len(self.spacing_mm) != self.dims:
            raise ValueError(f"spacing_mm needs {self.dims} numbers, not {len(self.spacing_mm)}")
        if self.spacing_mm is None and self.region == "lesion" and self.orientation == "RAS":
            raise ValueError("a lesion crop in RAS needs spacing_mm")
        return self
