"""The shared inputs with known truth, judged as the check_truth.py beside them judges a converter."""

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation
from numpy.typing import NDArray

from medidense import read_volume
from medidense.values import Refusal, Refused, Volume

Floats = NDArray[np.float64]

NAMES = [
    "d2n_generic_explicit",
    "d2n_generic_implicit",
    "d2n_non_isotropic",
    "d2n_compressed",
    "d2n_compressed_j2k",
    "d2n_compressed_jpeg",
    "d2n_compressed_jpegls",
    "d2n_compressed_rle",
    "d2n_single_slice",
    "d2n_philips",
    "d2n_siemens",
    "d2n_philips_enhanced",
    "d2n_two_slices",
    "d2n_ge_dti_4d",
    "d2n_philips_fmri_4d",
    "d2n_rgb",
    "d2n_gantry_tilt",
    "d2n_gap",
    "d2n_two_series",
    "ts_1",
    "ts_2",
    "ts_3",
    "ts_4",
    "ts_5",
    "ts_6",
    "ts_7",
    "ts_8",
    "ts_9",
    "enh_xa10",
    "enh_xa10_one",
    "enh_philips_fieldmap",
    "b12_unsigned",
    "sag_fieldmap",
    "cs_implicit_le",
    "cs_BigEndianExplicit",
    "cs_DeflatedExplicitVRLittleEndian",
    "cs_JPEG2000LosslessOnly",
    "cs_JPEG2000",
    "cs_JPEGLSLossless",
    "cs_JPEGLSLossy",
    "cs_JPEGProcess10_12",
    "cs_JPEGProcess14SV1",
    "cs_JPEGProcess14",
    "cs_JPEGProcess1",
    "cs_JPEGProcess2_4",
    "cs_JPEGProcess6_8",
    "cs_LittleEndianExplicit",
    "cs_RLELossless",
    "cs_no_pixels",
    "nii_RAS",
    "nii_LAS",
    "nii_LPS",
    "nii_PIR",
    "nii_ASL",
    "nii_SLP",
    "nii_oblique_qform_only",
    "nii_no_orientation",
    "nii_scaled",
    "nii_cut_gzip",
    "zip_series",
    "folder_with_other_files",
    "folder_without_dicom",
]
"""The rows of truth.csv, written down here so that the tests have their names where the data are absent."""


@pytest.fixture(scope="module")
def table(shared_data: Path) -> dict[str, dict[str, str]]:
    """Name -> row of truth.csv."""
    with (shared_data / "dicom" / "truth.csv").open(newline="", encoding="utf-8") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def answer_to(path: Path) -> Volume | Refusal:
    """What the reader says of an input."""
    try:
        return read_volume(path)
    except Refused as refused:
        return refused.refusal


def turned(array: Floats, affine: Floats) -> tuple[Floats, Floats]:
    """Voxels and affine in the order closest to RAS+, by nibabel alone."""
    order = io_orientation(affine)
    return apply_orientation(array, order), affine @ inv_ornt_aff(order, array.shape[:3])


def reference_of(path: Path) -> tuple[Floats, Floats]:
    """Voxels in three axes, or more where they are meant, and affine of a reference."""
    image = nibabel.load(path)
    array = np.asanyarray(image.dataobj)
    if array.dtype.fields:
        array = np.stack([array[name] for name in "RGB"], axis=-1).astype(np.float64)
        return turned(array.reshape(*array.shape[:3], 3), image.affine)
    array = array.astype(np.float64)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    return turned(array.reshape(array.shape + (1,) * (3 - array.ndim)), image.affine)


def apart_mm(first: Floats, second: Floats, shape: tuple[int, ...]) -> float:
    """How far the two affines put the farthest corner voxel apart."""
    corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]) * [*(n - 1 for n in shape[:3]), 1]
    return float(np.linalg.norm((corners @ (first - second).T)[:, :3], axis=1).max())


def test_the_table_is_the_one_that_is_tested(table: dict[str, dict[str, str]]) -> None:
    assert list(table) == NAMES
    assert len(NAMES) == 62


@pytest.mark.parametrize("name", NAMES)
def test_the_volume_or_the_refusal_is_the_true_one(
    name: str, table: dict[str, dict[str, str]], shared_data: Path
) -> None:
    row, folder = table[name], shared_data / "dicom"
    volume = answer_to(folder / row["input"])
    if isinstance(volume, Refusal):
        assert row["state"] != "ok", volume.sentence
        assert volume.code in row["codes"].split("|"), volume.sentence
        return
    assert row["state"] != "refuse", f"read, expected {row['codes']}"
    expected, grid = reference_of(folder / row["reference"])
    found, affine = turned(volume.array.astype(np.float64), volume.affine)
    assert found.shape == expected.shape
    assert apart_mm(affine, grid, expected.shape) <= float(row["tol_mm"])
    assert np.isfinite(found[np.isfinite(expected)]).all()
    difference = np.abs(found - expected)
    assert np.nanmax(difference) <= float(row["tol_max"])
    assert np.nanmean(difference) <= float(row["tol_mean"])


def test_the_judge_sees_a_mirrored_and_a_shifted_volume(shared_data: Path) -> None:
    array, grid = reference_of(shared_data / "dicom" / "ref" / "nii_RAS.nii.gz")
    shifted = grid.copy()
    shifted[0, 3] += 0.03
    assert apart_mm(shifted, grid, array.shape) == pytest.approx(0.03)
    mirrored = grid @ np.diag([-1.0, 1.0, 1.0, 1.0])
    mirrored[:3, 3] += grid[:3, 0] * (array.shape[0] - 1)
    back, same = turned(array, mirrored)
    assert apart_mm(same, grid, array.shape) < 1e-6
    assert np.abs(back - array).max() > 1
