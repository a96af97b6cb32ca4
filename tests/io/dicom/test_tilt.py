import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io import read_volume, write_series
from medidense.io.dicom.tilt import straighten
from medidense.values import Marker, ReadOptions, Refused, Source, Volume

TILT = ReadOptions(allow_tilt=True)


def test_a_tilted_stack_is_refused_unless_allowed(tilted):
    folder = tilted(0.0, 1.1)
    with pytest.raises(Refused, match="--allow-tilt") as caught:
        read_volume(folder)
    assert caught.value.refusal.code == "TILTED"
    assert any(text.startswith("RESAMPLED:") for text in read_volume(folder, options=TILT).warnings)


def test_a_tilt_by_whole_pixels_moves_values_and_changes_none(tilted, ct):
    back = read_volume(tilted(0.5, 0.75), options=TILT)  # one pixel along i and j a slice
    assert back.array.dtype == np.float32
    assert back.shape == (7, 6, 3)
    for k in range(3):
        np.testing.assert_array_equal(back.array[k : k + 5, k : k + 4, k], ct.array[:, :, k])
    assert (back.array[0, :, 2] == ct.array.min()).all()
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-6)


def test_a_tilt_to_the_other_side_widens_the_grid_there(tilted, ct):
    back = read_volume(tilted(-0.5, 0.0), options=TILT)
    for k in range(3):
        np.testing.assert_array_equal(back.array[2 - k : 7 - k, :, k], ct.array[:, :, k])
    # LPS x falls by 0.5 mm a slice: in RAS the grid begins one millimetre further right
    np.testing.assert_allclose(back.affine[:3, 3], ct.affine[:3, 3] + [1.0, 0, 0], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(slope=st.tuples(*[st.floats(-1.5, 1.5)] * 2), seed=st.integers(0, 99))
def test_a_linear_image_is_resampled_exactly_where_it_is_covered(slope, seed):
    shifts = np.random.default_rng(seed).uniform(0, 2.5, (4, 2))
    i, j = np.meshgrid(np.arange(8.0), np.arange(7.0), indexing="ij")
    target = np.empty((11, 10, 4), dtype=np.float32)
    slanted = np.stack(
        [slope[0] * (i + a) + slope[1] * (j + b) for a, b in shifts], axis=2
    )  # the same ramp in space
    straighten(slanted, shifts, target)
    for k, (a, b) in enumerate(shifts):
        inside = np.s_[int(np.ceil(a)) : int(np.floor(a)) + 8, int(np.ceil(b)) : int(np.floor(b)) + 7]
        wi, wj = np.meshgrid(np.arange(11.0), np.arange(10.0), indexing="ij")
        np.testing.assert_allclose(target[..., k][inside], (slope[0] * wi + slope[1] * wj)[inside], atol=1e-4)


def test_a_ball_in_a_tilted_phantom_stays_round(tmp_path, tilted):
    i, j, k = np.indices((40, 40, 20))
    ball = ((i - 20) ** 2 + (j - 20) ** 2 + (2 * (k - 10)) ** 2 < 81) * 1000.0
    straight = Volume(ball.astype(np.int16), np.diag([-1.0, -1.0, 2.0, 1.0]), Source("dicom", "CT"))
    write_series(straight, tmp_path / "ball", patient="invented", seed=2)
    # a tilted gantry sees each slice from a window moved sideways by 0.3 mm a slice
    seen = np.stack([_moved(ball[:, :, n], 0.3 * n) for n in range(20)], axis=2)
    write_series(
        straight.with_array(np.rint(seen).astype(np.int16)), tmp_path / "series2", patient="i", seed=3
    )
    _shift(tmp_path / "series2", 0.3)
    back = read_volume(tmp_path / "series2", options=TILT)
    grid = back.index_of(straight.point_of(np.array([20.0, 20.0, 10.0])))
    where = np.argwhere(back.array > 500).mean(axis=0)
    np.testing.assert_allclose(where, grid, atol=0.1)
    assert abs((back.array > 500).sum() - (ball > 500).sum()) < 0.03 * (ball > 500).sum()


def _moved(plane, shift):
    """The plane seen through a window that lies `shift` pixels further along j, linear."""
    whole, part = int(shift), shift - int(shift)
    wide = np.pad(plane, ((0, 0), (0, whole + 2)))
    return (1 - part) * wide[:, whole : whole + 40] + part * wide[:, whole + 1 : whole + 41]


def _shift(folder, y):
    from pydicom import dcmread

    for path in folder.iterdir():
        found = dcmread(path)
        x0, y0, z0 = map(float, found.ImagePositionPatient)
        found.ImagePositionPatient = [x0, round(y0 + y * z0 / 2, 6), z0]
        found.save_as(path)


def test_a_box_of_a_tilted_stack_is_cut_from_the_whole(tilted):
    folder = tilted(0.2, 0.6)
    whole = read_volume(folder, options=TILT)
    centre = whole.point_of(np.array([3.0, 2.0, 1.0]))
    part = read_volume(folder, options=TILT, region=Marker(centre, 1.0))
    first = np.rint(whole.index_of(part.point_of(np.zeros(3)))).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(first, part.shape, strict=True))
    np.testing.assert_array_equal(part.array, whole.array[box])
