"""The options with which a user settles what a file leaves in doubt, and how they become one value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from medidense.cli.options import settings

if TYPE_CHECKING:
    from medidense.values import ReadOptions

Series = Annotated[
    str,
    typer.Option(
        "--series",
        metavar="UID",
        help="The series, by its UID or as much of its beginning or end as is enough.",
    ),
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
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit", metavar="KEY=VALUE", help="Raise or lower a ceiling, decoded_bytes=8GiB; repeatable."
    ),
]
Colour = Annotated[
    bool, typer.Option("--colour", help="Write colour images as RGB24 instead of refusing them.")
]


def read_options(
    pick: Sequence[str] | None, limit: Sequence[str] | None = None, **given: bool | str | float | None
) -> "ReadOptions":
    """The value that reading takes. Raises UsageError as `ReadOptions`, `parse_limits` and `settings` do."""
    from medidense.values import ReadOptions, parse_limits

    chosen = settings(pick or (), option="--pick", example="EchoTime=4.6")
    limits = parse_limits(settings(limit or (), option="--limit", example="decoded_bytes=8GiB"))
    return ReadOptions(pick=chosen, limits=limits, **given)  # type: ignore[arg-type]
