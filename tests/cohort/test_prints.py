"""One digest for one picture, in whatever file it stands; another for another."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from medidense.cohort.prints import image_print
from medidense.io import read_volume, write_nifti, write_series
from medidense.values import Source, Volume, canonical

SHAPES = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5)
BYTES = arrays(np.int16, SHAPES, elements=st.integers(-300, 300))
NUMBERS = arrays(np.float32, SHAPES, elements=st.floats(-1e6, 1e6, width=32))


def digest(array: np.ndarray, affine: np.ndarray | None = None) -> str:
    volume = Volume(array, np.eye(4) if affine is None else affine, Source("nifti"))
    return image_print(volume).digest


@given(BYTES, st.sampled_from([np.int32, np.int64, np.float32, np.float64, ">i2"]))
def test_the_stored_type_does_not_enter(array: np.ndarray, kind: type) -> None:
    assert digest(array.astype(kind)) == digest(array)


@given(NUMBERS)
def test_floats_of_any_width_and_both_zeros_are_one(array: np.ndarray) -> None:
    assert digest(array.astype(np.float64)) == digest(array)
    assert digest(np.where(array == 0, np.float32(-0.0), array)) == digest(array)


@given(st.one_of(BYTES, NUMBERS), st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_the_axis_order_of_the_file_does_not_enter(
    array: np.ndarray, order: list[int], signs: tuple[int, ...]
) -> None:
    stored = np.transpose(array, order)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        affine[world, axis] = sign * (axis + 1.5)
    assert np.array_equal(canonical(Volume(stored, affine, Source("nifti"))).array, array)
    assert digest(stored, affine) == digest(array)


@given(st.one_of(BYTES, NUMBERS), st.data())
def test_one_voxel_changed_is_another_picture(array: np.ndarray, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, side - 1)) for side in array.shape)
    changed = array.copy()
    changed[place] = array[place] + 1 if array.dtype.kind == "i" else np.nextafter(array[place], np.inf)
    assert digest(changed) != digest(array) or changed[place] == array[place]


def test_the_shape_enters() -> None:
    array = np.arange(24, dtype=np.int16)
    assert len({digest(array.reshape(shape, order="F")) for shape in ((2, 3, 4), (2, 4, 3), (24, 1, 1))}) == 3


def test_values_that_only_float64_holds_are_kept() -> None:
    array = np.full((2, 2, 2), 1 / 3)
    assert digest(array) != digest(array.astype(np.float32))


def test_a_series_and_its_twins_are_one_picture(tmp_path: Path, lump) -> None:
    volume = Volume(lump(), np.diag([-1.0, -1.0, 2.0, 1.0]), Source("dicom", "CT"))
    write_series(volume, tmp_path / "series", patient="anna", seed=1)
    write_nifti(canonical(volume), tmp_path / "ras.nii.gz")
    write_nifti(volume.with_array(lump().astype(np.float32)), tmp_path / "lps.nii")
    prints = {image_print(read_volume(tmp_path / name)) for name in ("series", "ras.nii.gz", "lps.nii")}
    assert len(prints) == 1
    assert len(prints.pop().look) == 999


@pytest.mark.parametrize("value", [3e38, np.inf, np.nan])
def test_what_is_no_picture_has_no_look(value: float) -> None:
    array = np.random.default_rng(0).normal(size=(20, 20, 20)).astype(np.float32)
    array[:10] = value
    assert image_print(Volume(array, np.eye(4), Source("nifti"))).look == b""
