"""Entries stay on disk until they are walked, and a temporary index goes with them."""

import gc

import pytest

from medidense.errors import LockedError, WriteError
from medidense.io import Entries, catalogued, temporary_index
from medidense.io.index import open_index
from medidense.values import Entry


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return temporary_index()


def fill(index, uids):
    with open_index(index) as found:
        for uid in uids:
            found.settle(uid, b"", [Entry(uid, "volume", "dicom", series_uid=uid)])


def test_walked_twice_counted_and_gone(index, tmp_path):
    fill(index, ["1.2.3", "1.2.4"])
    entries = Entries(index, owned=True)
    assert [entry.path for entry in entries] == [entry.path for entry in entries] == ["1.2.3", "1.2.4"]
    assert (len(entries), entries.count("volume"), entries.count("refused")) == (2, 2, 0)
    with open_index(index), pytest.raises(LockedError):
        list(entries)
    del entries
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_is_somebody_elses_stays(index):
    fill(index, ["1.2.3"])
    entries = Entries(index)
    entries.close()
    assert len(list(entries)) == 1
    index.unlink()
    with pytest.raises(WriteError):
        list(entries)


@pytest.mark.parametrize(
    ("uids", "tail"),
    [
        ([], 6),
        (["1.2.3"], 6),
        (["1.2.840.1", "1.2.840.2"], 6),
        (["1.3.5555555", "1.4.5555555"], 9),
        (["1.2.3", "9.1.2.3"], 6),
        ([f"1.2.{number}.100" for number in range(1000, 1200)], 7),
    ],
)
def test_the_end_that_tells_every_series_apart(index, uids, tail):
    fill(index, uids)
    entries = Entries(index)
    assert entries.tail == tail
    assert len({entry.series_uid[-tail:] for entry in entries}) == len(uids)


def test_a_walk_over_many_holds_but_a_few(index, ct, tmp_path):
    import tracemalloc

    fill(index, [f"1.2.{number}" for number in range(3000)])
    entries = Entries(index)
    tracemalloc.start()
    assert sum(1 for _ in entries) == 3000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_series_in_archives_are_series_too(series, tmp_path):
    import shutil

    archive = shutil.make_archive(str(tmp_path / "a"), "zip", series)
    with catalogued([tmp_path]) as found:
        assert len(found.series()) == 1
        assert {entry.path for entry in found.entries()} == {str(series), archive}
