"""Volume and mean intensity of samples."""

from dataclasses import replace

import numpy as np
import pytest

from medidense.preprocess import prepare, sample_facts
from medidense.values import Region
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="whole",
    spacing_mm=(1.0,) * 3,
    size=(32,) * 3,
    intensity=Intensity(rule="zscore", low=-3, high=3),
)


@pytest.fixture(scope="module")
def ball(scans):
    """A ball of 12 mm and 50 HU in noise about -800, anisotropic."""
    volume = scans.volume_of(np.zeros((50, 50, 20), np.int16), (0.8, 0.8, 2.0), (5, 10, 15))
    centre = volume.point_of(np.array([24.3, 25.1, 9.7]))
    index = np.indices(volume.shape).reshape(3, -1)
    points = (volume.affine[:3, :3] @ index).T + volume.affine[:3, 3]
    mask = (np.sqrt(((points - centre) ** 2).sum(axis=1)) <= 6.0).reshape(volume.shape)
    array = np.where(mask, 50, -800 + scans.noise(volume.shape) // 100).astype(np.int16)
    return volume.with_array(array), centre, mask


def facts(volume, region):
    return sample_facts("a", "P1", volume, region, prepare(volume, region, SPEC))


def test_a_marker_is_a_ball(ball):
    volume, centre, mask = ball
    found = facts(volume, Region(centre, (12.0,) * 3))
    assert found.volume_mm3 == pytest.approx(np.pi / 6 * 12**3)
    assert found.mean_intensity == 50.0
    assert found.volume_mm3 == pytest.approx(mask.sum() * 0.8 * 0.8 * 2.0, rel=0.03)


def test_a_mask_counts_its_voxels(ball):
    volume, centre, mask = ball
    found = facts(volume, Region(centre, (12.0,) * 3, mask))
    assert found.volume_mm3 == pytest.approx(mask.sum() * 1.28)
    assert found.mean_intensity == 50.0
    assert (found.sample, found.subject_id, found.modality) == ("a", "P1", "CT")


def test_a_ball_smaller_than_a_voxel_is_its_nearest_voxel(ball):
    volume, centre, _ = ball
    assert facts(volume, Region(centre, (0.1,) * 3)).mean_intensity == 50.0


def test_a_ball_over_the_edge_takes_what_is_there(ball):
    volume, _, _ = ball
    region = Region(volume.point_of(np.zeros(3)), (4.0,) * 3)
    assert facts(volume, region).mean_intensity == pytest.approx(-800, abs=12)


def test_without_a_region_the_whole_image(ball):
    volume, _, _ = ball
    found = facts(volume, None)
    assert found.volume_mm3 is None
    assert found.mean_intensity == pytest.approx(volume.array.mean())
    prepared = prepare(volume, None, SPEC)
    assert (found.intensity_p01, found.intensity_p99) == (prepared.p01, prepared.p99)


def test_voxels_are_counted_where_the_spacing_is_unknown(ball):
    volume, centre, mask = ball
    region = Region(centre, (12.0,) * 3, mask)
    prepared = prepare(volume, region, SPEC)
    found = sample_facts("a", "P1", replace(volume, spacing_known=False), region, prepared)
    assert found.volume_mm3 == pytest.approx(mask.sum())
