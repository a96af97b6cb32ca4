"""The same image stored another way, as a DICOM series and its NIfTI twin are."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from medidense.values import Region, Source, Volume


def rotation(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    x, y, z = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def volume_of(
    array: NDArray[np.generic],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    degrees: tuple[float, float, float] = (0.0, 0.0, 0.0),
    origin: tuple[float, float, float] = (-87.3, 41.9, -213.75),
) -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = rotation(degrees) * spacing
    affine[:3, 3] = origin
    return Volume(array, affine, Source("dicom", "CT"))


def turned(
    array: NDArray[np.generic], order: tuple[int, ...], flips: tuple[bool, ...]
) -> NDArray[np.generic]:
    view = np.transpose(array, order)
    return np.ascontiguousarray(view[tuple(slice(None, None, -1 if f else 1) for f in flips)])


def twin(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """Axes in another order and direction, and the affine rounded to float32, as NIfTI keeps it."""
    array = turned(volume.array, order, flips)
    affine = volume.affine[:, [*order, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip:
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Volume(array, affine.astype(np.float32).astype(np.float64), Source("nifti", None))


def mask_region(volume: Volume, mask: NDArray[np.bool_]) -> Region:
    """The region of a mask on the volume's own grid: centre and extent of its bounding box."""
    inside = np.argwhere(mask)
    low, high = inside.min(axis=0), inside.max(axis=0)
    extent = (high - low + 1) * volume.spacing_mm
    return Region(volume.point_of((low + high) / 2), tuple(extent.tolist()), mask)


def noise(shape: tuple[int, int, int], seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-1000, 400, size=shape).astype(np.int16)


@pytest.fixture(scope="session")
def scans() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(
        volume_of=volume_of, twin=twin, mask_region=mask_region, noise=noise, turned=turned
    )
