"""Small cohorts on disk, and fingerprints made by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest

from medidense.cohort.fingerprint import Fingerprint, Spread
from medidense.cohort.images import ImageFacts
from medidense.values import Cohort, Sample

MakeCohort = Callable[..., Path]


@pytest.fixture
def make_cohort(tmp_path: Path) -> MakeCohort:
    """Write a cohort CSV of the given lines; every image or mask named below ``images/`` exists, empty."""

    def make(*lines: str, header: str = "subject_id,image,label", encoding: str = "utf-8") -> Path:
        folder = tmp_path / "study"
        (folder / "images").mkdir(parents=True, exist_ok=True)
        for cell in (cell.strip() for line in lines for cell in line.split(",")):
            if cell.startswith("images/") and "missing" not in cell:
                (folder / cell).touch()
        path = folder / "cohort.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
        return path

    return make


@pytest.fixture
def planned() -> Callable[..., Fingerprint]:
    """A fingerprint of lung nodules in CT, with the fields given replaced."""
    base = Fingerprint(
        name="nodules",
        samples=391,
        subjects=249,
        class_counts={"0": 237, "1": 154},
        region="lesion",
        with_region=391,
        masks=False,
        dims=3,
        pictures=False,
        modality="CT",
        modality_words="the files state the modality CT",
        looks_like_hu=True,
        lung=True,
        two_valued=False,
        whole_numbers_to_255=False,
        spacing_mm=(0.7, 0.7, 1.25),
        spacing_range_mm=(0.46, 2.5),
        shape=(44, 44, 9),
        side=Spread(31.0, 38.0, 45.0, 75.0),
        extent=Spread(11.0, 20.0, 35.0, 58.0),
        intensity={"minimum": -1012.0, "p01": -952.0, "p50": -818.0, "p99": 304.0, "maximum": 906.0},
    )
    return lambda **changes: replace(base, **changes)


@pytest.fixture
def image_facts() -> Callable[..., ImageFacts]:
    """The facts of one chest CT without a lesion, with the fields given replaced."""
    base = ImageFacts(
        sample="",
        modality=None,
        kind="nifti",
        shape=(40, 50, 20),
        spacing_mm=(0.8, 0.8, 2.0),
        spacing_known=True,
        dims=3,
        extent_mm=None,
        minimum=-1024.0,
        p01=-1000.0,
        p50=-700.0,
        p99=300.0,
        maximum=1200.0,
        mean=-500.0,
        two_valued=False,
        lung=0.4,
        patient_key="",
    )
    return lambda **changes: replace(base, **changes)


@pytest.fixture
def cohort_of() -> Callable[..., Cohort]:
    """A cohort of samples given as (subject, label), image names by number, without files."""

    def make(*rows: tuple[str, str], **fields: Any) -> Cohort:
        samples = [
            Sample(number + 2, subject, f"{number}.png", PurePath(f"/d/{number}.png"), label, **fields)
            for number, (subject, label) in enumerate(rows)
        ]
        return Cohort("made", tuple(samples))

    return make


@pytest.fixture
def lump() -> Callable[..., np.ndarray]:
    """A noisy int16 block of HU with a ball of soft tissue in it."""

    def make(shape: tuple[int, int, int] = (24, 20, 10), seed: int = 0) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(-850, 20, shape)
        middle = np.array(shape) // 2
        inside = sum((axis - half) ** 2 for axis, half in zip(np.indices(shape), middle, strict=True)) < 12
        return np.where(inside, 40, noise).astype(np.int16)

    return make
