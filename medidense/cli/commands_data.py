"""Commands that look at data before anything trains: scan, convert, check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import Cohort, Json, Overwrite, present
from medidense.cli.printing import Table, count, facts, show
from medidense.cli.progress import following
from medidense.cli.reading import (
    AllowTilt,
    AssumeRas,
    Colour,
    Fill,
    GuessSyntax,
    Pick,
    Prefer,
    Series,
    read_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medidense.values import Entry
    from medidense.verbs.converting import ConvertResult


def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", callback=present, help="Files, folders or ZIP archives to look through."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="CATALOGUE.csv", help="Write the list too, as CSV or (.parquet) Parquet."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """List every series in a folder, and every refusal with its reason.

    Nothing is guessed: what cannot be read without doubt is refused with a code, and docs/coordinates.md
    says what each code means. A second scan with the same --out looks only at what has changed.

    Exit code 3 when there is no image at all, 4 when something was refused.

    \b
    Example:
      medidense scan /data/lung --out catalogue.csv
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.scan(paths, out=out, progress=progress)
    listed = [entry for entry in result.entries if entry.state != "skipped"]
    volumes, refused = result.count("volume"), result.count("refused")
    summary = f"{count(volumes, 'volume')}, {refused} refused, {result.count('skipped')} other files"
    reasons = [entry.refusal.sentence for entry in listed if entry.refusal]
    written = facts([("catalogue", out or "")])
    show([_listed(listed), summary, *([written] if out else [])], result.to_json(), as_json=as_json)
    return complain(reasons, 4) if reasons else 0


def _listed(entries: "Sequence[Entry]") -> Table:
    """A line for each stack and each refusal; how to pick a stack where a series holds several."""
    several = any(entry.pick for entry in entries)
    rows = (
        (
            entry.refusal.code if entry.refusal else entry.state,
            entry.modality or entry.kind,
            *([entry.pick] if several else []),
            " x ".join(str(n) for n in entry.shape),
            " x ".join(f"{mm:.3g}" for mm in entry.spacing_mm),
            entry.path,
        )
        for entry in entries
    )
    columns = ("state", "kind", *(["stack"] if several else []), "voxels", "spacing mm", "path")
    return Table(columns, tuple(rows))


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", callback=present, help="A file, a folder or a ZIP archive.")
    ],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT.nii.gz", help="The NIfTI file to write, or a folder for all volumes."),
    ],
    series: Series = "",
    pick: Pick = None,
    allow_tilt: AllowTilt = False,
    assume_ras: AssumeRas = False,
    guess_syntax: GuessSyntax = False,
    prefer: Prefer = "",
    fill: Fill = None,
    colour: Colour = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Write one series as one NIfTI file, or all of a folder into another.

    Values and geometry stay as they were measured; coordinates are RAS+ millimetres. Where a file leaves a
    doubt it is refused, and an option can settle it; docs/coordinates.md says which.

    Exit code 4 when an input is refused; for it nothing is written.

    \b
    Example:
      medidense convert /data/lung/series_12 chest.nii.gz
      medidense convert /data/brain brain.nii.gz --pick EchoTime=4.6
      medidense convert /data/lung nifti/
    """
    from medidense import verbs

    doubts = {"allow_tilt": allow_tilt, "assume_ras": assume_ras, "guess_syntax": guess_syntax}
    options = read_options(pick, prefer=prefer, fill=fill, colour=colour, **doubts)
    with following(as_json=as_json) as progress:
        result = verbs.convert(
            source, target, series=series, options=options, overwrite=overwrite, progress=progress
        )
    show([_converted(result)], result.to_json(), as_json=as_json)
    return complain([refusal.sentence for refusal in result.refused], 4) if result.refused else 0


def _converted(result: "ConvertResult") -> Table:
    """One volume at length, or a line for each of several."""
    if len(result.written) != 1:
        rows = (
            (one.target.name, " x ".join(str(n) for n in one.shape), one.pick, str(one.source))
            for one in result.written
        )
        return Table(("file", "voxels", "stack", "path"), tuple(rows))
    (one,) = result.written
    return facts(
        [
            ("written", one.target),
            ("voxels", " x ".join(str(n) for n in one.shape)),
            ("spacing mm", " x ".join(f"{mm:.4g}" for mm in one.spacing_mm)),
            ("orientation", one.orientation),
            *(("warning", text) for text in one.warnings),
        ]
    )


def check(cohort: Cohort, as_json: Json = False) -> int:
    """Check a cohort whole: every row, every image, every lesion.

    All problems are reported together, a line each, before anything trains. One of them is one image under
    two subjects or with two labels, whatever files it stands in. Near copies are a warning.

    \b
    Example:
      medidense check cohort.csv
    """
    from medidense import verbs
    from medidense.cli.pages import near_copies

    with following(as_json=as_json) as progress:
        result = verbs.check(cohort, progress=progress)
    counts = ", ".join(f"{name} {number}" for name, number in result.class_counts.items())
    page = facts(
        [
            ("cohort", result.cohort),
            (
                "samples",
                f"{result.samples} of {count(result.subjects, 'subject')}, {count(result.images, 'image')}",
            ),
            ("labels", counts),
            ("region", "a lesion a row" if result.region == "lesion" else "the whole image"),
            ("dimensions", f"{result.dims}D"),
            ("modality", result.modality or "not stated in the files"),
            *(("note", note) for note in result.notes),
        ]
    )
    show([page, *near_copies(result.leaks), "The cohort holds."], result.to_json(), as_json=as_json)
    return 0
