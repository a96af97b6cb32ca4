"""The arguments that several commands share, and the checks that need no verb.

A check here costs nothing: it runs before a verb, and so torch, is loaded.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from medidense.errors import UsageError


class Device(StrEnum):
    """Where the network computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Controls(StrEnum):
    """What is tried to see whether the figures can be believed."""

    features = "features"
    full = "full"
    off = "off"


class FoldsOn(StrEnum):
    """Where the folds are trained."""

    here = "here"
    ray = "ray"


class Split(StrEnum):
    """How the cohort is split; the same words as in `medidense.values.split_plan`."""

    kfold = "kfold"
    repeated = "repeated"
    nested = "nested"
    site = "site"
    column = "column"


class Strata(StrEnum):
    """What the parts are alike in."""

    label = "label"
    site = "site"


def present(given: Path | Iterable[Path] | None) -> Path | Iterable[Path] | None:
    """The path or paths as given. Raises UsageError for the first that does not exist."""
    paths = [given] if isinstance(given, Path) else list(given or ())
    for path in paths:
        if not path.exists():
            raise UsageError(str(path), "no such file or folder", "", "check the path")
    return given


def above_zero(minutes: float | None) -> float | None:
    """The budget as given. Raises UsageError unless it is above 0 and finite."""
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UsageError("--budget", "a budget is a number of minutes above 0", f"{minutes:g}", "give more")
    return minutes


def settings(
    pairs: Iterable[str], option: str = "--set", example: str = "training.epochs=3"
) -> dict[str, str]:
    """``key=value`` texts as a mapping, values as typed. Raises UsageError for any other form.

    >>> settings(["training.epochs=3", "input.fill=edge"])
    {'training.epochs': '3', 'input.fill': 'edge'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(option, "it takes key=value", repr(pair), f"write {option} {example}")
        if key.strip() in found:
            raise UsageError(
                f"{option} {key.strip()}", "the key is set twice", repr(pair), "keep one of them"
            )
        found[key.strip()] = value.strip()
    return found


def candidate(text: str) -> dict[str, str]:
    """``key=value,key=value`` as a mapping; commas inside brackets separate nothing.

    >>> candidate("training.epochs=3,network.dropout=0.1")
    {'training.epochs': '3', 'network.dropout': '0.1'}
    """
    pieces, depth = [""], 0
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return settings(pieces, "--candidate", "training.learning_rate=0.001")


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
BurnedIn = Annotated[
    bool, typer.Option("--allow-burned-in", help="Show pictures of any modality: they carry no name.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")]
Cohort = Annotated[
    Path,
    typer.Argument(
        metavar="COHORT.csv", callback=present, help="A row a sample: subject_id, image, label ..."
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN_DIR", callback=present, help="The folder that 'medidense cv' wrote.")
]
PackageFolder = Annotated[
    Path,
    typer.Argument(metavar="PACKAGE", callback=present, help="The folder that 'medidense export' wrote."),
]
Inputs = Annotated[
    list[Path],
    typer.Argument(
        metavar="INPUT",
        callback=present,
        help="Files, folders or ZIP archives of scans (DICOM, NIfTI, PNG, JPEG).",
    ),
]
Lesions = Annotated[
    Path | None,
    typer.Option(
        "--lesions", metavar="LESIONS.csv", callback=present, help="Where the lesions are, a row a lesion."
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="MINUTES",
        callback=above_zero,
        help="Time for all folds; epochs and patch are fitted to it.",
    ),
]
Where = Annotated[
    Device, typer.Option("--device", help="Where to compute; auto takes a GPU if there is one.")
]
