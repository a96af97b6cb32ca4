import shutil

import pytest

from medidense.io import read_volume, write_series
from medidense.io.dicom import gather, scan_file, stack_of
from medidense.values import Limits, ReadOptions, Refused


def test_a_folder_of_two_series_needs_a_choice(series, ct):
    other = ct.with_array(ct.array[:, :, :2] + 1)
    uids = write_series(other, series / "deeper", patient="invented", seed=2)
    with pytest.raises(Refused) as caught:
        read_volume(series)
    assert caught.value.refusal.code == "SEVERAL_SERIES"
    assert uids.series_uid in caught.value.refusal.found
    assert (read_volume(series, series_uid=uids.series_uid).array == other.array).all()


def test_a_series_that_is_not_there(series, code_of):
    assert code_of(lambda: read_volume(series, series_uid="1.2.3")) == "CONFLICT"
    assert code_of(lambda: read_volume(sorted(series.iterdir())[0], series_uid="1.2.3")) == "CONFLICT"


def test_files_that_are_no_images_are_passed_over(series, ct):
    (series / "notes.txt").write_text("hello")
    (series / "fake.dcm").write_text("no DICOM at all " * 20)
    back = read_volume(series)
    assert (back.array == ct.array).all()
    assert back.warnings == ("SKIPPED_FILE: 2 files are no DICOM image",)


def test_a_cut_slice_refuses_its_series_and_no_other(series, ct, tmp_path):
    uids = write_series(ct, series / "other", patient="invented", seed=2)
    first = min(path for path in series.iterdir() if path.is_file())
    first.write_bytes(first.read_bytes()[:-4])
    mine = gather([scan_file(path) for path in series.iterdir() if path.is_file()])
    (uid,) = mine.series
    with pytest.raises(Refused, match="TRUNCATED"):
        read_volume(series, series_uid=uid)
    assert read_volume(series, series_uid=uids.series_uid).shape == ct.shape


def test_a_series_spread_over_folders_is_one(series, ct):
    (series / "more").mkdir()
    shutil.move(max(path for path in series.iterdir() if path.is_file()), series / "more")
    assert (read_volume(series).array == ct.array).all()


def test_more_files_than_a_series_may_have(series):
    frames = gather([scan_file(path) for path in series.iterdir()]).series.popitem()[1]
    with pytest.raises(Refused, match="BOMB"):
        stack_of(frames, series, ReadOptions(limits=Limits(files=2)))
