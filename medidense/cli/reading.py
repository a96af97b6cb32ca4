"""The options with which a user settles what a file leaves in doubt, and how they become one value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from medidense.cli.options import settings

if TYPE_CHECKING:
    from medidense.values import ReadOptions

Series = Annotated[
    str, typer.Option("--series", metavar="UID", help="SeriesInstanceUID, where a folder holds several.")
]
Pick = Annotated[
    list[str] | None,
    typer.Option("--pick", metavar="KEY=VALUE", help="Of several stacks in a series, the one that has it."),
]
AllowTilt = Annotated[
    bool, typer.Option("--allow-tilt", help="Resample a stack with gantry tilt onto a straight grid.")
]
AssumeRas = Annotated[
    bool, typer.Option("--assume-ras", help="Take a NIfTI file without orientation as RAS.")
]
GuessSyntax = Annotated[
    bool, typer.Option("--guess-syntax", help="Guess the transfer syntax of DICOM that does not state it.")
]
Prefer = Annotated[
    str, typer.Option("--prefer", metavar="FORM", help="sform or qform, where a NIfTI file's disagree.")
]
Fill = Annotated[
    float | None, typer.Option("--fill", metavar="VALUE", help="Put this in the place of NaN and infinity.")
]
Colour = Annotated[
    bool, typer.Option("--colour", help="Write colour images as RGB24 instead of refusing them.")
]


def read_options(pick: Sequence[str] | None, **given: bool | str | float | None) -> "ReadOptions":
    """The value that reading takes. Raises UsageError as `ReadOptions` and `settings` do."""
    from medidense.values import ReadOptions

    chosen = settings(pick or (), option="--pick", example="EchoTime=4.6")
    return ReadOptions(pick=chosen, **given)  # type: ignore[arg-type]
