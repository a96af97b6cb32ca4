"""Where samples lie, and how they come back to the source grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.preprocess import prepare, sampling_grid
from medidense.values import Region, Source, Volume
from medidense.values.input import Input, Intensity

WIDE = Intensity(rule="window", low=-1000, high=1000)
orders = st.permutations(range(3)).map(tuple)
flips = st.tuples(st.booleans(), st.booleans(), st.booleans())
angles = st.tuples(*[st.floats(-20, 20)] * 3)


def recipe(size=(32, 32, 32), spacing=(1.0, 1.0, 1.0), **keys) -> Input:
    keys = {"dims": len(size), "region": "lesion", "intensity": WIDE} | keys
    return Input(size=size, spacing_mm=spacing, **keys)


def smooth(volume: Volume) -> np.ndarray:
    """A smooth function of millimetres, -1 to 1, on a volume's voxels."""
    index = np.indices(volume.shape).reshape(3, -1)
    x, y, z = (volume.affine[:3, :3] @ index) + volume.affine[:3, 3:]
    return (np.sin(x / 25) * np.cos(y / 30) + 0.01 * z / 3).reshape(volume.shape) / 4


@settings(max_examples=30, deadline=None)
@given(order=orders, flip=flips, degrees=angles, spacing=st.tuples(*[st.floats(0.5, 3.0)] * 3))
def test_what_was_sampled_maps_back_onto_its_own_voxels(scans, order, flip, degrees, spacing):
    blank = scans.volume_of(np.zeros((30, 28, 20), np.float32), spacing, degrees)
    stored = scans.twin(blank, order, flip)
    volume = stored.with_array((smooth(stored) * 1000).astype(np.float64))
    region = Region(volume.point_of(np.array([n // 2 for n in volume.shape])), (9.0, 9.0, 9.0))
    # Crop inside the image, so that no fill takes part.
    target = tuple(float(gap) * 0.4 for gap in np.array(spacing))
    prepared = prepare(volume, region, recipe(spacing=tuple([min(target)] * 3)))
    back = prepared.grid.to_source(prepared.array[0], volume) * 1000
    inside = back != 0
    assert inside.any()
    assert np.abs(back - volume.array)[inside].max() < 8


@settings(max_examples=30, deadline=None)
@given(order=orders, flip=flips, degrees=angles)
def test_corner_samples_lie_half_a_crop_from_the_centre(scans, order, flip, degrees):
    volume = scans.twin(scans.volume_of(scans.noise((40, 44, 36)), (0.75, 0.75, 1.5), degrees), order, flip)
    middle = np.array([n // 2 for n in volume.shape], dtype=float)
    grid = sampling_grid(volume, Region(volume.point_of(middle), (5.0,) * 3), recipe(spacing=(0.5, 1.0, 1.5)))
    for corner in np.ndindex(2, 2, 2):
        index = grid.source_index([31.0 * c for c in corner])
        steps = (np.array(corner) * 31 - 15.5) * (0.5, 1.0, 1.5)
        wanted = np.asarray(volume.point_of(middle)) + _canonical_directions(volume) @ steps
        assert np.allclose(volume.point_of(index), wanted, atol=1e-4)


def _canonical_directions(volume: Volume) -> np.ndarray:
    """Unit vectors of the axes closest to R, A, S, as columns, found from the affine alone."""
    columns = (volume.affine[:3, :3] / np.array(volume.spacing_mm)).T
    best = [max(columns, key=lambda c, w=world: abs(c[w])) for world in range(3)]
    return np.array([c * np.sign(c[w]) for w, c in enumerate(best)]).T


def test_the_tensor_runs_to_the_right_front_and_top_whatever_is_stored(scans):
    array = np.zeros((40, 40, 40), np.int16)
    array[30:, 18:22, 18:22] = 500  # towards +i, which runs to the left
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    volume = Volume(array, affine, Source("dicom", "CT"))
    crop = prepare(volume, Region(volume.point_of(np.full(3, 20.0)), (5.0,) * 3), recipe()).array[0]
    assert crop[:6, 16, 16].max() > 0.4
    assert crop[10:, :, :].max() < 0.01


def test_zero_outside_the_crop(scans):
    volume = scans.volume_of(scans.noise((64, 64, 64)))
    grid = sampling_grid(volume, Region(volume.point_of(np.full(3, 31.5)), (5.0,) * 3), recipe())
    back = grid.to_source(np.ones((32, 32, 32), np.float32), volume)
    assert back[16:48, 16:48, 16:48].min() == 1.0
    assert back.sum() == 32**3


def test_a_plane_fills_only_its_slice(scans):
    volume = scans.twin(
        scans.volume_of(scans.noise((50, 52, 9)), (0.75, 0.75, 5.0)), (2, 0, 1), (True, False, True)
    )
    region = Region(volume.point_of(np.array([3.2, 25.5, 26.5])), (5.0,) * 3)
    spec = recipe(size=(32, 36), spacing=(0.75, 0.75))
    prepared = prepare(volume, region, spec)
    assert prepared.array.shape == (1, 32, 36)
    back = prepared.grid.to_source(np.ones((32, 36), np.float32), volume)
    assert back[3].sum() == 32 * 36
    assert back.sum() == back[3].sum()
    crop = prepared.grid.to_source(prepared.array[0], volume)[3]
    kept = back[3] > 0
    assert np.allclose(crop[kept] * 1000, np.clip(volume.array[3][kept], -1000, 1000), atol=0.1)


def test_the_other_grid_is_refused_by_to_source(scans):
    volume = scans.volume_of(scans.noise((64, 60, 50)))
    grid = sampling_grid(volume, Region(volume.point_of(np.full(3, 31.5)), (5.0,) * 3), recipe())
    with pytest.raises(ValueError, match="do not belong"):
        grid.to_source(np.ones((32, 32, 31), np.float32), volume)
    with pytest.raises(ValueError, match="do not belong"):
        grid.to_source(np.ones((32, 32, 32), np.float32), scans.volume_of(scans.noise((60, 64, 50))))
