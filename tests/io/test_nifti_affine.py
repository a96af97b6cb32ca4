"""Which orientation counts, and what the user may say where a file leaves a doubt."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io import write_nifti
from medidense.io.nifti import read_nifti
from medidense.values import ReadOptions, Refused, Source, Volume
from medidense.values.volume import axis_codes

QCODE, SCODE, PIXDIM, QOFFSET, SROWS = 252, 254, 76, 268, 280


@pytest.fixture
def file(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    return tmp_path / "a.nii"


def put(path, at, form, *values):
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{form}", content, at, *values)
    path.write_bytes(bytes(content))


def refusal_of(path, **options):
    with pytest.raises(Refused) as caught:
        read_nifti(path, ReadOptions(**options))
    return caught.value.refusal


def test_a_file_without_orientation_is_ras_only_where_the_user_says_so(file):
    put(file, QCODE, "2h", 0, 0)
    refused = refusal_of(file)
    assert (refused.code, "--assume-ras" in refused.next_step) == ("IDENTITY", True)
    volume = read_nifti(file, ReadOptions(assume_ras=True))
    assert axis_codes(volume.affine) == "RAS"
    assert volume.spacing_mm == (0.5, 0.75, 2.0)
    np.testing.assert_allclose(volume.affine @ [2, 1.5, 1, 1], [0, 0, 0, 1], atol=1e-12)
    assert [warning.split(":")[0] for warning in volume.warnings] == ["REPAIRED_VALUE"]


def test_assume_ras_changes_nothing_where_the_file_tells(file, ct):
    volume = read_nifti(file, ReadOptions(assume_ras=True))
    np.testing.assert_allclose(volume.affine, ct.affine, atol=1e-5)
    assert volume.warnings == ()


def test_assume_ras_heeds_the_unit_of_length(file):
    put(file, QCODE, "2h", 0, 0)
    put(file, 123, "b", 3)
    assert read_nifti(file, ReadOptions(assume_ras=True)).spacing_mm == (0.0005, 0.00075, 0.002)


@pytest.mark.parametrize("gap", [0.0, -1.0, float("nan"), float("inf")])
def test_spacing_that_cannot_be_is_not_taken_from_pixdim(file, gap):
    put(file, QCODE, "2h", 0, 0)
    put(file, PIXDIM + 8, "f", gap)
    assert refusal_of(file, assume_ras=True).code == "NO_GEOMETRY"


def test_where_the_forms_disagree_the_user_chooses(file, ct):
    put(file, SROWS + 12, "f", 41.0)  # 30 mm aside
    refused = refusal_of(file)
    assert refused.code == "CONFLICT"
    assert "30 mm" in refused.found
    assert "--prefer sform" in refused.next_step
    assert "--prefer qform" in refused.next_step
    for prefer, x in (("sform", 41.0), ("qform", 11.0)):
        volume = read_nifti(file, ReadOptions(prefer=prefer))
        assert volume.affine[0, 3] == pytest.approx(x)
        assert volume.warnings[0].startswith("REPAIRED_VALUE: sform and qform are 30 mm apart")
        assert prefer in volume.warnings[0].split("apart")[1]


def test_a_choice_that_is_not_needed_is_not_made(file):
    put(file, SROWS + 12, "f", 11.5)
    volume = read_nifti(file, ReadOptions(prefer="qform"))
    assert (volume.affine[0, 3], volume.warnings) == (11.5, ())


def test_the_form_that_was_not_chosen_need_not_be_sound(file):
    put(file, SROWS, "f", float("nan"))
    assert refusal_of(file).code == refusal_of(file, prefer="sform").code == "NO_GEOMETRY"
    assert read_nifti(file, ReadOptions(prefer="qform")).affine[0, 3] == 11.0


def test_a_tilted_form_stays_refused_and_names_no_option(file):
    put(file, QCODE, "h", 0)
    put(file, SROWS + 4, "f", 0.27)
    refused = refusal_of(file, allow_tilt=True)
    assert (refused.code, "--" in refused.next_step) == ("TILTED", False)


@pytest.mark.parametrize("form", ["sform", "qform"])
def test_one_slice_without_thickness_is_1_mm_thick(tmp_path, form):
    affine = np.array([[0, 0, -3, 1], [0.5, 0, 0, 2], [0, 0.75, 0, 3], [0, 0, 0, 1.0]])
    path = tmp_path / "a.nii"
    write_nifti(Volume(np.ones((4, 5, 1), np.int16), affine, Source("nifti")), path)
    if form == "sform":
        put(path, QCODE, "h", 0)
        put(path, SROWS + 8, "f", 0.0)
    else:
        put(path, SCODE, "h", 0)
        put(path, PIXDIM + 12, "f", 0.0)
    volume = read_nifti(path)
    assert volume.spacing_mm == pytest.approx((0.5, 0.75, 1))
    np.testing.assert_allclose(np.abs(volume.affine[:3, 2]), [1, 0, 0], atol=1e-6)
    assert volume.warnings[0].startswith("REPAIRED_VALUE: the one slice")
    assert volume.dims == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_turned_grid_is_read_as_written(tmp_path_factory, seed):
    """Any rotation, order of axes and handedness, with spacings from 0.3 to 5 mm.

    The qform's fourth number is the root of what float32 leaves of 1, so near half a turn it is coarse.
    """
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.3, 5, 3) * rng.choice([-1, 1], 3)
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    path = tmp_path_factory.mktemp("turned") / "a.nii"
    write_nifti(Volume(np.ones((4, 3, 2), np.int16), affine, Source("nifti")), path)
    np.testing.assert_allclose(read_nifti(path).affine, affine, atol=1e-4)
    put(path, SCODE, "h", 0)
    np.testing.assert_allclose(read_nifti(path).affine, affine, atol=5e-3)
