from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from medidense.io import read_volume, write_series
from medidense.io.dicom import ras_from_lps
from medidense.io.dicom.geometry import even_step
from medidense.values import ReadOptions, Refused, Source, Volume, canonical


def rotation(quaternion: tuple[float, ...]) -> np.ndarray:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


part = st.floats(-1, 1).filter(lambda value: abs(value) > 0.05)
gap = st.floats(0.3, 6)


@settings(max_examples=40, deadline=None)
@given(
    quaternion=st.tuples(part, part, part, part),
    spacing=st.tuples(gap, gap, gap),
    origin=st.tuples(*[st.floats(-400, 400)] * 3),
    mirrored=st.booleans(),
    shape=st.tuples(*[st.integers(1, 5)] * 2, st.integers(2, 5)),
    seed=st.integers(0, 999),
)
def test_what_is_written_is_read_back(tmp_path_factory, quaternion, spacing, origin, mirrored, shape, seed):
    affine = np.eye(4)
    affine[:3, :3] = rotation(quaternion) * spacing
    affine[:3, 2] *= -1 if mirrored else 1
    affine[:3, 3] = origin
    array = np.random.default_rng(seed).integers(-1024, 3000, shape).astype(np.int16)
    volume = Volume(array, affine, Source("dicom", "CT"))
    folder = tmp_path_factory.mktemp("s")
    write_series(volume, folder, patient="invented", seed=seed)

    back = read_volume(folder)

    if mirrored:  # DICOM's slices run along the normal: the stack comes back turned over
        back = Volume(np.flip(back.array, 2), _reversed(back.affine, shape[2]), back.source)
    np.testing.assert_array_equal(back.array, array)
    np.testing.assert_allclose(back.affine, affine, atol=1e-4)


def _reversed(affine: np.ndarray, slices: int) -> np.ndarray:
    turned = affine.copy()
    turned[:3, 3] += turned[:3, 2] * (slices - 1)
    turned[:3, 2] *= -1
    return turned


def test_columns_are_i_rows_are_j_and_left_is_minus_x(series, ct):
    back = read_volume(series)
    lowest = min((dcmread(path) for path in series.iterdir()), key=lambda f: f.ImagePositionPatient[2])

    assert back.array[3, 1, 0] == lowest.pixel_array[1, 3] - 1024
    assert list(lowest.PixelSpacing) == [0.75, 0.5]
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-9)


def test_slices_follow_positions_against_names_numbers_and_locations(series, edit, ct):
    def lie(found, number):
        found.InstanceNumber = 99 - number
        found.SliceLocation = -number
        found.SpacingBetweenSlices = 7
        found.SliceThickness = 9

    np.testing.assert_array_equal(read_volume(edit(series, lie)).array, ct.array)


def shifted(*away):
    """An edit that moves slice n by the n-th of (x, y, z) vectors."""

    def one(found, number):
        found.ImagePositionPatient = [
            float(a) + b for a, b in zip(found.ImagePositionPatient, away[number], strict=True)
        ]

    return one


@pytest.mark.parametrize(
    ("away", "code"),
    [
        ([(0, 0, 0), (0, 0, 0), (0, 0, 2)], "MISSING_SLICE"),
        ([(0, 0, 0), (0, 0, 0), (0, 0, 0.3)], "UNEVEN"),
        ([(0, 0, 0), (0, 0.3, 0), (0, 0.6, 0)], "TILTED"),
        ([(0, 0, 0), (0.3, 0, 0), (0, 0, 0)], "TILTED"),
        ([(0, 0, 0), (0, 0, -2), (0, 0, 0)], "REPEATED_POSITION"),
        ([(0, 0, 0), (0.001, 0, 0.005), (0, 0.002, -0.005)], ""),
    ],
)
def test_stacks_that_are_no_even_straight_grid(series, edit, code_of, away, code):
    edit(series, shifted(*away))
    assert code_of(lambda: read_volume(series)) == code


@pytest.mark.parametrize("tilt", [False, True])
@pytest.mark.parametrize(
    "away",
    [
        [(0, 0, 0), (0, 0.05, -2), (0, 0.1, -4)],
        [(0, 0, 0), (0, 9, -2), (0, 18, -4)],
        [(0, 0, 0), (0, 0, -1.985), (0, 0, -3.97)],
        [(0, 0, 0), (0, 0.05, -2), (0, 0, 0)],
    ],
)
def test_images_that_drift_in_one_plane_are_no_volume(series, edit, away, tilt):
    edit(series, shifted(*away))
    with pytest.raises(Refused, match=r"REPEATED_POSITION.* of them within 0\.02 mm of the plane"):
        read_volume(series, options=ReadOptions(allow_tilt=tilt))


