"""Score tonight's scans: export the model once, score a folder, and say what was not scored and why.

What it does
    1. Exports the run as a package, the first time only; every time it verifies the package before using it.
    2. Scores every lesion listed in every series of the folder. A series that is unlike the training data, or
       that has no lesion in the list, is refused with its reason and never scored on a guess.
    3. Prints a summary. OUT/scores.csv (readable by you alone) holds a row for each series and lesion.
    Stopped in the middle, the same command goes on where it was and scores nothing twice.

What you need
    A finished run directory or a package, a folder of DICOM series or NIfTI files, and for a model of
    lesions a CSV: series_uid or image, lesion_id, and x_mm, y_mm, z_mm, diameter_mm, frame (RAS or LPS) or
    a mask.

Run (for example from cron; the exit code is for whoever watches it)
    python workflows/score_tonight.py runs/nodules-1a2b3c4d /data/tonight --lesions lesions.csv --out scores

Exit code: 0 all scored, 4 some refused or failed, 2 a wrong path, package or list, 3 no image found,
74 cannot write, 75 another run is writing to OUT.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

import medidense

SOME_REFUSED = 4


def main(model: Path, scans: Path, *, lesions: Path | None = None, out: Path = Path("scores")) -> int:
    """Score `scans` with a package, or with a run's package beside it (made where missing); an exit code."""
    try:
        return score_folder(package_of(model), scans, lesions, out)
    except medidense.MedidenseError as error:
        print(*(f"medidense: {line}" for line in error.lines), sep="\n", file=sys.stderr)
        return error.exit_code


def package_of(model: Path) -> Path:
    """A package as it is; for a run directory its package, `<run>-package`, exported where missing."""
    if not (model / "run.json").is_file():
        return model
    package = model.with_name(f"{model.name}-package")
    if not package.exists():
        made = medidense.export(model, out=package)
        print(f"exported {made.models} models to {package}")
    return package


def score_folder(package: Path, scans: Path, lesions: Path | None, out: Path) -> int:
    """Verify, score, and sum up."""
    proof = medidense.verify(package)
    if not proof.ok:
        for check in proof.checks:
            if not check.ok:
                print(f"medidense: {package}: {check.name} does not hold; {check.detail}", file=sys.stderr)
        return 2
    known = medidense.load_package(package).manifest
    print(f"model {known.name} {known.version}, {known.region} model, classes {', '.join(known.classes)}")

    result = medidense.score(package, [scans], lesions=lesions, out=out)
    print(f"{result.scored} scored, {result.refused} refused, {result.failed} failed: {result.csv}")
    summarise(result.csv, known.positive)
    for lesion in result.unmatched:
        print(f"in the list, but no such image: {lesion}")
    return SOME_REFUSED if result.refused or result.failed else 0


def summarise(scores: Path, positive: str) -> None:
    """The highest scores first, then what was not scored, counted by reason."""
    with scores.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    scored = [row for row in rows if row["status"] == "scored"]
    scored.sort(key=lambda row: -float(row[f"score_{positive}"]))
    print(f"highest scores for {positive}:")
    for row in scored[:10]:
        print(
            f"  {float(row[f'score_{positive}']):.3f}  {row['decision']}  {row['input']} {row['lesion_id']}"
        )
    reasons = Counter(row["reason_code"] for row in rows if row["status"] != "scored")
    for code, number in reasons.most_common():
        first = next(row for row in rows if row["reason_code"] == code)
        print(f"not scored, {number} x {code}, for example {first['input']}: {first['reason']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="run directory or package")
    parser.add_argument("scans", type=Path)
    parser.add_argument("--lesions", type=Path)
    parser.add_argument("--out", type=Path, default=Path("scores"))
    given = parser.parse_args()
    sys.exit(main(given.model, given.scans, lesions=given.lesions, out=given.out))
