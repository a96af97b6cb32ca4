"""Header and voxels of a pair find each other, and gzip is known by its magic."""

import gzip
import shutil

import nibabel
import numpy as np
import pytest

from medidense.io import find_inputs, read_volume, write_nifti
from medidense.io.nifti import read_nifti
from medidense.io.nifti_header import is_nifti
from medidense.values import Refused


def write_pair(ct, folder, kind=nibabel.Nifti1Pair):
    """The CT as a.hdr and a.img."""
    nibabel.save(kind(ct.array, ct.affine), folder / "a.hdr")
    return folder / "a.hdr", folder / "a.img"


def zip_up(path):
    """The file gzipped, with .gz behind its name."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Pair])
@pytest.mark.parametrize("zipped", [(), (0,), (1,), (0, 1)])
def test_either_file_of_a_pair_may_be_named(ct, tmp_path, kind, zipped):
    files = list(write_pair(ct, tmp_path, kind))
    for side in zipped:
        files[side] = zip_up(files[side])
    for path in files:
        assert is_nifti(path)
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.array, ct.array)
        np.testing.assert_allclose(volume.affine, ct.affine, atol=1e-5)
        assert volume.warnings == ()


def test_names_in_capitals_and_gzip_under_a_plain_name(ct, tmp_path):
    header, voxels = write_pair(ct, tmp_path)
    header.rename(tmp_path / "B.HDR")
    (tmp_path / "B.IMG").write_bytes(gzip.compress(voxels.read_bytes()))
    for name in ("B.HDR", "B.IMG"):
        np.testing.assert_array_equal(read_nifti(tmp_path / name).array, ct.array)


def test_gzip_is_known_by_its_magic(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii.gz")
    write_nifti(ct, tmp_path / "b.nii")
    (tmp_path / "a.nii.gz").rename(tmp_path / "c.nii")
    (tmp_path / "b.nii").rename(tmp_path / "d.nii.gz")
    for name in ("c.nii", "d.nii.gz"):
        np.testing.assert_array_equal(read_volume(tmp_path / name).array, ct.array)


@pytest.mark.parametrize(("lost", "kept"), [("a.img", "a.hdr"), ("a.hdr", "a.img")])
def test_a_partner_that_is_missing_is_named(ct, tmp_path, lost, kept):
    write_pair(ct, tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(Refused) as caught:
        read_nifti(tmp_path / kept)
    assert caught.value.refusal.code == "NO_ACCESS"
    assert caught.value.refusal.where == str(tmp_path / lost)


def test_a_header_of_a_pair_under_a_name_without_partner(ct, tmp_path, code_of):
    header, _ = write_pair(ct, tmp_path)
    shutil.copy(header, tmp_path / "b.nii")
    assert code_of(lambda: read_volume(tmp_path / "b.nii")) == "NO_ACCESS"
    shutil.copy(header, tmp_path / "a.img")  # the header under both names
    assert code_of(lambda: read_volume(tmp_path / "a.img")) == "NO_ACCESS"


def test_a_single_file_may_have_the_name_of_voxels(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii")
    (tmp_path / "a.nii").rename(tmp_path / "a.img")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.img").array, ct.array)


def test_voxels_of_a_pair_that_are_cut(ct, tmp_path, code_of):
    header, voxels = write_pair(ct, tmp_path)
    voxels.write_bytes(voxels.read_bytes()[:-1])
    assert code_of(lambda: read_nifti(header)) == "TRUNCATED"
    voxels.write_bytes(gzip.compress(voxels.read_bytes())[:-20])
    assert code_of(lambda: read_nifti(header)) == "TRUNCATED"


def test_analyze_is_refused_by_either_name(ct, tmp_path, code_of):
    nibabel.save(nibabel.Spm2AnalyzeImage(ct.array, np.diag([-1.0, 1, 1, 1])), tmp_path / "a.img")
    for name in ("a.hdr", "a.img"):
        assert code_of(lambda path=tmp_path / name: read_nifti(path)) == "NOT_NIFTI"
        assert not is_nifti(tmp_path / name)


def test_a_pair_in_a_folder_is_one_image(ct, tmp_path):
    write_pair(ct, tmp_path)
    inputs = find_inputs([tmp_path])
    assert [one.path.name for one in inputs.found] == ["a.hdr"]
    assert inputs.skipped == (str(tmp_path / "a.img"),)
    assert [one.path.name for one in find_inputs([tmp_path / "a.img"]).found] == ["a.img"]
