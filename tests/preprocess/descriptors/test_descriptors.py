"""The descriptors: each defined in the docs, the same however the image is stored, right on known shapes."""

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medidense.preprocess import lesion_descriptors
from medidense.values import Region, Source, Volume

SPACING = (0.8, 0.6, 1.5)


def scan(scans, shape=(50, 60, 30), spacing=SPACING):
    volume = scans.volume_of(np.zeros(shape, np.float32), spacing)
    return volume, np.moveaxis((np.indices(shape).T * spacing).T, 0, -1)


def region_of(volume: Volume, mask: np.ndarray) -> Region:
    found = np.argwhere(mask)
    low, high = found.min(axis=0), found.max(axis=0)
    extent = (high - low + 1) * volume.spacing_mm
    return Region(volume.point_of((low + high) / 2), tuple(map(float, extent)), mask)


@pytest.fixture(scope="module")
def lump(scans):
    """An uneven lesion of two balls in noise, brighter to one side."""
    volume, points = scan(scans)
    first = np.linalg.norm(points - (18.0, 17.0, 21.0), axis=-1) <= 7.0
    mask = first | (np.linalg.norm(points - (25.0, 20.0, 24.0), axis=-1) <= 4.0)
    noise = np.random.default_rng(0).normal(0, 20, volume.shape)
    array = np.where(mask, 30 + 5 * points[..., 0], -800 + 3 * points[..., 1]) + noise
    return volume.with_array(array.astype(np.float32)), mask


