"""Commands that look at data before anything trains: scan, convert, check."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import Cohort, Json, Overwrite, present
from medidense.cli.printing import Table, count, facts, show
from medidense.cli.progress import following


def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", callback=present, help="Files, folders or ZIP archives to look through."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="CATALOGUE.csv", help="Write the list as CSV too.")
    ] = None,
    as_json: Json = False,
) -> int:
    """List every series in a folder, and every refusal with its reason.

    Nothing is guessed: what cannot be read without doubt is refused with a code, and docs/coordinates.md
    says what each code means. Exit code 3 when there is no image at all, 4 when something was refused.

    \b
    Example:
      medidense scan /data/lung --out catalogue.csv
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.scan(paths, out=out, progress=progress)
    listed = [entry for entry in result.entries if entry.state != "skipped"]
    rows = tuple(
        (
            entry.refusal.code if entry.refusal else entry.state,
            entry.modality or entry.kind,
            " x ".join(str(n) for n in entry.shape),
            " x ".join(f"{mm:.3g}" for mm in entry.spacing_mm),
            entry.path,
        )
        for entry in listed
    )
    volumes, refused = result.count("volume"), result.count("refused")
    summary = f"{count(volumes, 'volume')}, {refused} refused, {result.count('skipped')} other files"
    table = Table(("state", "kind", "voxels", "spacing mm", "path"), rows)
    reasons = [entry.refusal.sentence for entry in listed if entry.refusal]
    written = facts([("catalogue", out or "")])
    show([table, summary, *([written] if out else [])], result.to_json(), as_json=as_json)
    return complain(reasons, 4) if reasons else 0


def convert(
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", callback=present, help="A file, or a folder that holds one series."),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT.nii.gz", help="The NIfTI file to write.")],
    series: Annotated[
        str, typer.Option("--series", metavar="UID", help="SeriesInstanceUID, where a folder holds several.")
    ] = "",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> int:
    """Write one series as one NIfTI file.

    Values and geometry stay as they were measured; coordinates are RAS+ millimetres.

    Exit code 4 when the input is refused; then nothing is written.

    \b
    Example:
      medidense convert /data/lung/series_12 chest.nii.gz
    """
    from medidense import verbs

    result = verbs.convert(source, target, series=series, overwrite=overwrite)
    page = facts(
        [
            ("written", result.target),
            ("voxels", " x ".join(str(n) for n in result.shape)),
            ("spacing mm", " x ".join(f"{mm:.4g}" for mm in result.spacing_mm)),
            ("orientation", result.orientation),
            *(("warning", text) for text in result.warnings),
        ]
    )
    show([page], result.to_json(), as_json=as_json)
    return 0


def check(cohort: Cohort, as_json: Json = False) -> int:
    """Check a cohort whole: every row, every image, every lesion.

    All problems are reported together, a line each, before anything trains.

    \b
    Example:
      medidense check cohort.csv
    """
    from medidense import verbs

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
    show([page, "The cohort holds."], result.to_json(), as_json=as_json)
    return 0
