"""What may a reader do beyond reading what is there without doubt?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from medidense.errors import UsageError
from medidense.values.limits import LIMITS, Limits

FORMS = ("", "sform", "qform")
LARGEST = 3.4028234e38
"""About the largest number of float32, the type of what is filled."""


@dataclass(frozen=True)
class ReadOptions:
    """The user's word where a file leaves a doubt. By default none is given, and the doubtful is refused.

    Raises UsageError for a `prefer` that is no form, or a `fill` that is no finite number.
    """

    pick: Mapping[str, str] = field(default_factory=dict)
    """DICOM keyword -> value: of several stacks in one series the one that has it."""
    allow_tilt: bool = False
    """Resample a stack with gantry tilt onto a straight grid (refused TILTED otherwise)."""
    assume_ras: bool = False
    """Take a NIfTI file without orientation as RAS, centred on its own voxels (IDENTITY otherwise)."""
    guess_syntax: bool = False
    """Let pydicom guess the transfer syntax of a DICOM file that does not state it (NO_TS otherwise)."""
    prefer: str = ""
    """``sform`` or ``qform``: which one counts where a NIfTI file's two disagree (CONFLICT otherwise)."""
    fill: float | None = None
    """The value for voxels that are NaN or infinite (NOT_FINITE otherwise)."""
    colour: bool = False
    """Read colour DICOM and NIfTI as three channels (COLOUR otherwise). Colour pictures need no leave."""
    limits: Limits = LIMITS
    """Ceilings that are compared before anything is decoded."""

    def __post_init__(self) -> None:
        if self.prefer not in FORMS:
            raise UsageError("--prefer", "a NIfTI file has two forms", self.prefer, "choose sform or qform")
        if self.fill is not None and not abs(self.fill) <= LARGEST:
            raise UsageError("--fill", "a fill is a finite number", self.fill, "give one, 0 for instance")
        pick = {str(key): str(value) for key, value in self.pick.items()}
        object.__setattr__(self, "pick", MappingProxyType(pick))
