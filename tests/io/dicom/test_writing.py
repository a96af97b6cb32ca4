import numpy as np
import pytest
from pydicom import dcmread

from medidense.errors import UsageError
from medidense.io import read_volume, write_series
from medidense.values import Source, Volume


def test_equal_seeds_give_equal_files_and_others_other_uids(ct, tmp_path):
    first = write_series(ct, tmp_path / "a", patient="p", seed=3)
    again = write_series(ct, tmp_path / "b", patient="p", seed=3)
    other = write_series(ct, tmp_path / "c", patient="p", seed=4)
    assert first == again
    assert not {first.series_uid, first.study_uid} & {other.series_uid, other.study_uid}
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_files_are_valid_and_their_names_tell_no_order(series):
    files = sorted(series.iterdir())
    found = [dcmread(path) for path in files]
    assert [one.InstanceNumber for one in found] != [1, 2, 3]
    assert {one.file_meta.TransferSyntaxUID for one in found} == {"1.2.840.10008.1.2.1"}
    assert {one.RescaleIntercept for one in found} == {-1024}
    assert len({one.SOPInstanceUID for one in found}) == 3
    assert all(one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in found)


def test_mr_keeps_its_values_and_modality(ct, tmp_path):
    volume = Volume(ct.array, ct.affine, Source("nifti", "MR"))
    write_series(volume, tmp_path / "mr", patient="p", seed=0)
    back = read_volume(tmp_path / "mr")
    assert back.source.modality == "MR"
    assert (back.array == ct.array).all()


@pytest.mark.parametrize(
    ("array", "shear", "modality", "rule"),
    [
        (np.full((2, 2, 2), 0.5), 0.0, "CT", "whole"),
        (np.full((2, 2, 2), 40000.0), 0.0, "CT", "16 bits"),
        (np.full((2, 2, 2), np.nan), 0.0, "CT", "whole"),
        (np.zeros((2, 2, 2)), 0.2, "CT", "right angles"),
        (np.zeros((2, 2, 2)), 0.0, "US", "CT and MR"),
    ],
)
def test_what_cannot_be_written(tmp_path, array, shear, modality, rule):
    affine = np.eye(4)
    affine[0, 1] = shear
    with pytest.raises(UsageError, match=rule):
        write_series(Volume(array, affine, Source("dicom", modality)), tmp_path, patient="p", seed=0)
    assert not list(tmp_path.iterdir())
