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


def ball_in_mm(volume, centre_mm, radius):
    """The voxels whose centres lie within `radius` mm of a point, by the affine alone."""
    index = np.indices(volume.shape).reshape(3, -1)
    points = (volume.affine[:3, :3] @ index).T + volume.affine[:3, 3]
    return (((points - centre_mm) ** 2).sum(axis=1) <= radius**2).reshape(volume.shape)


TURNED = {"spacing": (0.7, 0.7, 2.5), "degrees": (4.0, -7.0, 100.0)}
POINTS = {
    "isotropic": ({}, (20, 20, 20), spec_of()),
    "between voxels": ({}, (20.3, 19.6, 20.45), spec_of(mask_channel=False)),
    "thick slices, turned": (TURNED, (30.3, 28.1, 12.2), spec_of()),
    "thick slices, one plane": (TURNED, (30.3, 28.1, 12.2), spec_of(size=(33, 33))),
    "thick slices, flat crop": (TURNED, (30.3, 28.1, 12.2), spec_of(spacing_mm=(0.7, 0.7, 2.5))),
    "coarse crop": ({}, (20, 20, 20), spec_of(spacing_mm=(2.0, 2.0, 2.0))),
    "three planes": ({}, (20, 20, 20), spec_of(view="planes")),
    "at the border, mirrored": ({}, (20, 20, 4), spec_of(fill="reflect")),
}


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("radius", [4.0, 7.5])
def test_the_hole_of_a_point_is_that_of_a_ball_as_a_mask(scans, name, radius):
    grid, centre, spec = POINTS[name]
    volume = scans.volume_of(scans.noise((60, 60, 25) if grid else (40, 40, 40)), **grid)
    point = volume.point_of(np.array(centre))
    inside = ball_in_mm(volume, point, radius)
    given = Region(point, (2 * radius,) * 3)
    mask = scans.mask_region(volume, inside)
    drawn, pointed = (surroundings(volume, region, spec) for region in (mask, given))
    voxel = max(spec.spacing_mm)
    assert pointed.reach == pytest.approx(drawn.reach, abs=voxel)
    # and both are half the diameter, but for what is cut off or drawn into the next slice
    if "slices" not in name and "border" not in name:
        assert pointed.reach == pytest.approx(radius, abs=voxel)
    array = volume.array.astype(np.float32)
    array[inside] = 400
    shown = [surroundings(volume.with_array(part), given, spec) for part in (volume.array, array)]
    assert not np.array_equal(*(prepare(v, given, spec).array for v in (volume, volume.with_array(array))))
    one, two = (hidden(crop, pointed.reach + 0.01, spec) for crop in shown)
    looked_at = np.abs(np.indices(spec.size) - 16).min(axis=0) == 0 if spec.view == "planes" else ...
    np.testing.assert_allclose(one[0][looked_at], two[0][looked_at], atol=0.02)  # 1 % of 1400 in 1400 HU


def test_a_point_in_a_picture_scaled_to_it_reaches_in_voxels_of_the_crop(scans):
    spec = spec_of(size=(36, 36), spacing_mm=None, orientation="as_stored")
    volume = scans.volume_of(scans.noise((80, 80, 1)), (0.5, 0.5, 1.0))
    point = volume.point_of(np.array([40, 40, 0]))
    for diameter in (8.0, 16.0):
        crop = surroundings(volume, Region(point, (diameter,) * 3), spec)
        assert crop.reach == pytest.approx(36 / 1.5 / 2, abs=1)


def test_a_ball_smaller_than_a_voxel_hides_its_nearest(scans):
    volume = scans.volume_of(scans.noise((40, 40, 40)), (2.0, 2.0, 5.0))
    point = volume.point_of(np.array([20.4, 19.7, 20.3]))
    crop = surroundings(volume, Region(point, (0.5,) * 3), spec_of())
    assert 5 < crop.reach < 9  # a voxel of 2 x 2 x 5 mm, drawn out to its neighbours


def test_without_a_lesion_nothing_is_hidden(scans):
    volume, _ = lesion_at(scans, (20, 20, 20), 3, 0)
    with pytest.raises(Refused) as caught:
        surroundings(volume, None, spec_of())
    assert caught.value.refusal.code == "NO_REGION"
