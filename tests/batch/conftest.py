"""A small lesion package, and a folder of CTs with a list of their lesions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from medidense.io import write_nifti
from medidense.nets import build, save_weights
from medidense.package import Package, PackageContents, load_package, write_package
from medidense.values import Source, Span, TrainingFacts, Volume, parse_recipe

RECIPE = {
    "input": {
        "dims": 2,
        "region": "lesion",
        "modality": "CT",
        "spacing_mm": [1.0, 1.0],
        "size": [32, 32],
        "intensity": {"rule": "window", "low": -1000, "high": 400},
    }
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make_package(folder: Path, seed: int, region: str = "lesion") -> Package:
    """One untrained network of a plane of 32 x 32 mm."""
    folder.mkdir(parents=True)
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=seed)
    save_weights(net, folder / "weights.safetensors")
    training = TrainingFacts(
        cohort_digest="0" * 64,
        code_version="0.1.0",
        samples=10,
        subjects=8,
        class_counts={"benign": 4, "malignant": 6},
        modality="CT",
        dims=2,
        p01=Span(low=-1000, high=-800),
        p50=Span(low=-900, high=0),
        p99=Span(low=-700, high=200),
        auroc=0.9,
        auroc_ci95=(0.8, 0.95),
    )
    contents = PackageContents(
        name="nodules",
        version=str(seed),
        recipe=parse_recipe(RECIPE, "test").with_settings({"input.region": region}),
        classes=("benign", "malignant"),
        positive="malignant",
        operating_point=0.5,
        weights=(folder / "weights.safetensors",),
        threads=1,
        training=training,
    )
    (folder / "package").mkdir()
    write_package(folder / "package", contents)
    return load_package(folder / "package")


@pytest.fixture(scope="session")
def other_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Another package that scores lesions."""
    return make_package(tmp_path_factory.mktemp("package") / "b", 1)


@pytest.fixture(scope="session")
def whole_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package that scores whole images."""
    return make_package(tmp_path_factory.mktemp("package") / "c", 2, "whole")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package that scores lesions."""
    return make_package(tmp_path_factory.mktemp("package") / "a", 0)


def lung(seed: int) -> Volume:
    """48 x 48 x 5 voxels of lung, 1 x 1 x 3 mm, with a lesion around (24, 24, 6) mm."""
    array = np.random.default_rng(seed).normal(-850.0, 30.0, (48, 48, 5)).astype(np.int16)
    array[20 - seed : 29, 20:29, 1:4] = 40
    return Volume(array, np.diag([1.0, 1.0, 3.0, 1.0]), Source("nifti"))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Five CTs ``scans/s0.nii.gz`` … and ``scans/lesions.csv``: one lesion each, the last one two."""
    folder = tmp_path / "scans"
    folder.mkdir()
    lines = ["image,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame"]
    for seed in range(5):
        write_nifti(lung(seed), folder / f"s{seed}.nii.gz")
        lines.append(f"s{seed}.nii.gz,L1,24,24,6,9,RAS")
    lines.append("s4.nii.gz,L2,-20,-20,6,5,LPS")
    (folder / "lesions.csv").write_text("\n".join(lines) + "\n")
    return folder
