"""Every file accounted for."""

import csv
from pathlib import Path

import pyarrow.parquet
import pytest

from medidense import verbs
from medidense.errors import NothingFoundError
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
