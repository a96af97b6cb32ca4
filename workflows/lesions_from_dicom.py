"""A tree of DICOM and a list of lesions: which lesion lies in which series? The answer is a cohort.

What it does
    1. Scans the tree: every series with its UID, refused ones with the reason.
    2. Joins the list to the series, by `series_uid`, or by `image` where the list names folders or files.
    3. Writes a cohort.csv that `medidense check`, `cv` and `score --lesions` read, and says which series
       have no lesion and which lesions have no series.

What you need
    A CSV of points, one line a lesion, with the columns
        series_uid (or image), x_mm, y_mm, z_mm, diameter_mm, frame (LPS as DICOM counts, or RAS), label
    and, where you have them, subject_id and lesion_id. Without subject_id the series are grouped by patient
    with a digest of the DICOM PatientID. Other columns are carried along. From boxes drawn on slices
    workflows/points_from_boxes.py makes such a list.

Run
    python workflows/lesions_from_dicom.py scans/ points.csv cohort.csv
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import medidense

COLUMNS = ("subject_id", "image", "label", "series_uid", "lesion_id")
POINT = ("x_mm", "y_mm", "z_mm", "diameter_mm", "frame")

Row = Mapping[str, str]


@dataclass(frozen=True)
class Joined:
    """The cohort that was written, and what found no partner."""

    cohort: Path
    lesions: int
    series_without_lesion: tuple[str, ...]
    lesions_without_series: tuple[str, ...]


def main(dicom: Path, lesions: Path, out: Path) -> Joined:
    """Join `lesions` to the series below `dicom` and write the cohort to `out`."""
    with lesions.open(encoding="utf-8-sig", newline="") as stream:
        listed = list(csv.DictReader(stream))
    found = medidense.scan([dicom])
    rows, strangers, served = [], [], set()
    for number, lesion in enumerate(listed, start=1):
        series = [entry for entry in found.entries if belongs(lesion, entry.series_uid, entry.path, lesions)]
        volumes = [entry for entry in series if entry.state == "volume"]
        if not volumes:
            why = series[0].refusal.code if series and series[0].refusal else "no such series"
            name = lesion.get("series_uid") or lesion.get("image")
            strangers.append(f"lesion {number} ({name}): {why}")
            continue
        entry = volumes[0]
        served.add(entry.path + entry.series_uid)
        own = {
            "subject_id": lesion.get("subject_id") or entry.patient_key[:16],
            "image": beside(out, Path(entry.path)),
            "label": lesion.get("label", ""),
            "series_uid": entry.series_uid,
            "lesion_id": lesion.get("lesion_id") or f"L{number}",
        }
        rows.append({**lesion, **own})
    lonely = [e for e in found.entries if e.state == "volume" and e.path + e.series_uid not in served]
    joined = Joined(out, len(rows), tuple(entry.path for entry in lonely), tuple(strangers))
    report(joined, [entry.refusal.sentence for entry in found.entries if entry.refusal])
    if rows:
        write_table(out, rows)
        print(f"\nnext: medidense check {out}")
    return joined


def belongs(lesion: Row, series_uid: str, path: str, lesions: Path) -> bool:
    """Does this lesion name this series? A relative `image` starts at the folder of the list."""
    if lesion.get("series_uid"):
        return lesion["series_uid"] == series_uid
    return bool(lesion.get("image")) and (lesions.parent / lesion["image"]).resolve() == Path(path).resolve()


def beside(out: Path, image: Path) -> str:
    """The path as a cohort wants it: relative below the cohort's folder, otherwise absolute."""
    home, image = out.parent.resolve(), image.resolve()
    return str(image.relative_to(home) if image.is_relative_to(home) else image)


def report(joined: Joined, refused: Sequence[str]) -> None:
    """What was joined, and everything that was not."""
    print(f"{joined.lesions} lesions joined to their series")
    parts = (
        ("series without a lesion", joined.series_without_lesion),
        ("lesions without a series", joined.lesions_without_series),
        ("refused while scanning", refused),
    )
    for title, lines in parts:
        print(f"{len(lines)} {title}", *lines, sep="\n  ")


def write_table(target: Path, rows: Sequence[Row]) -> None:
    """Rows as comma-separated UTF-8, the known columns first, the list's own after them."""
    columns = list(dict.fromkeys([*COLUMNS, *POINT, *(name for row in rows for name in row)]))
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dicom", type=Path)
    parser.add_argument("lesions", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    main(given.dicom, given.lesions, given.out)