def test_the_attribute_that_tells_copies_apart_is_named(series, edit):
    def echoes(found, number):
        found.ImagePositionPatient = [0, 0, number // 2]
        found.EchoTime = 10 + number

    with pytest.raises(Refused, match="they differ in EchoTime") as caught:
        read_volume(edit(series, echoes))
    assert caught.value.refusal.code == "REPEATED_POSITION"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PixelSpacing", None),
        ("PixelSpacing", [0, 0.5]),
        ("PixelSpacing", [-1, 0.5]),
        ("PixelSpacing", ["nan", "nan"]),
        ("PixelSpacing", [0.5]),
        ("ImagePositionPatient", None),
        ("ImagePositionPatient", [0, 0, "nan"]),
        ("ImagePositionPatient", [0, 0, "1e300"]),
        ("PixelSpacing", ["1e200", "1e200"]),
        ("PixelSpacing", ["1e-200", "1e-200"]),
        ("ImageOrientationPatient", None),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0]),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", [1, 0, 0, 0.17, 0.985, 0]),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_missing_or_impossible_geometry_is_refused(series, code_of, keyword, value):
    path = sorted(series.iterdir())[0]
    found = dcmread(path)
    if value is None:
        delattr(found, keyword)
    else:
        setattr(found, keyword, value)
    found.save_as(path)
    assert code_of(lambda: read_volume(series)) == "NO_GEOMETRY"


def test_slightly_long_direction_vectors_are_repaired_with_a_warning(series, edit, ct):
    def stretch(found, _):
        found.ImageOrientationPatient = [1.0004, 0, 0, 0, 1.0004, 0]

    back = read_volume(edit(series, stretch))
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-9)
    assert [text.split(":")[0] for text in back.warnings] == ["REPAIRED_VALUE"]


def test_another_spacing_or_orientation_in_one_slice(series, edit, code_of):
    def other_spacing(found, number):
        found.PixelSpacing = [0.75, 0.5 + 0.1 * (number == 1)]

    assert code_of(lambda: read_volume(edit(series, other_spacing))) == "CONFLICT"

    def turned(found, number):
        found.PixelSpacing = [0.75, 0.5]
        found.ImageOrientationPatient = [1, 0, 0, 0, 0, -1] if number == 1 else [1, 0, 0, 0, 1, 0]

    assert code_of(lambda: read_volume(edit(series, turned))) == "SEVERAL_SERIES"


def test_one_slice_is_as_thick_as_it_says(series, ct):
    path = sorted(series.iterdir())[0]
    assert read_volume(path).spacing_mm == pytest.approx((0.5, 0.75, 2.0))
    found = dcmread(path)
    del found.SliceThickness
    found.save_as(path)
    back = read_volume(path)
    assert back.spacing_mm[2] == 1.0
    assert back.warnings[0].startswith("REPAIRED_VALUE")
    assert back.dims == 2


def test_small_steps_that_add_up_are_uneven():
    along = np.concatenate([np.arange(200) * 0.3, 199 * 0.3 + np.arange(1, 200) * 0.315])
    with pytest.raises(Refused, match="add up"):
        even_step(along, "a")


def test_points_turn_from_lps_to_ras():
    assert ras_from_lps((1.0, 2.0, 3.0)) == (-1.0, -2.0, 3.0)


def test_the_full_ct_equals_an_independent_reconstruction(shared_data, tmp_path):
    import tarfile

    with tarfile.open(shared_data / "ct_series" / "Lung_Dx-A0002_B40f.tar.xz") as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes()[128:132] == b"DICM"]
    assert len(files) == 30

    back = canonical(read_volume(tmp_path))

    slices = [dcmread(path) for path in files]
    points: dict[tuple[float, float, float], float] = {}
    rng = np.random.default_rng(0)
    for found in slices:
        position = np.array(found.ImagePositionPatient, dtype=float)
        along_row, along_column = np.array(found.ImageOrientationPatient, dtype=float).reshape(2, 3)
        between_rows, between_columns = map(float, found.PixelSpacing)
        for row, column in rng.integers(0, 512, (200, 2)):
            lps = position + along_row * column * between_columns + along_column * row * between_rows
            hounsfield = float(found.pixel_array[row, column]) * found.RescaleSlope + found.RescaleIntercept
            points[(-lps[0], -lps[1], lps[2])] = hounsfield
    assert back.shape == (512, 512, 30)
    for point, hounsfield in points.items():
        index = back.index_of(point)
        nearest = np.rint(index).astype(int)
        assert np.abs(index - nearest).max() < 1e-3
        assert back.array[tuple(nearest)] == hounsfield
    assert back.source.modality == "CT"
    assert back.array.dtype == np.int16
    assert Path(back.source.series_uid).name == str(slices[0].SeriesInstanceUID)
