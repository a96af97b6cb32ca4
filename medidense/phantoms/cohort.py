"""How phantoms become the files a user has: DICOM, NIfTI with masks, a cohort table, a list of lesions.

The files have real geometry, so everything that reads them is on trial too: two thirds of the subjects are
DICOM series with lesions given as points, one third are NIfTI files with masks, in another axis order.
"""

from pathlib import Path

import numpy as np

from medidense.durable import OPEN, write_csv
from medidense.io import write_nifti, write_series
from medidense.phantoms.subjects import PhantomOptions, PhantomSubject, plan_subjects
from medidense.phantoms.thorax import KINDS, LesionOptions, Phantom, PhantomLesion, lesion_phantom
from medidense.phantoms.truth import with_truth
from medidense.values.volume import canonical

POINT_COLUMNS = ("x_mm", "y_mm", "z_mm", "diameter_mm", "frame")
COLUMNS = ("subject_id", "image", "label", "mask", *POINT_COLUMNS, "lesion_id")
FRESH_COLUMNS = ("image", "series_uid", "lesion_id", *POINT_COLUMNS)
COHORT_STREAM, FRESH_STREAM = 2, 3
"""Keep the random numbers of a cohort and of fresh series of one seed apart."""


def write_cohort(folder: Path, options: PhantomOptions | None = None) -> Path:
    """Write a cohort of phantoms below `folder` and return its cohort.csv.

    Subjects S01, S02, ... in images/ and masks/; one row a nodule, labels benign and malignant or what
    `PhantomOptions.truth` says. The same options give the same images and the same table. Raises WriteError,
    and OutputExistsError where files are there already.
    """
    options = options or PhantomOptions()
    rows: list[tuple[str, ...]] = []
    subjects = plan_subjects(options)
    for number, subject in enumerate(subjects):
        nodules = LesionOptions(kinds=subject.kinds, diameters_mm=subject.diameters_mm)
        phantom = lesion_phantom([options.seed, COHORT_STREAM, number], nodules)
        rows += _nifti_rows(folder, subject, phantom) if subject.nifti else []
        rows += [] if subject.nifti else _dicom_rows(folder, subject, phantom, options.seed)
    table = folder / "cohort.csv"
    columns, rows = with_truth(COLUMNS, rows, subjects, options.truth)
    write_csv(table, columns, rows, mode=OPEN)
    return table


def write_fresh(folder: Path, *, count: int, seed: int) -> tuple[Path, Path]:
    """Write `count` DICOM series unlike any of a cohort's; return their folder and lesions.csv beside it.

    Every third holds two nodules, the kinds alternate; the list says where they lie, not what they are.
    Images are named relative to the list. Raises WriteError, OutputExistsError where files are there.
    """
    series = folder / "series"
    rows: list[tuple[str, ...]] = []
    for number in range(count):
        name = f"F{number + 1:02d}"
        kinds = (KINDS[number % 2],) if number % 3 != 2 else KINDS
        phantom = lesion_phantom([seed, FRESH_STREAM, number], LesionOptions(kinds=kinds))
        uids = write_series(
            phantom.volume,
            series / name,
            patient=f"PHANTOM-{name}",
            seed=_series_seed(seed, FRESH_STREAM, number),
        )
        for place, lesion in enumerate(phantom.lesions):
            rows.append((f"series/{name}", uids.series_uid, f"L{place + 1}", *_point(lesion)))
    table = folder / "lesions.csv"
    write_csv(table, FRESH_COLUMNS, rows, mode=OPEN)
    return series, table


def _dicom_rows(folder: Path, subject: PhantomSubject, phantom: Phantom, seed: int) -> list[tuple[str, ...]]:
    """Write a subject as a DICOM series; its rows give points."""
    name = subject.subject_id
    target, number = folder / "images" / name, int(name[1:])
    patient = f"PHANTOM-{name}"
    write_series(phantom.volume, target, patient=patient, seed=_series_seed(seed, COHORT_STREAM, number))
    return [
        (name, f"images/{name}", label, "", *_point(lesion), f"L{place + 1}")
        for place, (lesion, label) in enumerate(zip(phantom.lesions, subject.labels, strict=True))
    ]


def _nifti_rows(folder: Path, subject: PhantomSubject, phantom: Phantom) -> list[tuple[str, ...]]:
    """Write a subject as a NIfTI file in RAS order, with a mask for each nodule."""
    name = subject.subject_id
    rows: list[tuple[str, ...]] = []
    write_nifti(canonical(phantom.volume), folder / "images" / f"{name}.nii.gz")
    for place, (lesion, label) in enumerate(zip(phantom.lesions, subject.labels, strict=True)):
        mask = phantom.volume.with_array(lesion.mask.astype(np.uint8))
        target = f"masks/{name}_L{place + 1}.nii.gz"
        write_nifti(canonical(mask), folder / target)
        rows.append((name, f"images/{name}.nii.gz", label, target, "", "", "", "", "", f"L{place + 1}"))
    return rows


def _point(lesion: PhantomLesion) -> tuple[str, ...]:
    """A nodule's point columns: RAS millimetres to 0.1 micrometre."""
    return (*(f"{x:.4f}" for x in lesion.centre_mm), f"{lesion.diameter_mm:.2f}", "RAS")


def _series_seed(seed: int, stream: int, number: int) -> int:
    """A seed for the UIDs of one series."""
    return int(np.random.default_rng([seed, stream, number, 1]).integers(2**31))
