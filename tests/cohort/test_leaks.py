"""Copies in a cohort: which pairs count, in which words, and which do not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense.cohort import check_images, find_leaks, leak_problems, read_cohort
from medidense.cohort.images import ImageFacts
from medidense.io import write_nifti, write_series
from medidense.values import Cohort, Leak, Source, Volume
from medidense.values.volume import canonical

POINTS = "subject_id,image,label,x_mm,y_mm,z_mm,diameter_mm,frame"
MASKS = "subject_id,image,label,mask"


def speckle(seed: int, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A smooth grey picture, uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC))


@pytest.fixture
def leaks_of(tmp_path: Path) -> Callable[..., tuple[Cohort, tuple[Leak, ...]]]:
    """The leaks of a cohort of pictures, each given as (subject, name, label, array)."""

    def find(*rows: tuple[str, str, str, np.ndarray]) -> tuple[Cohort, tuple[Leak, ...]]:
        lines = ["subject_id,image,label"]
        for subject, name, label, array in rows:
            options = {"quality": 80} if name.endswith("jpg") else {}
            Image.fromarray(array).save(tmp_path / name, **options)
            lines.append(f"{subject},{name},{label}")
        return table_of(tmp_path, lines)

    return find


def table_of(folder: Path, lines: Sequence[str]) -> tuple[Cohort, tuple[Leak, ...]]:
    (folder / "study.csv").write_text("\n".join(lines) + "\n")
    cohort = read_cohort(folder / "study.csv")
    return cohort, find_leaks(cohort, check_images(cohort))


def exact_of(folder: Path, lines: Sequence[str]) -> list[Leak]:
    """Without near copies: every lump of the fixture looks like every other one."""
    return [leak for leak in table_of(folder, lines)[1] if leak.kind == "exact"]


A, B = speckle(1), speckle(2)


def test_a_copy_under_two_subjects_has_a_line_with_both_rows(leaks_of: Callable[..., object]) -> None:
    cohort, leaks = leaks_of(("1", "a.png", "x", A), ("2", "b.png", "y", B), ("3", "c.tif", "x", A))
    (leak,) = leaks
    assert (leak.kind, leak.rows, leak.distance) == ("exact", (2, 4), 0.0)
    assert (leak.two_subjects, leak.two_labels) == (True, False)
    assert [problem.sentence() for problem in leak_problems(cohort, leaks)] == [
        "study: the same image under two subject_ids; found row 2: a.png and row 4: c.tif; give both rows "
        "one subject_id (medidense check --join does), or drop one of them, or (published splits) set the "
        "recipe key leakage to drop_from_train"
    ]


@pytest.mark.parametrize(
    ("subject", "label", "rule"),
    [
        ("1", "x", None),
        ("1", "y", "the same image with two labels"),
        ("3", "y", "the same image under two subject_ids and with two labels"),
    ],
)
def test_what_counts_of_two_equal_pictures(
    leaks_of: Callable[..., object], subject: str, label: str, rule: str | None
) -> None:
    cohort, leaks = leaks_of(("1", "a.png", "x", A), ("2", "b.png", "y", B), (subject, "c.png", label, A))
    assert [problem.rule for problem in leak_problems(cohort, leaks)] == ([rule] if rule else [])


def test_all_pairs_are_told_in_order_and_many_are_counted(leaks_of: Callable[..., object]) -> None:
    rows = [(str(n), f"{n}.png", "xy"[n % 2], A) for n in range(8)]
    cohort, leaks = leaks_of(*rows)
    assert [leak.rows for leak in leaks] == sorted((i, j) for i in range(2, 10) for j in range(i + 1, 10))
    problems = leak_problems(cohort, leaks)
    assert len(problems) == 21
    assert problems[-1].found == "8 more pairs"
    assert problems[0].found == "row 2: 0.png and row 3: 1.png"


def test_near_copies_count_between_subjects_alone(leaks_of: Callable[..., object]) -> None:
    half = np.asarray(Image.fromarray(A).resize((48, 36), Image.Resampling.BILINEAR))
    cohort, leaks = leaks_of(
        ("1", "a.png", "x", A), ("1", "b.jpg", "y", A), ("2", "c.png", "y", half), ("3", "d.png", "x", B)
    )
    assert [(leak.kind, leak.rows) for leak in leaks] == [("near", (2, 4)), ("near", (3, 4))]
    assert all(0 < leak.distance <= 0.1 for leak in leaks)
    assert leak_problems(cohort, leaks) == []


def test_a_series_and_its_nifti_twin_are_one_image(tmp_path: Path, lump: Callable[..., np.ndarray]) -> None:
    for number in range(2):
        volume = Volume(lump(seed=number), np.diag([-1.0, -1.0, 2.0, 1.0]), Source("dicom", "CT"))
        write_series(volume, tmp_path / f"s{number}", patient=f"p{number}", seed=number)
    write_nifti(canonical(volume), tmp_path / "twin.nii.gz")
    lines = ["subject_id,image,label", "1,s0,x", "2,s1,y", "3,twin.nii.gz,y"]
    (leak,) = exact_of(tmp_path, lines)
    assert (leak.kind, leak.images) == ("exact", ("s1", "twin.nii.gz"))


def test_two_lesions_of_one_image_are_no_leak(tmp_path: Path, lump: Callable[..., np.ndarray]) -> None:
    for name, seed in (("a", 0), ("copy", 0), ("b", 1)):
        write_nifti(Volume(lump(seed=seed), np.eye(4), Source("nifti")), tmp_path / f"{name}.nii.gz")
    at = "12,10,5,4,RAS", "4,4,5,4,RAS"
    same = [POINTS, f"1,a.nii.gz,x,{at[0]}", f"1,copy.nii.gz,y,{at[1]}", f"2,b.nii.gz,y,{at[0]}"]
    assert exact_of(tmp_path, same) == []
    two_subjects = [*same[:2], f"3,copy.nii.gz,y,{at[1]}", same[3]]
    (leak,) = exact_of(tmp_path, two_subjects)
    assert (leak.two_subjects, leak.two_labels) == (True, False)
    two_labels = [*same[:2], f"1,copy.nii.gz,y,{at[0]}", same[3]]
    (leak,) = exact_of(tmp_path, two_labels)
    assert (leak.two_subjects, leak.two_labels, leak.rows) == (False, True, (2, 3))


def test_one_lesion_in_two_masks_of_one_image(tmp_path: Path, lump: Callable[..., np.ndarray]) -> None:
    volume = Volume(lump(), np.eye(4), Source("nifti"))
    write_nifti(volume, tmp_path / "a.nii.gz")
    write_nifti(volume.with_array(lump(seed=1)), tmp_path / "b.nii.gz")
    for name in ("m", "n"):
        write_nifti(volume.with_array((lump() > 0).astype(np.uint8)), tmp_path / f"{name}.nii.gz")
    lines = [MASKS, "1,a.nii.gz,x,m.nii.gz", "1,a.nii.gz,y,n.nii.gz", "2,b.nii.gz,y,m.nii.gz"]
    (leak,) = exact_of(tmp_path, lines)
    assert (leak.rows, leak.two_labels) == ((2, 3), True)


def test_a_pair_names_every_sample_of_both_images(
    cohort_of: Callable[..., Cohort], image_facts: Callable[..., ImageFacts]
) -> None:
    cohort = cohort_of(("1", "x"), ("1", "y"), ("2", "x"))
    shared = replace(cohort.samples[1], image_path=cohort.samples[0].image_path)
    cohort = Cohort("made", (cohort.samples[0], shared, cohort.samples[2]))
    facts = [
        image_facts(sample=sample.name, digest="d", lesion=(float(n),) * 6)
        for n, sample in enumerate(cohort.samples)
    ]
    leaks = find_leaks(cohort, facts)
    assert leaks[-1].samples == (("0.png", "1.png"), ("2.png",))
