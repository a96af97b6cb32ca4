"""The array that enters the network: the same bits for twins, and no trace of the image's end."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medidense.preprocess import prepare
from medidense.preprocess.placing import CENTRE_STEP
from medidense.values import Refused, Region
from medidense.values.input import Input, Intensity

WINDOW = Intensity(rule="window", low=-1000, high=400)
CASES = {
    "0.7 mm": ((0.7, 0.7, 0.7), (0.0, 0.0, 0.0)),
    "anisotropic": ((0.6836, 0.6836, 2.5), (0.0, 0.0, 0.0)),
    "oblique": ((0.7, 0.7, 1.25), (7.0, -12.0, 23.0)),
    "fov over 512": ((350 / 512, 350 / 512, 0.625), (3.0, 0.0, 0.0)),
}


def recipe(size=(32, 32, 32), spacing=(1.1, 1.1, 1.1), **keys) -> Input:
    keys = {"dims": len(size), "region": "lesion", "intensity": WINDOW} | keys
    return Input(size=size, spacing_mm=spacing, **keys)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(3)).map(tuple),
    flips=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    place=st.tuples(*[st.floats(2, 17)] * 3),
    rule=st.sampled_from(["window", "percentiles", "zscore"]),
)
def test_twins_give_equal_bits_for_a_marker(scans, case, order, flips, place, rule):
    volume = scans.volume_of(scans.noise((30, 28, 20)), *CASES[case])
    # A tie within the float32 error has a probability of 1 in 1000: not what is tested here.
    assume(all(abs(x / CENTRE_STEP % 1 - 0.5) > 0.01 for x in place))
    other = scans.twin(volume, order, flips)
    region = Region(volume.point_of(np.array(place)), (6.0, 6.0, 6.0))
    spec = recipe(intensity=Intensity(rule=rule, low=1, high=90))
    one, two = prepare(volume, region, spec), prepare(other, region, spec)
    assert one.array.tobytes() == two.array.tobytes()
    assert (one.p01, one.p50, one.p99) == (two.p01, two.p50, two.p99)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(3)).map(tuple),
    flips=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    low=st.tuples(*[st.integers(0, 12)] * 3),
    size=st.tuples(*[st.integers(1, 7)] * 3),
    dims=st.sampled_from([2, 3]),
)
def test_twins_give_equal_bits_for_a_mask(scans, case, order, flips, low, size, dims):
    volume = scans.volume_of(scans.noise((30, 28, 20)), *CASES[case])
    other = scans.twin(volume, order, flips)
    mask = np.zeros(volume.shape, bool)
    mask[tuple(slice(a, a + n) for a, n in zip(low, size, strict=True))] = True
    there = scans.mask_region(other, scans.turned(mask, order, flips))
    spec = recipe((32,) * dims, (0.9,) * dims)
    one, two = prepare(volume, scans.mask_region(volume, mask), spec), prepare(other, there, spec)
    assert one.array.tobytes() == two.array.tobytes()


def test_the_stored_type_does_not_matter(scans):
    volume = scans.volume_of(scans.noise((30, 28, 20)))
    region = Region(volume.point_of(np.full(3, 9.0)), (6.0,) * 3)
    one = prepare(volume, region, recipe()).array
    for kind in (np.int32, np.float32, np.float64):
        assert (
            prepare(volume.with_array(volume.array.astype(kind)), region, recipe()).array.tobytes()
            == one.tobytes()
        )


def test_the_array_is_float32_contiguous_with_a_channel(scans):
    volume = scans.volume_of(scans.noise((30, 28, 20)))
    array = prepare(volume, None, recipe((32, 36, 40), region="whole")).array
    assert array.shape == (1, 32, 36, 40)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous


def test_the_crop_shows_the_lesion_in_its_middle(scans):
    array = np.full((60, 60, 24), -850, np.int16)
    array[40:44, 20:24, 10:12] = 100
    volume = scans.twin(scans.volume_of(array, (0.8, 0.8, 2.0)), (2, 1, 0), (True, True, False))
    region = scans.mask_region(volume, volume.array > 0)
    crop = prepare(volume, region, recipe()).array[0]
    weights = crop - crop.min()
    centre = [(np.indices(crop.shape)[a] * weights).sum() / weights.sum() for a in range(3)]
    assert centre == pytest.approx([15.5] * 3, abs=0.02)


def test_percentiles_are_in_modality_values_before_the_window(scans):
    volume = scans.volume_of(np.linspace(0, 3000, 32**3).reshape(32, 32, 32).astype(np.float32))
    prepared = prepare(volume, None, recipe(spacing=(1.0, 1.0, 1.0), region="whole"))
    assert (prepared.p01, prepared.p50, prepared.p99) == pytest.approx((30, 1500, 2970), abs=1)


def _flat_run(crop: np.ndarray, axis: int) -> int:
    """Longest run of steps along an axis in which nothing at all changes."""
    still = [bool((step == 0).all()) for step in np.moveaxis(np.diff(crop, axis=axis), axis, 0)]
    best = run = 0
    for flat in still:
        run = run + 1 if flat else 0
        best = max(best, run)
    return best


def test_reflect_leaves_no_flat_stretch_where_the_image_ended_and_edge_does(scans):
    volume = scans.volume_of(scans.noise((40, 40, 8)), (1.0, 1.0, 1.0))
    region = Region(volume.point_of(np.array([20.0, 20.0, 3.5])), (6.0,) * 3)
    reflect = prepare(volume, region, recipe(spacing=(1.0, 1.0, 1.0))).array[0]
    edge = prepare(volume, region, recipe(spacing=(1.0, 1.0, 1.0), fill="edge")).array[0]
    assert _flat_run(reflect, 2) == 0
    assert _flat_run(edge, 2) >= 10
    inside, outside = reflect[:, :, 12:20], np.delete(reflect, np.s_[12:20], axis=2)
    assert outside.mean() == pytest.approx(inside.mean(), abs=0.02)
    assert outside.std() == pytest.approx(inside.std(), rel=0.02)
    change_in, change_out = (
        np.abs(np.diff(inside, axis=2)).mean(),
        np.abs(np.diff(outside[:, :, :12], axis=2)).mean(),
    )
    assert change_out == pytest.approx(change_in, rel=0.05)


def test_one_voxel_deep_axes_do_not_break(scans):
    volume = scans.volume_of(scans.noise((40, 1, 30)))
    region = Region(volume.point_of(np.array([20.0, 0.0, 15.0])), (3.0,) * 3)
    assert np.isfinite(prepare(volume, region, recipe()).array).all()


def test_a_constant_crop_is_refused_though_the_image_is_not_constant(scans):
    array = np.zeros((90, 90, 40), np.int16)
    array[80:, 80:, :] = 1
    volume = scans.volume_of(array)
    region = Region(volume.point_of(np.array([20.0, 20.0, 20.0])), (5.0,) * 3)
    with pytest.raises(Refused) as caught:
        prepare(volume, region, recipe())
    assert caught.value.refusal.code == "CONSTANT"
    assert "0 in every voxel" in caught.value.refusal.found


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(scans, value):
    array = scans.noise((40, 40, 40)).astype(np.float32)
    array[20, 20, 20] = value
    volume = scans.volume_of(array)
    region = Region(volume.point_of(np.array([20.0, 20.0, 20.0])), (5.0,) * 3)
    with pytest.raises(Refused) as caught:
        prepare(volume, region, recipe())
    assert caught.value.refusal.code == "NOT_FINITE"


def test_a_second_window_and_the_mask_are_channels_of_their_own(scans):
    volume = scans.volume_of(scans.noise((30, 28, 20)), *CASES["anisotropic"])
    mask = np.zeros(volume.shape, dtype=bool)
    mask[12:19, 10:17, 8:12] = True
    centre = volume.point_of(np.array([15.0, 13.0, 9.5]))
    region = Region(centre, tuple(np.array(volume.spacing_mm) * (7, 7, 4)), mask)
    spec = recipe(spacing=(0.7,) * 3, second_window={"low": -150, "high": 850}, mask_channel=True)
    array = prepare(volume, region, spec).array
    plain = prepare(volume, region, recipe(spacing=(0.7,) * 3))
    other = prepare(
        volume, region, recipe(spacing=(0.7,) * 3, intensity=Intensity(rule="window", low=-150, high=850))
    )
    assert (array.shape, spec.channels) == ((3, 32, 32, 32), 3)
    assert array[0].tobytes() == plain.array[0].tobytes()
    assert array[1].tobytes() == other.array[0].tobytes()
    assert set(np.unique(array[2])) >= {-1.0, 1.0}
    back = plain.grid.to_source(array[2], volume)
    inside = plain.grid.to_source(np.ones((32,) * 3, dtype=np.float32), volume) > 0.99
    np.testing.assert_array_equal(back[inside] > 0, mask[inside])


def test_a_point_has_no_mask_to_show(scans):
    volume = scans.volume_of(scans.noise((30, 28, 20)))
    region = Region(volume.point_of(np.array([15.0, 13.0, 9.5])), (6.0, 6.0, 6.0))
    with pytest.raises(Refused, match=r"input\.mask_channel=false") as caught:
        prepare(volume, region, recipe(mask_channel=True))
    assert caught.value.refusal.code == "NO_MASK"
