"""Small inputs that the reading tests damage in one way each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from medidense.io import write_series
from medidense.values import Refused, Source, Volume

Edit = Callable[[Dataset, int], None]


def code_of(action: Callable[[], object]) -> str:
    """The refusal code that `action` ends in; "" where it ends well."""
    try:
        action()
    except Refused as refused:
        return refused.refusal.code
    return ""


@pytest.fixture(name="code_of")
def _code_of() -> Callable[[Callable[[], object]], str]:
    return code_of


@pytest.fixture
def ct() -> Volume:
    """A CT of 5 x 4 x 3 voxels, no two values equal, anisotropic, stored LPS."""
    array = (np.arange(60, dtype=np.int16) * 17 - 1000).reshape(5, 4, 3)
    affine = np.diag([-0.5, -0.75, 2.0, 1.0])
    affine[:3, 3] = [11.0, -7.0, 100.0]
    return Volume(array, affine, Source("dicom", "CT"))


@pytest.fixture
def series(ct: Volume, tmp_path: Path) -> Path:
    """The CT as a DICOM folder."""
    write_series(ct, tmp_path / "series", patient="invented", seed=1)
    return tmp_path / "series"


@pytest.fixture
def edit() -> Callable[[Path, Edit], Path]:
    """Change every file of a folder, the slices numbered from the lowest, and return the folder."""

    def change(folder: Path, one: Edit) -> Path:
        files = sorted(folder.iterdir(), key=lambda path: float(dcmread(path).ImagePositionPatient[2]))
        for number, path in enumerate(files):
            found = dcmread(path)
            one(found, number)
            found.save_as(path)
        return folder

    return change


@pytest.fixture(scope="session")
def outlined() -> Callable[[Volume, np.ndarray], list[np.ndarray]]:
    """A mask as rectangles around its voxels, in RAS millimetres, four corners each."""

    def outline(volume: Volume, mask: np.ndarray) -> list[np.ndarray]:
        corners = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
        return [
            (corners + voxel) @ volume.affine[:3, :3].T + volume.affine[:3, 3] for voxel in np.argwhere(mask)
        ]

    return outline