def test_every_figure_is_defined_in_the_docs_and_no_other(lump, root: Path) -> None:
    volume, mask = lump
    names = list(lesion_descriptors(volume, region_of(volume, mask)))
    text = (root / "docs" / "descriptors.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == sorted(names)
    assert len(names) == 60


def test_flips_and_the_order_of_axes_change_nothing(lump, scans) -> None:
    volume, mask = lump
    before = lesion_descriptors(volume, region_of(volume, mask))
    for order, flips in itertools.product(((0, 1, 2), (2, 0, 1)), ((True, False, False), (True,) * 3)):
        turned = scans.volume_of(
            scans.turned(volume.array, order, flips), tuple(SPACING[axis] for axis in order)
        )
        after = lesion_descriptors(turned, region_of(turned, scans.turned(mask, order, flips)))
        assert after == pytest.approx(before, rel=1e-3, abs=1e-3)  # marching cubes cut a face in two


@pytest.mark.parametrize("radius", [6.0, 12.0])
def test_a_ball_has_the_figures_of_a_ball(scans, radius: float) -> None:
    volume, points = scan(scans, (70, 80, 40))
    inside = np.linalg.norm(points - (27.0, 24.0, 30.0), axis=-1) <= radius
    volume = volume.with_array(np.where(inside, 50.0, -800.0).astype(np.float32))
    for region in (
        region_of(volume, inside),
        Region(volume.point_of(np.array([33.75, 40, 20])), (2 * radius,) * 3),
    ):
        found = lesion_descriptors(volume, region)
        assert math.exp(found["shape_log_volume"]) == pytest.approx(4 / 3 * math.pi * radius**3, rel=0.08)
        assert math.exp(found["shape_log_surface"]) == pytest.approx(4 * math.pi * radius**2, rel=0.06)
        assert found["shape_sphericity"] == pytest.approx(1.0, abs=0.05)
        assert found["shape_longest_mm"] == pytest.approx(2 * radius, rel=0.06)
        assert found["shape_major_mm"] == pytest.approx(2 * radius, rel=0.06)
        assert found["shape_flatness"] == pytest.approx(1.0, abs=0.08)
        assert found["shape_depth_mm"] == pytest.approx(radius, abs=1.0)
        assert found["shape_solidity"] == pytest.approx(1.0, abs=0.05)
        assert found["margin_contrast"] == pytest.approx(850, rel=0.12)
        assert found["margin_slope_aligned"] < -0.8
        assert found["margin_outer_7"] == pytest.approx(-800, abs=2)


def test_a_cube_is_less_round_and_a_plate_is_flat(scans) -> None:
    volume, _ = scan(scans, (40, 40, 40), (1.0, 1.0, 1.0))
    cube, plate = np.zeros((2, *volume.shape), bool)
    cube[12:28, 12:28, 12:28] = True
    plate[8:32, 8:32, 18:22] = True
    array = np.random.default_rng(0).normal(0, 1, volume.shape).astype(np.float32)
    found = lesion_descriptors(volume.with_array(array), region_of(volume, cube))
    assert found["shape_sphericity"] == pytest.approx((math.pi / 6) ** (1 / 3), abs=0.04)
    assert math.exp(found["shape_log_volume"]) == pytest.approx(16**3, rel=0.03)
    assert found["shape_longest_mm"] == pytest.approx(16 * math.sqrt(3), rel=0.06)
    assert found["shape_depth_mm"] == 8.0
    flat = lesion_descriptors(volume.with_array(array), region_of(volume, plate))
    assert flat["shape_flatness"] == pytest.approx(4 / 24, abs=0.01)
    assert flat["shape_elongation"] == pytest.approx(1.0, abs=0.01)


def test_a_ramp_has_one_slope_and_no_blobs(scans) -> None:
    volume, points = scan(scans)
    mask = np.linalg.norm(points - (20.0, 18.0, 22.0), axis=-1) <= 6.0
    ramp = volume.with_array((10.0 * points[..., 0]).astype(np.float32))
    found = lesion_descriptors(ramp, region_of(volume, mask))
    assert found["texture_slope"] == pytest.approx(10.0, rel=0.02)
    assert found["margin_slope_mean"] == pytest.approx(10.0, rel=0.02)
    assert found["margin_slope_outward"] == pytest.approx(0.0, abs=0.5)
    assert found["texture_blob_spread_1"] == pytest.approx(0.0, abs=0.5)
    assert found["texture_local_spread"] == pytest.approx(10 * math.sqrt(2 / 3), rel=0.03)
    assert found["inside_mean"] == pytest.approx(200.0, abs=2.0)
    assert found["inside_p99"] - found["inside_p01"] > 100


def test_a_shift_of_all_values_moves_means_and_nothing_else(lump) -> None:
    volume, mask = lump
    region = region_of(volume, mask)
    before = lesion_descriptors(volume, region)
    after = lesion_descriptors(volume.with_array(volume.array + np.float32(100)), region)
    moved = {name for name in before if abs(after[name] - before[name]) > 1e-3 * (1 + abs(before[name]))}
    assert {"inside_mean", "margin_outer_1"} <= moved
    assert all(name.startswith(("inside_", "margin_inner", "margin_outer")) for name in moved)
    assert after["inside_p50"] == pytest.approx(before["inside_p50"] + 100, abs=0.01)


def test_one_voxel_a_slice_and_a_border_have_finite_figures(scans) -> None:
    volume, _ = scan(scans)
    array = np.random.default_rng(0).normal(0, 1, volume.shape).astype(np.float32)
    dot = np.zeros(volume.shape, bool)
    dot[0, 0, 0] = True
    assert len(lesion_descriptors(volume.with_array(array), region_of(volume, dot))) == 60
    picture = Volume(array[:, :, :1], np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), spacing_known=False)
    mask = np.zeros(picture.shape, bool)
    mask[10:30, 20:40] = True
    found = lesion_descriptors(picture, region_of(picture, mask))
    assert len(found) == 60
    assert found["shape_major_mm"] == pytest.approx(20 * 2 * math.sqrt(5 / 12), rel=0.02)


def test_what_cannot_be_measured_has_no_figures(lump) -> None:
    volume, mask = lump
    region = region_of(volume, mask)
    broken = volume.array.copy()
    broken[24, 30, 14] = np.nan
    assert lesion_descriptors(volume.with_array(broken), region) == {}
    outside = replace(region, centre_mm=volume.point_of(np.array([500.0, 0, 0])), mask=None)
    assert lesion_descriptors(volume, outside) == {}
