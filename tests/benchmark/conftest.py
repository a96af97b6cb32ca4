"""Images of noise, and files of the Python version made of them."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medidense.benchmark.experiment import Images

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def _batch(seed: int) -> dict[str, object]:
    draw = np.random.default_rng(seed)
    data = draw.integers(0, 256, (10_000, 3072), dtype=np.uint8)
    return {"data": data, "labels": draw.integers(0, 10, 10_000).tolist(), "batch_label": f"batch {seed}"}


@pytest.fixture(scope="session")
def python_batch() -> Callable[[int], dict[str, object]]:
    """What the file with this number of `python_files` holds."""
    return _batch


@pytest.fixture(scope="session")
def python_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of the Python version that are not the official ones; not to be changed."""
    folder = tmp_path_factory.mktemp("cifar") / "cifar-10-batches-py"
    folder.mkdir()
    for seed, name in enumerate(NAMES):
        (folder / name).write_bytes(pickle.dumps(_batch(seed), protocol=2))
    return folder.parent


@pytest.fixture
def noise() -> Images:
    """Few images, with nothing to learn."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(24, dtype=np.int64) % 10
    return Images(images[:16], labels[:16], images[16:], labels[16:])
