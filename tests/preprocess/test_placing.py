"""Which grid a recipe asks for, and what has none."""

import numpy as np
import pytest

from medidense.preprocess import prepare, sampling_grid
from medidense.values import Refused, Region, Source, Volume
from medidense.values.input import Input, Intensity

WIDE = Intensity(rule="window", low=-1000, high=1000)


def recipe(size=(32, 32, 32), spacing=(1.0, 1.0, 1.0), **keys) -> Input:
    keys = {"dims": len(size), "region": "lesion", "intensity": WIDE} | keys
    return Input(size=size, spacing_mm=spacing, **keys)


def test_a_whole_picture_just_fits(scans):
    picture = Volume(scans.noise((96, 60, 1)), np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), False)
    grid = sampling_grid(picture, None, recipe((48, 48), None, region="whole", orientation="as_stored"))
    assert grid.step == (2.0, 2.0, 1.0)
    assert grid.source_index([-0.5, 23.5]).tolist() == [-0.5, 29.5, 0.0]
    assert grid.source_index([47.5, 23.5]).tolist() == [95.5, 29.5, 0.0]


def test_a_lesion_of_a_picture_gets_a_quarter_on_each_side(scans):
    picture = Volume(scans.noise((200, 200, 1)), np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), False)
    mask = np.zeros(picture.shape, bool)
    mask[20:84, 100:140] = True
    grid = sampling_grid(
        picture, scans.mask_region(picture, mask), recipe((48, 48), None, orientation="as_stored")
    )
    assert grid.step == (2.0, 2.0, 1.0)
    assert grid.source_index([-0.5, 23.5]).tolist() == [20 - 16 - 0.5, 119.5, 0.0]


def test_one_scale_in_millimetres_for_a_whole_anisotropic_volume(scans):
    volume = scans.volume_of(scans.noise((64, 64, 20)), (0.5, 0.5, 2.0))
    grid = sampling_grid(volume, None, recipe(spacing=None, region="whole"))
    assert grid.step == (2.5, 2.5, 0.625)


def test_a_sagittal_slice_is_sampled_in_its_own_plane(scans):
    axial = scans.volume_of(scans.noise((1, 50, 40)), (4.0, 1.0, 1.0))
    slice_ = scans.twin(axial, (1, 2, 0), (False, True, False))
    assert slice_.dims == 2
    prepared = prepare(slice_, None, recipe((50, 40), (1.0, 1.0), region="whole"))
    assert np.allclose(prepared.array[0] * 1000, axial.array[0], atol=0.1)


def _refusal(code: str, volume: Volume, region: Region | None, spec: Input) -> None:
    with pytest.raises(Refused) as caught:
        sampling_grid(volume, region, spec)
    assert caught.value.refusal.code == code


def test_what_has_no_grid_is_refused_with_its_code(scans):
    volume = scans.volume_of(scans.noise((40, 40, 30)))
    plane = scans.volume_of(scans.noise((40, 40, 1)))
    away = Region(volume.point_of(np.array([15.0, 15.0, 31.0])), (5.0,) * 3)
    picture = Volume(scans.noise((40, 40, 1)), np.eye(4), Source("picture"), spacing_known=False)
    tiny = scans.volume_of(scans.noise((40, 40, 30)), (1.0, 1.0, 5e-5))
    colour = Volume(np.zeros((40, 40, 1, 3), np.uint8), np.eye(4), Source("picture"))
    _refusal("COLOUR", colour, None, recipe((32, 32), None, region="whole"))
    _refusal("NO_REGION", volume, None, recipe())
    _refusal("OUTSIDE", volume, away, recipe())
    _refusal("DIMENSIONS", volume, None, recipe((32, 32), (1.0, 1.0), region="whole"))
    _refusal("DIMENSIONS", plane, None, recipe(region="whole"))
    _refusal("NO_GEOMETRY", picture, None, recipe((32, 32), (1.0, 1.0), region="whole"))
    _refusal("NO_GEOMETRY", tiny, None, recipe(region="whole"))


def test_whole_ignores_the_region(scans):
    volume = scans.volume_of(scans.noise((40, 40, 30)))
    region = Region(volume.point_of(np.full(3, 5.0)), (5.0,) * 3)
    spec = recipe(region="whole")
    assert sampling_grid(volume, region, spec) == sampling_grid(volume, None, spec)
