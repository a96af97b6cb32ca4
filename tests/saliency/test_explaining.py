"""Does the evidence land where it lies in the scan, whatever the scan's axes and spacing?"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medidense.errors import UsageError
from medidense.nets import build
from medidense.preprocess import prepare
from medidense.saliency import explain
from medidense.values import Region, Source, Volume
from medidense.values.input import Input, Intensity

CELL = 8
SIZE = 32
SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.0, 1.0, 1.0),
    size=(SIZE,) * 3,
    intensity=Intensity(rule="window", low=-100, high=100),
)
CENTRE_MM = (20.0, -10.0, 35.0)
BLOB_MM = (25.0, -16.0, 31.0)
AFFINES = {
    "RAS": np.diag([1.0, 1.0, 1.0, 1.0]),
    "flipped, anisotropic": np.diag([-0.7, -0.9, 2.5, 1.0]),
    "turned": np.array([[0, 0, 1.5, 0], [0.8, 0, 0, 0], [0, -0.6, 0, 0], [0, 0, 0, 1.0]]),
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class BlobFinder(nn.Module):
    """Class 1 is the brightness of cells of 8 voxels, class 0 its opposite; layers named as DenseNet's."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        conv = nn.Conv3d(1, 1, kernel_size=CELL, stride=CELL, bias=False)
        nn.init.constant_(conv.weight, gain / CELL**3)
        names = ("denseblock1", "denseblock2", "denseblock3", "norm5")
        self.features = nn.ModuleDict({name: nn.ReLU() for name in names})
        self.features["denseblock1"] = nn.Sequential(conv, nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        for name in ("denseblock1", "denseblock2", "denseblock3", "norm5"):
            x = self.features[name](x)
        bright = x.flatten(1).mean(1, keepdim=True)
        return torch.cat([-bright, bright], dim=1)


def scan(affine: NDArray[np.float64]) -> Volume:
    """A ball of 100 with 5 mm radius at BLOB_MM in a field of 0 that holds CENTRE_MM in its middle."""
    gaps = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    shape = tuple(int(n) for n in np.ceil(60.0 / gaps))
    affine = affine.copy()
    affine[:3, 3] = np.array(CENTRE_MM) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    index = np.indices(shape).reshape(3, -1)
    points = affine[:3, :3] @ index + affine[:3, 3:]
    inside = ((points - np.array(BLOB_MM)[:, None]) ** 2).sum(axis=0) <= 25.0
    array = np.where(inside, 100, 0).astype(np.int16).reshape(shape)
    return Volume(array, affine, Source("nifti"))


def points_of(volume: Volume, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.array([volume.point_of(index) for index in np.argwhere(chosen)])


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES.keys())
def test_the_strongest_evidence_lies_in_the_blob(affine: NDArray[np.float64]) -> None:
    volume = scan(affine)
    prepared = prepare(volume, Region(CENTRE_MM, (10.0, 10.0, 10.0)), SPEC)
    found = explain([BlobFinder()], "densenet121", prepared, volume, 1)
    assert found.shape == volume.shape
    assert found.dtype == np.float32
    strongest = points_of(volume, found == found.max())
    assert np.abs(strongest - BLOB_MM).max() <= CELL / 2 + 0.5
    weights = found[found > 0]
    centre = (points_of(volume, found > 0) * weights[:, None]).sum(axis=0) / weights.sum()
    assert np.abs(centre - BLOB_MM).max() <= CELL / 2


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES.keys())
def test_nothing_outside_the_crop(affine: NDArray[np.float64]) -> None:
    volume = scan(affine)
    bright = volume.with_array(np.full(volume.shape, 90, dtype=np.int16) + (volume.array // 50))
    prepared = prepare(bright, Region(CENTRE_MM, (10.0, 10.0, 10.0)), SPEC)
    found = explain([BlobFinder()], "densenet121", prepared, bright, 1)
    seen = np.abs(points_of(bright, found > 0) - CENTRE_MM).max(axis=0)
    assert seen == pytest.approx([SIZE / 2] * 3, abs=2.6), "evidence everywhere in the crop, none outside it"


def test_the_other_class_has_no_evidence() -> None:
    volume = scan(AFFINES["RAS"])
    prepared = prepare(volume, Region(CENTRE_MM, (10.0, 10.0, 10.0)), SPEC)
    assert not explain([BlobFinder()], "densenet121", prepared, volume, 0).any()


def test_the_map_is_the_mean_over_the_networks() -> None:
    volume = scan(AFFINES["RAS"])
    prepared = prepare(volume, Region(CENTRE_MM, (10.0, 10.0, 10.0)), SPEC)
    one, three = (explain([BlobFinder(gain)], "densenet121", prepared, volume, 1) for gain in (1.0, 3.0))
    both = explain([BlobFinder(1.0), BlobFinder(3.0)], "densenet121", prepared, volume, 1)
    assert np.allclose(both, (one + three) / 2, rtol=1e-5)
    with pytest.raises(UsageError, match="at least one network"):
        explain([], "densenet121", prepared, volume, 1)


def test_a_plane_is_explained_in_its_own_slice() -> None:
    """2D of a 3D scan: the map fills the one slice that the network saw."""
    volume = scan(AFFINES["flipped, anisotropic"])
    spec = SPEC.model_copy(update={"dims": 2, "spacing_mm": (1.0, 1.0), "size": (64, 64)})
    prepared = prepare(volume, Region(BLOB_MM, (10.0, 10.0, 10.0)), spec)
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    maps = [explain([net], "densenet121", prepared, volume, index) for index in (0, 1)]
    seen = np.flatnonzero((maps[0] + maps[1]).any(axis=(0, 1)))
    assert seen.tolist() == [round(float(volume.index_of(BLOB_MM)[2]))]
