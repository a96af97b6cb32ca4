"""Every file accounted for."""

import csv
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from pydicom import dcmread

from medidense import verbs
from medidense.errors import LockedError, NothingFoundError, UsageError
from medidense.io import write_series
from medidense.io.index import open_index
from medidense.values import Source, Volume
from tests.verbs.conftest import World


def test_each_series_each_refusal_and_each_other_file_has_a_line(here: World, tmp_path: Path) -> None:
    folder = here.fresh.parent
    (tmp_path / "bad.nii.gz").write_bytes(b"not a volume")
    result = verbs.scan([folder, tmp_path], out=tmp_path / "out" / "catalogue.csv")
    assert result.count("volume") == 2
    assert result.count("refused") == 1
    assert result.count("skipped") == 1  # lesions.csv
    with (tmp_path / "out" / "catalogue.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["code"] for row in rows if row["state"] == "refused"] == ["NOT_NIFTI"]
    assert {row["modality"] for row in rows if row["state"] == "volume"} == {"CT"}
    assert result.to_json()["volumes"] == 2


def test_no_image_is_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x")
    with pytest.raises(NothingFoundError):
        verbs.scan([tmp_path])


def test_parquet_holds_what_csv_holds(here: World, tmp_path: Path) -> None:
    verbs.scan([here.fresh], out=tmp_path / "a.csv")
    verbs.scan([here.fresh], out=tmp_path / "a.parquet")
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist() == rows


def test_entries_are_walked_as_often_as_one_likes_and_their_index_goes_with_them(
    here: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = verbs.scan([here.fresh])
    (folder,) = tmp_path.glob("medidense-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    first = list(result.entries)
    assert list(result.entries) == first
    assert len(result.entries) == len(first) == sum(map(result.count, ("volume", "refused", "skipped")))
    assert result.to_json()["entries"] == [vars(entry) | {"refusal": None} for entry in first]
    del result
    assert list(tmp_path.iterdir()) == []
    kept = verbs.scan([here.fresh])
    kept.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NothingFoundError):
        verbs.scan([tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_the_index_beside_a_catalogue_stays(here: World, tmp_path: Path) -> None:
    result = verbs.scan([here.fresh], out=tmp_path / "a.csv")
    result.close()
    assert len(list(result.entries)) == len(result.entries)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.csv.index"]


def test_a_folder_is_no_catalogue(here: World, tmp_path: Path) -> None:
    for out in (tmp_path, Path(), Path("/")):
        with pytest.raises(UsageError, match="the catalogue is a file"):
            verbs.scan([here.fresh], out=out)
    assert not list(tmp_path.iterdir())


def test_another_scan_with_the_same_out_is_told_to_wait(here: World, tmp_path: Path) -> None:
    with open_index(tmp_path / "a.csv.index"), pytest.raises(LockedError, match="locked by another run"):
        verbs.scan([here.fresh], out=tmp_path / "a.csv")
    assert verbs.scan([here.fresh], out=tmp_path / "a.csv").count("refused") == 0


def test_a_scout_is_passed_over_and_refuses_nothing(tmp_path: Path) -> None:
    volume = Volume(
        np.arange(60, dtype=np.int16).reshape(5, 4, 3), np.diag([1.0, 1, 1, 1]), Source("dicom", "CT")
    )
    write_series(volume, tmp_path / "in" / "series", patient="invented", seed=1)
    write_series(volume.with_array(volume.array[:, :, :1]), tmp_path / "in" / "scout", patient="x", seed=2)
    for path in (tmp_path / "in" / "scout").iterdir():
        scout = dcmread(path)
        scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        scout.save_as(path)
    for place, volumes in (("in", 1), ("in/scout", 0)):
        result = verbs.scan([tmp_path / place])
        assert [result.count(state) for state in ("volume", "refused", "skipped")] == [volumes, 0, 1]
        (entry,) = [entry for entry in result.entries if entry.state == "skipped"]
        assert entry.note.startswith("LOCALIZER")
        assert entry.series_uid
    done = verbs.convert(tmp_path / "in", tmp_path / "out")
    assert (len(done.written), done.refused) == (1, ())
