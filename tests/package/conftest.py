"""A small package: two untrained networks of one plane through a lesion of a CT."""

from pathlib import Path

import numpy as np
import pytest
import torch

from medidense.nets import build, save_weights
from medidense.package import PackageContents, write_package
from medidense.values import Recipe, Region, Source, Span, TrainingFacts, Volume, parse_recipe

SIZE = 32


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """One plane of 32 x 32 mm through a lesion."""
    tree = {
        "input": {
            "dims": 2,
            "region": "lesion",
            "modality": "CT",
            "spacing_mm": [1.0, 1.0],
            "size": [SIZE, SIZE],
            "intensity": {"rule": "window", "low": -1000, "high": 400},
        }
    }
    return parse_recipe(tree, "test")


@pytest.fixture(scope="session")
def contents(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> PackageContents:
    """Two folds' weights, and the facts of a training on CT."""
    folder = tmp_path_factory.mktemp("folds")
    paths = []
    for seed in (0, 1):
        net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=seed)
        save_weights(net, folder / f"{seed}.safetensors")
        paths.append(folder / f"{seed}.safetensors")
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
        p99=Span(low=0, high=200),
        auroc=0.9,
        auroc_ci95=(0.8, 0.95),
    )
    return PackageContents(
        name="nodules",
        version="1",
        recipe=recipe,
        classes=("benign", "malignant"),
        positive="malignant",
        operating_point=0.5,
        weights=tuple(paths),
        threads=1,
        training=training,
    )


@pytest.fixture(scope="session")
def written(contents: PackageContents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a folder; a test that changes it makes a copy."""
    folder = tmp_path_factory.mktemp("package") / "nodules"
    folder.mkdir()
    write_package(folder, contents)
    return folder


@pytest.fixture
def scan() -> Volume:
    """A CT of 48 x 48 x 6 voxels, 1 x 1 x 3 mm, with a lesion in the middle of lung."""
    array = np.random.default_rng(0).normal(-850.0, 30.0, (48, 48, 6)).astype(np.int16)
    array[18:30, 18:30, 2:4] = 60
    return Volume(array, np.diag([1.0, 1.0, 3.0, 1.0]), Source("dicom", modality="CT", series_uid="1.2.3"))


@pytest.fixture
def lesion() -> Region:
    """The lesion of `scan`."""
    return Region((23.5, 23.5, 7.5), (12.0, 12.0, 6.0))
