"""Phantoms: where the nodules are, and that neither density nor size tells their kind."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from sklearn.metrics import roc_auc_score

from medidense.phantoms import LesionOptions, lesion_phantom
from medidense.phantoms.thorax import KINDS
from medidense.preprocess import prepare, sample_facts
from medidense.values import Region
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.25,) * 3,
    size=(32,) * 3,
    intensity=Intensity(rule="window", low=-1000, high=400),
)
SHARE = SPEC.model_copy(update={"intensity": Intensity(rule="window", low=0, high=1)})


@pytest.fixture(scope="module")
def phantoms():
    """Twenty-four subjects with a nodule each, kinds in turn, both kinds of the same diameters."""
    sizes = np.linspace(12, 17, 12)
    return [
        lesion_phantom([7, n], LesionOptions((("smooth", "spiculated")[n % 2],), (float(sizes[n // 2]),)))
        for n in range(24)
    ]


def _area(phantoms, value) -> float:
    """AUROC of a figure for spiculated."""
    kinds = [phantom.lesions[0].kind == "spiculated" for phantom in phantoms]
    return float(roc_auc_score(kinds, [value(phantom) for phantom in phantoms]))


def _facts(phantom, masked: bool):
    lesion = phantom.lesions[0]
    region = Region(lesion.centre_mm, (lesion.diameter_mm,) * 3, lesion.mask if masked else None)
    prepared = prepare(phantom.volume, region, SPEC)
    return sample_facts("a", "b", phantom.volume, region, prepared), prepared.array[0]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    one, two, other = lesion_phantom(3), lesion_phantom(3), lesion_phantom(4)
    assert one.volume.array.tobytes() == two.volume.array.tobytes()
    assert one.lesions[0].centre_mm == two.lesions[0].centre_mm
    assert one.volume.array.tobytes() != other.volume.array.tobytes()


def test_a_phantom_is_an_anisotropic_ct_in_hounsfield_units(phantoms):
    for phantom in phantoms[:5]:
        volume = phantom.volume
        assert volume.source.modality == "CT"
        assert volume.array.dtype == np.int16
        assert volume.shape[:2] == (112, 112)
        assert 32 <= volume.shape[2] <= 40
        assert 0.8 <= volume.spacing_mm[0] <= 1.0 < 1.8 <= volume.spacing_mm[2] <= 2.5
        lung = np.median(volume.array[volume.array < -700])
        assert -1020 < np.median(volume.array[:3, :3]) < -950
        assert -900 < lung < -800


def test_the_mask_is_a_nodule_at_the_centre_with_the_volume_of_its_ball(phantoms):
    for phantom in phantoms:
        lesion, volume = phantom.lesions[0], phantom.volume
        points = np.argwhere(lesion.mask)
        centre = volume.point_of(points.mean(axis=0))
        assert np.linalg.norm(np.subtract(centre, lesion.centre_mm)) < 0.2 * lesion.diameter_mm
        mm3 = lesion.mask.sum() * abs(np.linalg.det(volume.affine[:3, :3]))
        assert mm3 == pytest.approx(np.pi / 6 * lesion.diameter_mm**3, rel=0.12)
        assert -200 < np.median(volume.array[lesion.mask]) < 220


def test_a_nodule_lies_wholly_in_the_image(phantoms):
    for phantom in phantoms:
        inside = np.argwhere(phantom.lesions[0].mask)
        assert (inside.min(axis=0) > 0).all()
        assert (inside.max(axis=0) < np.array(phantom.volume.shape) - 1).all()


def test_two_nodules_lie_in_two_lungs():
    phantom = lesion_phantom(11, LesionOptions(kinds=KINDS))
    left, right = sorted(lesion.centre_mm[0] for lesion in phantom.lesions)
    assert right - left > 25
    assert not (phantom.lesions[0].mask & phantom.lesions[1].mask).any()


@pytest.mark.parametrize("masked", [False, True])
def test_neither_volume_nor_density_tells_the_kind(phantoms, masked):
    assert 0.3 < _area(phantoms, lambda p: _facts(p, masked)[0].volume_mm3) < 0.7
    assert 0.2 < _area(phantoms, lambda p: _facts(p, masked)[0].mean_intensity) < 0.8


def test_shape_tells_the_kind_at_the_networks_sampling(phantoms):
    def surface(phantom) -> float:
        """Surface of the nodule in its crop, for its volume."""
        lesion = phantom.lesions[0]
        share = phantom.volume.with_array(lesion.mask.astype(np.float32))
        body = prepare(share, Region(lesion.centre_mm, (lesion.diameter_mm,) * 3), SHARE).array[0] > 0
        return float((body & ~binary_erosion(body)).sum() / body.sum() ** (2 / 3))

    assert _area(phantoms, surface) > 0.95


@pytest.mark.parametrize("kinds", [(), ("lobed",), ("smooth", "smooth", "smooth")])
def test_other_kinds_are_refused(kinds):
    with pytest.raises(ValueError, match="kinds"):
        LesionOptions(kinds=kinds)


def test_a_diameter_for_each_kind():
    with pytest.raises(ValueError, match="diameters"):
        LesionOptions(kinds=("smooth",), diameters_mm=(10.0, 12.0))
