"""Files of one series are one volume, however the paths were given, and each file counts once."""

import itertools
import shutil
from zipfile import ZipFile

import numpy as np
import pytest

from medidense.errors import UsageError
from medidense.io import catalogue, catalogued, find_inputs, read_volume, write_series
from medidense.values import Refused


def only(paths):
    (entry,) = list(catalogue(paths))
    return entry


def read(entry):
    return read_volume(entry.parts or entry.path, series_uid=entry.series_uid)


@pytest.fixture
def files(series):
    return sorted(series.iterdir())


def test_files_given_one_by_one_are_one_volume(ct, series, files):
    for order in itertools.permutations(files):
        entry = only(list(order))
        assert (entry.state, entry.shape, entry.files) == ("volume", ct.shape, 3)
        assert entry.path == str(series)
        assert entry.parts == tuple(map(str, files))
        np.testing.assert_array_equal(read(entry).array, ct.array)


def test_exactly_the_files_given_are_read(ct, series):
    by_place = sorted(series.iterdir(), key=lambda path: read_volume(path).affine[2, 3])
    entry = only(by_place[:2])
    assert entry.shape == (5, 4, 2)
    np.testing.assert_array_equal(read(entry).array, ct.array[:, :, :2])
    with pytest.raises(Refused):
        read_volume([by_place[0], by_place[0].with_name("absent")])


def test_one_file_stays_a_slice(files):
    entry = only(files[:1])
    assert (entry.path, entry.parts, entry.shape) == (str(files[0]), (), (5, 4, 1))
    assert read_volume(files[:1]).shape == read_volume(files[0]).shape
    assert read_volume([files[0], files[0]]).shape == (5, 4, 1)


def test_no_path_is_no_question():
    with pytest.raises(UsageError):
        read_volume([])


def test_a_series_across_two_folders_is_whole(ct, series, files, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.move(files[1], tmp_path / "other")
    for paths in ([series, tmp_path / "other"], [series, tmp_path / "other" / files[1].name]):
        entry = only(paths)
        assert (entry.shape, entry.files, entry.path) == (ct.shape, 3, str(tmp_path))
        np.testing.assert_array_equal(read(entry).array, ct.array)
    assert only([tmp_path]).parts == ()


def test_overlapping_paths_give_each_file_once(ct, series, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(series)
    for paths in itertools.permutations([series, tmp_path, link, series / ".." / "series"]):
        entries = [entry for entry in catalogue(list(paths)) if entry.state != "refused"]
        assert [(entry.shape, entry.files, entry.parts) for entry in entries] == [(ct.shape, 3, ())]


def test_relative_and_absolute_paths_together(ct, series, files, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    shutil.move(files[1], tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    entry = only([series, (tmp_path / "other").relative_to(tmp_path)])
    assert (entry.shape, entry.path) == (ct.shape, str(tmp_path))
    np.testing.assert_array_equal(read(entry).array, ct.array)


def test_a_broken_file_among_those_given_refuses_the_series(series, files):
    (series / "cut.dcm").write_bytes(files[0].read_bytes()[:400])
    entries = list(catalogue([*files, series / "cut.dcm"]))
    assert {entry.refusal.code for entry in entries} == {"TRUNCATED"}
    assert next(entry for entry in entries if entry.series_uid).files == 4
    with pytest.raises(Refused, match="TRUNCATED"):
        read_volume([*files, series / "cut.dcm"])


def test_two_series_of_loose_files(ct, series, tmp_path):
    write_series(ct, tmp_path / "second", patient="another", seed=9)
    paths = [*series.iterdir(), *(tmp_path / "second").iterdir()]
    entries = list(catalogue(paths))
    assert [entry.shape for entry in entries] == [ct.shape] * 2
    assert {entry.path for entry in entries} == {str(series), str(tmp_path / "second")}
    with pytest.raises(Refused, match="SEVERAL_SERIES"):
        read_volume(paths)


def test_inputs_say_what_to_read(ct, files):
    (found,) = find_inputs(files).found
    assert found.source == tuple(files)
    assert read_volume(found.source, series_uid=found.series_uid).shape == ct.shape


def test_a_series_across_an_archive_and_a_folder_is_whole(ct, series, files, tmp_path):
    with ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.write(files[1])
    files[1].unlink()
    for order in ([series, tmp_path / "one.zip"], [tmp_path / "one.zip", *files[::2]]):
        volume = read_volume(order)
        np.testing.assert_array_equal(volume.array, ct.array)
        assert volume.warnings == ()
    (tmp_path / "two.zip").write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(Refused, match="BAD_ARCHIVE"):
        read_volume([series, tmp_path / "two.zip"])


def test_a_broken_file_elsewhere_that_is_mended_ends_the_refusal(ct, files, tmp_path):
    index, stray = tmp_path / "c.index", tmp_path / "other" / "a.dcm"
    stray.parent.mkdir()
    stray.write_bytes(files[0].read_bytes()[:200])
    given = [*files, stray]
    with catalogued(given, index=index) as found:
        assert found.counts() == {"refused": 2}
    stray.write_bytes(b"no image")
    with catalogued(given, index=index) as found:
        assert found.counts()["volume"] == 1
