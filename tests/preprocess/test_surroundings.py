"""Nothing of the lesion is left: two images that differ in it alone give the same bytes."""

import numpy as np
import pytest

from medidense.preprocess import hidden, prepare, surroundings, widest_hole
from medidense.values import Refused, Region
from medidense.values.input import Input, Intensity, Window

RULES = {
    "window": Intensity(rule="window", low=-1000, high=400),
    "percentiles": Intensity(rule="percentiles", low=1, high=99),
    "zscore": Intensity(rule="zscore", low=-3, high=3),
    "constants": Intensity(rule="constants", low=-1000, high=400, mean=(0, 1, 2), deviation=(300, 300, 300)),
}


def spec_of(rule="window", size=(33, 33, 33), **keys):
    given = {
        "dims": len(size),
        "region": "lesion",
        "intensity": RULES[rule],
        "spacing_mm": (1.0,) * len(size),
    }
    return Input(size=size, **given | keys)


def lesion_at(scans, centre, radius, value, shape=(40, 40, 40), spacing=(1.0, 1.0, 1.0)):
    """Noise with a ball of `radius` voxels of `value` in it."""
    array = scans.noise(shape).astype(np.float32)
    grid = np.indices(shape) - np.reshape(centre, (3, 1, 1, 1))
    mask = (grid**2).sum(axis=0) <= radius**2
    array[mask] = value
    volume = scans.volume_of(array, spacing, (0.0, 0.0, 0.0))
    middle = np.array([(index.min() + index.max()) / 2 for index in np.nonzero(mask)])
    extent = tuple(float(np.ptp(index) + 1) * s for index, s in zip(np.nonzero(mask), spacing, strict=True))
    return volume, Region(volume.point_of(middle), extent, mask)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("view", ["crop", "planes"])
@pytest.mark.parametrize("centre", [(20, 20, 20), (20, 20, 4)], ids=["inside", "at the border"])
@pytest.mark.parametrize("fill", ["reflect", "edge"])
def test_size_and_brightness_of_the_lesion_leave_no_trace(scans, rule, view, centre, fill):
    spec = spec_of(rule, view=view, fill=fill, mask_channel=True, second_window=Window(low=-150, high=850))
    dark, bright = lesion_at(scans, centre, 3, -500, (40, 40, 40)), lesion_at(scans, centre, 4, 3000)
    one, two = surroundings(*dark, spec), surroundings(*bright, spec)
    assert two.reach > one.reach
    made = [hidden(crop, two.reach + 0.01, spec) for crop in (one, two)]
    seen = np.full(spec.size, view == "crop")
    if view == "planes":
        for axis in range(3):
            np.moveaxis(seen, axis, 0)[16] = True
    if rule in ("window", "constants"):
        assert made[0][:, seen].tobytes() == made[1][:, seen].tobytes()
    elif view == "crop":
        np.testing.assert_allclose(made[0], made[1], atol=1e-5)
    assert (made[0][-1] == -1).all()


def test_outside_the_hole_the_network_sees_what_it_saw(scans):
    spec = spec_of()
    volume, region = lesion_at(scans, (20, 20, 20), 3, 0)
    crop = surroundings(volume, region, spec)
    whole, without = prepare(volume, region, spec).array, hidden(crop, crop.reach, spec)
    outside = (np.indices(spec.size) - 16) ** 2
    outside = outside.sum(axis=0) > crop.reach**2
    np.testing.assert_allclose(without[:, outside], whole[:, outside], atol=1e-6)
    assert (without[:, ~outside] == 0).all()
    assert 0 < outside.mean() < 1


def test_a_lesion_mirrored_at_the_border_is_hidden_too(scans):
    spec = spec_of(fill="reflect")
    volume, region = lesion_at(scans, (20, 20, 3), 3, 3000)
    crop = surroundings(volume, region, spec)
    assert crop.reach < 4.5  # the mirror image is as far from its own centre
    assert (prepare(volume, region, spec).array == 1.0).any()
    assert not (hidden(crop, crop.reach, spec) == 1.0).any()
    assert crop.beyond == pytest.approx(13 / 33)


def test_distances_are_in_mm_where_the_recipe_has_them(scans):
    fine, coarse = spec_of(), spec_of(spacing_mm=(2.0, 2.0, 2.0))
    volume, region = lesion_at(scans, (20, 20, 20), 6, 0)
    assert surroundings(volume, region, fine).reach == pytest.approx(6, abs=1e-3)
    assert surroundings(volume, region, coarse).reach == pytest.approx(7, abs=2)
    assert widest_hole(coarse, 0.5) == pytest.approx(2 * widest_hole(fine, 0.5))


def test_a_crop_of_one_plane(scans):
    spec = spec_of(size=(33, 33))
    volume, region = lesion_at(scans, (20, 20, 20), 3, 0)
    crop = surroundings(volume, region, spec)
    assert crop.values.shape == (33, 33)
    assert crop.reach == pytest.approx(3, abs=1e-3)
    assert hidden(crop, 4, spec).shape == (1, 33, 33)


def test_the_widest_hole_hides_its_share():
    for spec in (spec_of(), spec_of(view="planes"), spec_of(size=(33, 33))):
        radius = widest_hole(spec, 0.7)
        offsets = np.indices(spec.size) - 16
        inside = (offsets**2).sum(axis=0) <= radius**2
        seen = np.full(spec.size, spec.view == "crop")
        for axis in range(3) if spec.view == "planes" else ():
            np.moveaxis(seen, axis, 0)[16] = True
        assert inside[seen].mean() == pytest.approx(0.7, abs=0.02)


def test_a_point_hides_nothing(scans):
    volume, region = lesion_at(scans, (20, 20, 20), 3, 0)
    for given in (None, Region(region.centre_mm, region.extent_mm)):
        with pytest.raises(Refused) as caught:
            surroundings(volume, given, spec_of())
        assert caught.value.refusal.code == "NO_MASK"
