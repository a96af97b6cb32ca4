"""Commands that look at data before anything trains: scan, convert, check, match."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medidense.cli.errors import complain, emit
from medidense.cli.listing import listing
from medidense.cli.options import Cohort, Json, Overwrite, present
from medidense.cli.printing import Table, facts, show, show_stream
from medidense.cli.progress import following
from medidense.cli.reading import (
    AllowTilt,
    AssumeRas,
    Colour,
    Fill,
    GuessSyntax,
    Limit,
    Pick,
    Prefer,
    Series,
    read_options,
)
from medidense.values.wording import class_counts, count

if TYPE_CHECKING:
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
    guess_syntax: GuessSyntax = False,
    limit: Limit = None,
    as_json: Json = False,
) -> int:
    """List every series in a folder, and every refusal with its reason.

    Files given one by one are listed like a folder of them. Nothing is guessed: what cannot be read without
    doubt is refused with a code, and docs/coordinates.md says what each code means. A second scan with the
    same --out looks only at what has changed. 'convert --series' takes a series as it is listed.

    Exit code 3 when there is no image at all, 4 when something was refused, 75 while another scan has the
    same --out.

    \b
    Example:
      medidense scan /data/lung --out catalogue.csv
    """
    from medidense import verbs

    options = read_options((), limit, guess_syntax=guess_syntax)
    with following(as_json=as_json) as progress:
        result = verbs.scan(paths, out=out, options=options, progress=progress)
    if as_json:
        show_stream(result.summary(), "entries", map(asdict, result.entries))
    else:
        for line in listing(result.entries, result.entries.tail):
            emit(line)
        volumes, refused = result.count("volume"), result.count("refused")
        others = count(result.count("skipped"), "other file")
        summary = f"{count(volumes, 'volume')}, {refused} refused, {others}"
        show([summary, *([facts([("catalogue", out)])] if out else [])], {}, as_json=False)
    if not result.count("refused"):
        return 0
    for entry in result.entries:
        if entry.refusal:
            complain([entry.refusal.sentence], 4)
    return 4


def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT", callback=present, help="A file, a folder, a ZIP archive, or several files."
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="OUT.nii.gz", help="The NIfTI file to write, or a folder/ for all volumes."),
    ],
    series: Series = "",
    pick: Pick = None,
    allow_tilt: AllowTilt = False,
    assume_ras: AssumeRas = False,
    guess_syntax: GuessSyntax = False,
    prefer: Prefer = "",
    fill: Fill = None,
    colour: Colour = False,
    limit: Limit = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Write one series as one NIfTI file, or all of a folder into another.

    Values and geometry stay as they were measured; coordinates are RAS+ millimetres. Where a file leaves a
    doubt it is refused, and an option can settle it; docs/coordinates.md says which.

    Exit code 2 when the series is not there, 4 when an input is refused; for it nothing is written.

    \b
    Example:
      medidense convert /data/lung/series_12 chest.nii.gz
      medidense convert /data/brain brain.nii.gz --pick EchoTime=4.6
      medidense convert /data/lung nifti/
    """
    from medidense import verbs

    doubts = {"allow_tilt": allow_tilt, "assume_ras": assume_ras, "guess_syntax": guess_syntax}
    options = read_options(pick, limit, prefer=prefer, fill=fill, colour=colour, **doubts)
    with following(as_json=as_json) as progress:
        result = verbs.convert(
            sources, target, series=series, options=options, overwrite=overwrite, progress=progress
        )
    pieces = [_converted(result)] if result.written else []
    show(pieces, result.to_json(), as_json=as_json)
    return complain([refusal.sentence for refusal in result.refused], 4) if result.refused else 0


def _converted(result: "ConvertResult") -> Table:
    """One volume at length, or a line for each of several."""
    if len(result.written) != 1:
        rows = ((one.target.name, " x ".join(str(n) for n in one.shape), one.pick) for one in result.written)
        return Table(("file", "voxels", "stack"), tuple(rows))
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


def check(
    cohort: Cohort,
    join: Annotated[
        Path | None,
        typer.Option(
            "--join",
            metavar="JOINED.csv",
            help="Write the table with rows whose images are copies under one subject_id, beside it.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Check a cohort whole: every row, every image, every lesion.

    All problems are reported together, a line each, before anything trains. One of them is one image under
    two subjects or with two labels, whatever files it stands in. Near copies are a warning. Where patients
    are not known, --join makes rows with copies one subject, leaves out what has two labels, and checks that.

    \b
    Example:
      medidense check cohort.csv
      medidense check cohort.csv --join cohort_joined.csv
    """
    from medidense import verbs
    from medidense.cli.pages import near_copies

    with following(as_json=as_json) as progress:
        result = verbs.check(cohort, join=join, overwrite=overwrite, progress=progress)
    counts = class_counts(result.class_counts)
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
            *([("written", result.joined)] if result.joined else []),
        ]
    )
    show([page, *near_copies(result.leaks), "The cohort holds."], result.to_json(), as_json=as_json)
    return 0


def match(
    cohort: Cohort,
    out: Annotated[Path, typer.Option("--out", metavar="SUBSET.csv", help="The table to write, beside it.")],
    on: Annotated[str, typer.Option("--on", help="What the pairs are alike in: volume.")] = "volume",
    caliper: Annotated[
        float, typer.Option("--caliper", min=0.001, max=2.0, help="Largest gap of a pair in log volume.")
    ] = 0.2,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Write the rows whose two classes are matched 1:1 by lesion volume.

    On these rows size tells nothing, so a network that is good there sees more than size. The rows are as
    typed; train on them, or count a run's scores on them with 'medidense evaluate --rows'.

    \b
    Example:
      medidense match cohort.csv --on volume --out cohort_matched.csv
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.match(cohort, out=out, on=on, caliper=caliper, overwrite=overwrite, progress=progress)
    rows = tuple((name, f"{result.before[name]:.4g}", f"{after:.4g}") for name, after in result.after.items())
    medians = Table(("class", "all rows", "matched"), rows, "Median lesion volume in mm3")
    said = f"{result.pairs} of {count(result.subjects, 'subject')}, caliper {result.caliper:g} in log volume"
    show([medians, facts([("pairs", said), ("written", result.out)])], result.to_json(), as_json=as_json)
    return 0
