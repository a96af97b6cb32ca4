"""Where did the network look? Maps of telling samples of a run, and of scans of your choice.

What it does
    1. Lists the maps that the cross-validation wrote of its surest right and surest wrong samples. Each was
       made by the one model that never saw the subject.
    2. With scans: makes a map for every lesion in them, on the scan's own grid, as NIfTI and as a picture.
    3. Says for each map where in the scan its strongest evidence lies, in RAS mm, so that you can go there in
       your viewer, and how much of all evidence lies within 10 mm of it.

What you need
    A finished run directory (`medidense cv`), or for step 2 alone a package. Scans of the run's own cohort
    bring their lesions along; for others give a CSV of lesions: image or series_uid, x_mm, y_mm, z_mm,
    diameter_mm, frame (RAS or LPS), or a mask.

Run
    python workflows/explain_run.py runs/nodules-1a2b3c4d
    python workflows/explain_run.py runs/nodules-1a2b3c4d scans/ --lesions lesions.csv --out maps
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import medidense

KINDS = {
    "TP": "right, positive class",
    "TN": "right, other class",
    "FP": "wrong: decided for the positive class",
    "FN": "wrong: decided against the positive class",
    "right": "right",
    "wrong": "wrong",
}
NEAR_MM = 10.0


@dataclass(frozen=True)
class Evidence:
    """Where a map is strongest (RAS mm), and the share of its evidence near there; None for an empty map."""

    map: Path
    peak_mm: tuple[float, float, float] | None
    near: float


def main(
    run: Path, scans: Sequence[Path] = (), *, lesions: Path | None = None, out: Path = Path("maps")
) -> list[Evidence]:
    """Print where the maps lie and where their evidence is; with `scans`, make theirs in `out` first."""
    shown = []
    for path in sorted((run / "saliency").glob("*.nii.gz")):
        kind, _, rank = path.name.removesuffix(".nii.gz").rpartition("_")
        print(f"{KINDS.get(kind, kind)}, number {int(rank) + 1} by sureness")
        shown.append(where(path))
    if not scans:
        return shown

    made = medidense.explain(run, scans, lesions=lesions, out=out)
    for item in made.items:
        print(f"{item.input} {item.lesion_id}".rstrip())
        if item.score is None:
            print(f"  no map: {item.reason}")
            continue
        print(f"  score {item.score:.2f} for {item.target_class}")
        shown.append(where(made.out / item.map))
    print(f"\n{made.out / 'explain.csv'} lists them all; {made.refused} refused")
    return shown


def where(path: Path) -> Evidence:
    """Read one map and say where it is strongest."""
    try:
        volume = medidense.read_volume(path)
    except medidense.Refused as refused:
        if refused.refusal.code != "CONSTANT":
            raise
        print(f"  {path}: empty, no evidence for this class")
        return Evidence(path, None, 0.0)
    values = np.asarray(volume.array, dtype=np.float64)
    if values.max() <= 0:
        print(f"  {path}: empty, no evidence for this class")
        return Evidence(path, None, 0.0)
    peak = np.unravel_index(int(np.argmax(values)), values.shape)
    point = volume.point_of(np.array(peak, dtype=np.float64))
    near = share_near(volume, values, point)
    x, y, z = point
    print(f"  {path} (picture: .png)")
    print(f"  strongest at RAS {x:.1f}, {y:.1f}, {z:.1f} mm; {near:.0%} within {NEAR_MM:g} mm of it")
    return Evidence(path, point, near)


def share_near(
    volume: "medidense.Volume", values: NDArray[np.float64], point: tuple[float, float, float]
) -> float:
    """Share of the evidence that lies within NEAR_MM of a point in RAS mm."""
    index = np.argwhere(values > 0)
    places = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    weight = values[values > 0]
    close = np.linalg.norm(places - point, axis=1) <= NEAR_MM
    return float(weight[close].sum() / weight.sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("scans", type=Path, nargs="*")
    parser.add_argument("--lesions", type=Path)
    parser.add_argument("--out", type=Path, default=Path("maps"))
    given = parser.parse_args()
    main(given.run, given.scans, lesions=given.lesions, out=given.out)
