"""Rectangles drawn on DICOM slices: where in the patient is that, in millimetres?

What it does
    Reads the headers of the slices (no pixels), puts the corners of every box where they lie in the patient,
    and writes one line a lesion: a centre in RAS mm and a diameter, for workflows/lesions_from_dicom.py.
    Boxes of one series and one lesion_id are one lesion. Its centre is the middle of the box around them all
    (along the axes of the slices), its diameter the longest side. Boxes without their slice are counted.

What you need
    A CSV, one line a box, with the columns series_uid, sop_uid, xmin, ymin, xmax, ymax (whole pixels, columns
    count to the right, rows down, the first is 0), a column with the label (--label names it), and, where you
    have them, subject_id and lesion_id. Without lesion_id all boxes of a series are taken as one lesion.

Run
    python workflows/points_from_boxes.py scans/ boxes.csv points.csv --label class_letter
    python workflows/lesions_from_dicom.py scans/ points.csv cohort.csv
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

GEOMETRY = ("SOPInstanceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
RAS = np.array([-1.0, -1.0, 1.0])  # DICOM counts towards left and back, RAS towards right and front
COLUMNS = ("subject_id", "series_uid", "lesion_id", "label", "x_mm", "y_mm", "z_mm", "diameter_mm", "frame")

Row = Mapping[str, str]


def main(dicom: Path, boxes: Path, out: Path, *, label: str = "label") -> list[dict[str, str]]:
    """Write a point for every lesion of which at least one box found its slice; returns the rows."""
    header_of = headers(dicom)
    drawn: dict[tuple[str, str], list[Row]] = defaultdict(list)
    with boxes.open(encoding="utf-8-sig", newline="") as stream:
        for box in csv.DictReader(stream):
            drawn[box["series_uid"], box.get("lesion_id") or "L1"].append(box)

    points = []
    for (series_uid, lesion_id), own in drawn.items():
        placed = [box for box in own if box["sop_uid"] in header_of]
        print(f"{series_uid} {lesion_id}: {len(placed)} of {len(own)} boxes found their slice")
        if not placed:
            continue
        corners = np.concatenate([corners_mm(box, header_of[box["sop_uid"]]) for box in placed])
        axes = slice_axes(header_of[placed[0]["sop_uid"]])
        low, high = (corners @ axes.T).min(axis=0), (corners @ axes.T).max(axis=0)
        numbers = [*(low + high) / 2 @ axes, (high - low).max()]
        about = [own[0].get("subject_id", ""), series_uid, lesion_id, own[0][label]]
        cells = [*about, *(f"{number:.2f}" for number in numbers), "RAS"]
        points.append(dict(zip(COLUMNS, cells, strict=True)))

    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(points)
    print(f"{len(points)} of {len(drawn)} lesions placed: {out}")
    return points


def headers(dicom: Path) -> dict[str, pydicom.Dataset]:
    """The geometry of every slice below a folder, by SOP Instance UID; other files are passed over."""
    found: dict[str, pydicom.Dataset] = {}
    for path in sorted(path for path in dicom.rglob("*") if path.is_file()):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(GEOMETRY))
        except InvalidDicomError:
            continue
        if all(name in header for name in GEOMETRY):
            found[str(header.SOPInstanceUID)] = header
    return found


def slice_axes(header: pydicom.Dataset) -> NDArray[np.float64]:
    """Rows of length 1 in RAS: where columns count to, where rows count to, and the normal of the slice."""
    along_row, along_column = np.reshape(np.array(header.ImageOrientationPatient, dtype=float), (2, 3)) * RAS
    return np.stack([along_row, along_column, np.cross(along_row, along_column)])


def corners_mm(box: Row, header: pydicom.Dataset) -> NDArray[np.float64]:
    """Two opposite corners of a box in RAS mm, (2, 3) (DICOM PS3.3 C.7.6.2.1.1)."""
    first = np.array(header.ImagePositionPatient, dtype=float) * RAS
    row_mm, column_mm = (float(step) for step in header.PixelSpacing)
    along_row, along_column, _ = slice_axes(header)
    pixels = [(float(box["xmin"]), float(box["ymin"])), (float(box["xmax"]), float(box["ymax"]))]
    return np.array([first + x * column_mm * along_row + y * row_mm * along_column for x, y in pixels])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dicom", type=Path)
    parser.add_argument("boxes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--label", default="label", help="the column that holds the label")
    given = parser.parse_args()
    main(given.dicom, given.boxes, given.out, label=given.label)
