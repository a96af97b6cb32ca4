"""A row of a cohort, from its files to the network's input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense.io import write_nifti, write_series
from medidense.preprocess import load_sample, open_sample, prepare
from medidense.values import Marker, Refused, Region, Sample, canonical
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.0,) * 3,
    size=(32,) * 3,
    intensity=Intensity(rule="window", low=-1000, high=400),
)


@pytest.fixture
def stored(scans, tmp_path) -> tuple:
    """A volume, the mask of a box in it, and both as NIfTI files."""
    volume = scans.volume_of(scans.noise((40, 36, 20)), (0.7, 0.7, 2.5), (5, 0, 10))
    mask = np.zeros(volume.shape, bool)
    mask[10:18, 12:22, 6:9] = True
    write_nifti(volume, tmp_path / "a.nii.gz")
    write_nifti(volume.with_array(mask.astype(np.uint8)), tmp_path / "mask.nii.gz")
    return volume, mask, tmp_path


def row(folder: Path, **keys) -> Sample:
    return Sample(2, "P1", "a.nii.gz", folder / "a.nii.gz", **keys)


def test_a_mask_row_gives_the_same_bits_as_the_values_in_memory(scans, stored):
    volume, mask, folder = stored
    prepared, facts = load_sample(row(folder, mask="mask.nii.gz", mask_path=folder / "mask.nii.gz"), SPEC)
    here = prepare(volume, scans.mask_region(volume, mask), SPEC)
    assert prepared.array.tobytes() == here.array.tobytes()
    assert facts.volume_mm3 == pytest.approx(8 * 10 * 3 * 0.7 * 0.7 * 2.5, rel=1e-5)
    assert facts.mean_intensity == pytest.approx(volume.array[mask].mean())
    assert facts.subject_id == "P1"


def test_a_row_names_a_segment_of_its_mask(stored):
    mask = stored[2] / "mask.nii.gz"
    with pytest.raises(Refused) as caught:
        open_sample(row(stored[2], mask="mask.nii.gz", mask_path=mask, segment="2"))
    assert (caught.value.refusal.code, caught.value.refusal.expected) == ("CONFLICT", "a segment '2'")


def test_a_marker_row_is_cut_around_its_point(stored):
    volume, _, folder = stored
    point = volume.point_of(np.array([20.0, 18.0, 10.0]))
    prepared, facts = load_sample(row(folder, marker=Marker(point, 8.0)), SPEC)
    assert prepared.array.tobytes() == prepare(volume, Region(point, (8.0,) * 3), SPEC).array.tobytes()
    assert facts.volume_mm3 == pytest.approx(np.pi / 6 * 8**3)


def test_a_row_without_a_lesion_is_refused_by_the_name_the_cohort_uses(stored):
    with pytest.raises(Refused) as caught:
        load_sample(row(stored[2]), SPEC)
    assert caught.value.refusal.code == "NO_REGION"
    assert caught.value.refusal.where == "a.nii.gz"


def test_the_cohorts_word_on_spacing_wins(stored):
    sample = row(stored[2], mask="m", mask_path=stored[2] / "mask.nii.gz", spacing_known=False)
    with pytest.raises(Refused) as caught:
        load_sample(sample, SPEC)
    assert caught.value.refusal.code == "NO_GEOMETRY"
    voxels = Input(
        dims=3,
        region="whole",
        spacing_mm=None,
        size=(32,) * 3,
        intensity=SPEC.intensity,
        orientation="as_stored",
    )
    prepared, facts = load_sample(sample, voxels)
    assert prepared.grid.step == (1.25, 1.25, 1.25)
    assert facts.volume_mm3 == pytest.approx(240)


@pytest.mark.parametrize(
    ("spacing", "degrees"),
    [
        ((0.7, 0.7, 0.7), (0, 0, 0)),
        ((0.683594, 0.683594, 2.5), (0, 0, 0)),
        ((0.7, 0.7, 1.25), (7, -12, 23)),
    ],
    ids=["0.7 mm", "anisotropic", "oblique"],
)
def test_a_dicom_series_and_its_nifti_twin_give_the_same_bits(scans, tmp_path, spacing, degrees):
    volume = scans.volume_of(scans.noise((40, 36, 12)), spacing, degrees)
    write_series(volume, tmp_path / "series", patient="PHANTOM", seed=1)
    write_nifti(canonical(scans.twin(volume, (1, 0, 2), (True, False, False))), tmp_path / "twin.nii.gz")
    marker = Marker(volume.point_of(np.array([17.3, 20.7, 5.1])), 9.0)
    one = Sample(2, "P1", "series", tmp_path / "series", marker=marker)
    two = Sample(3, "P1", "twin.nii.gz", tmp_path / "twin.nii.gz", marker=marker)
    (series, facts), (twin, others) = load_sample(one, SPEC), load_sample(two, SPEC)
    assert series.array.tobytes() == twin.array.tobytes()
    assert facts.mean_intensity == others.mean_intensity
    assert (facts.modality, others.modality) == ("CT", "")


def test_real_nodules_lie_in_the_middle_of_their_crops(shared_data):
    folder = shared_data / "lidc"
    line = (folder / "cohort.csv").read_text().splitlines()[3].split(",")
    sample = Sample(4, line[0], line[1], folder / line[1], mask=line[3], mask_path=folder / line[3])
    prepared, facts = load_sample(sample, SPEC)
    assert facts.volume_mm3 == pytest.approx(float(line[7]), rel=0.01)
    crop = prepared.array[0]
    assert crop[14:18, 14:18, 14:18].mean() > crop[:4].mean() + 0.3


def test_a_picture_gets_the_millimetres_of_the_table_and_its_mask_still_fits(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:50] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    sample = Sample(2, "P", "a.png", tmp_path / "a.png", mask="m.png", mask_path=tmp_path / "m.png")
    volume, region = open_sample(replace(sample, spacing_mm=(0.1, 0.2)))
    assert volume.spacing_known
    assert volume.spacing_mm == pytest.approx((0.1, 0.2, 1.0))
    assert region.extent_mm == pytest.approx((2.0, 2.0, 1.0))
    assert not open_sample(sample)[0].spacing_known


def test_millimetres_beside_a_file_that_has_its_own_are_a_conflict(stored):
    with pytest.raises(Refused) as caught:
        open_sample(replace(row(stored[2]), spacing_mm=(1.0, 1.0)))
    assert caught.value.refusal.code == "CONFLICT"
