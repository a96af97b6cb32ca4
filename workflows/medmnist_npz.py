"""MedMNIST: from a published .npz to images, a cohort, and a figure on the official test part.

What it does
    1. Opens the .npz without pickle and writes every image as a file: PNG in 2D, NIfTI in 3D.
    2. Writes OUT/cohort.csv (subject_id, image, label, split, spacing) with the official split.
    3. With --train: trains on the official training part and tests on the official test part, as
       `medidense cv OUT/cohort.csv --split column` does. The part `val` is the validation part where the
       recipe stops early; otherwise it is trained on too, and the result says so.

What you need
    A MedMNIST .npz with grey images and one label an image. It holds no patient IDs: here each image is a
    subject of its own, so intervals are narrower than they would be with the patients known.
    Labels are numbers: name them in order with --classes. The positive class is the last by the alphabet
    (malignant, not benign) unless a recipe names another (labels.positive).

Run
    python workflows/medmnist_npz.py breastmnist.npz out/breast --classes malignant,benign
    python workflows/medmnist_npz.py breastmnist.npz out/breast --classes malignant,benign \
        --train --recipe workflows/recipes/breastmnist.yaml
    python workflows/medmnist_npz.py adrenalmnist3d.npz out/adrenal --classes normal,hyperplasia \
        --spacing 2.2857 --train --recipe workflows/recipes/adrenalmnist3d.yaml

One network of one seed is tested; give --seed for another.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import medidense

COLUMNS = ("subject_id", "image", "label", "split", "spacing")

Row = Mapping[str, str]


def main(
    npz: Path,
    out: Path,
    *,
    classes: Sequence[str] = (),
    spacing_mm: float | None = None,
    train: "medidense.CvOptions | None" = None,
    recipe: Path | None = None,
) -> float | None:
    """Write images and cohort below `out`; with `train` also train and test, and return the test AUROC."""
    rows = write_images(npz, out, classes, spacing_mm)
    cohort = out / "cohort.csv"
    write_table(cohort, rows)
    print(f"{len(rows)} images: {cohort}")
    if train is None:
        return None
    result = medidense.cv(cohort, recipe=recipe, options=train)
    found = result.evaluation
    print(f"official test part, {found.samples} images: AUROC {found.auroc.text()}; {result.run}")
    print(*found.notes, sep="\n")
    return found.auroc.value


def write_images(npz: Path, out: Path, classes: Sequence[str], spacing_mm: float | None) -> list[Row]:
    """Every image as a file below out/images/<part>; returns a row of the cohort for each."""
    rows: list[Row] = []
    with np.load(npz, allow_pickle=False) as arrays:
        for part in ("train", "val", "test"):
            images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
            if labels.size != len(images) or images.shape[-1] in (3, 4):
                raise SystemExit(f"{npz}: only grey images with one label each, not {images.shape}")
            for number, (image, label) in enumerate(zip(images, labels.reshape(-1), strict=True)):
                file = write_image(image, out / "images" / part / f"{number:05d}", spacing_mm)
                name = classes[int(label)] if classes else str(label)
                spacing = "" if spacing_mm and image.ndim == 3 else "unknown"
                cells = (f"{part}-{number:05d}", file.relative_to(out).as_posix(), name, part, spacing)
                rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def write_image(image: NDArray[np.uint8], stem: Path, spacing_mm: float | None) -> Path:
    """One image (rows, columns) as PNG, or one volume (i, j, k) as NIfTI, its axes taken as R, A, S."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if image.ndim == 2:
        target = stem.with_suffix(".png")
        Image.fromarray(image).save(target)
        return target
    target = stem.with_suffix(".nii.gz")
    step = spacing_mm or 1.0  # NIfTI must state some number; where nobody knows, the cohort says so
    nibabel.save(nibabel.Nifti1Image(image, np.diag([step, step, step, 1.0])), target)
    return target


def write_table(target: Path, rows: Sequence[Row]) -> None:
    """Rows as comma-separated UTF-8."""
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("npz", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--classes", default="", help="names of label 0, 1, …, with commas between")
    parser.add_argument("--spacing", type=float, help="mm between voxels (3D); without it: unknown")
    parser.add_argument("--train", action="store_true", help="train, and test on the official test part")
    parser.add_argument("--recipe", type=Path, help="without it one is planned")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's number")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    given = parser.parse_args()
    settings = {"training.epochs": given.epochs} if given.epochs else {}
    options = medidense.CvOptions(split="column", seed=given.seed, settings=settings)
    main(
        given.npz,
        given.out,
        classes=[name for name in given.classes.split(",") if name],
        spacing_mm=given.spacing,
        train=options if given.train else None,
        recipe=given.recipe,
    )
