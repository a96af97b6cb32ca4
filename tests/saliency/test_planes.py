"""Maps of planes lie where the planes lie."""

import numpy as np
import pytest
import torch
from torch import nn

from medidense.nets import PlanesNetwork
from medidense.preprocess import prepare
from medidense.saliency import grad_cam
from medidense.saliency.planes import spread_planes
from medidense.values import Region, Source, Volume
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.0, 1.0, 1.0),
    size=(33,) * 3,
    intensity=Intensity(rule="window", low=-100, high=100),
    view="planes",
)


def prepared(gaps=(1.0, 1.0, 1.0)):
    shape = tuple(int(60 / gap) for gap in gaps)
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    volume = Volume(values, np.diag([*gaps, 1.0]), Source("nifti", None), True)
    region = Region((30.0, 30.0, 30.0), (8.0, 8.0, 8.0))
    return volume, prepare(volume, region, SPEC)


def test_each_map_lies_on_its_plane_and_the_stronger_one_where_they_cross():
    _, found = prepared()
    maps = np.stack([np.full((33, 33), height, dtype=np.float32) for height in (1, 2, 3)])
    cube = spread_planes(maps, found.grid)
    assert (cube[16, 0, 0], cube[0, 16, 0], cube[0, 0, 16]) == (1, 2, 3)
    assert cube[16, 16, 16] == cube[16, 0, 16] == 3
    assert cube[16, 16, 0] == 2
    assert cube[0, 0, 0] == cube[14, 14, 14] == 0


@pytest.mark.parametrize("gap", [1.0, 2.5, 5.0])
def test_a_coarse_stack_has_a_slice_that_shows_the_plane(gap):
    volume, found = prepared((0.7, 0.7, gap))
    maps = np.zeros((3, 33, 33), dtype=np.float32)
    maps[2] = 1
    back = found.grid.to_source(spread_planes(maps, found.grid), volume)
    shown = np.flatnonzero(back.max(axis=(0, 1)) > 0.5)
    assert len(shown) >= 1
    assert abs(shown.mean() * gap - 30.0) <= gap


def test_evidence_on_one_plane_stays_on_it():
    class Bright(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Conv2d(1, 1, 4, stride=4, bias=False)
            nn.init.constant_(self.features.weight, 1 / 16)

        def forward(self, x):
            level = self.features(x).clamp(min=0).flatten(1).mean(1, keepdim=True)
            return torch.cat([-level, level], dim=1)

    array = np.zeros((1, 32, 32, 32), dtype=np.float32)
    array[0, 4:8, 20:24, 16] = 1
    maps = grad_cam(PlanesNetwork(Bright()), "plane.features", array, 1)
    assert maps.shape == (3, 32, 32)
    assert np.unravel_index(maps[2].argmax(), (32, 32))[0] in range(3, 9)
    assert np.unravel_index(maps[2].argmax(), (32, 32))[1] in range(19, 25)
    assert maps[0].max() == maps[1].max() == 0
