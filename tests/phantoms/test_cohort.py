"""Phantoms as the files a user has, read back by the readers."""

import csv
from pathlib import Path

import numpy as np
import pytest

from medidense.durable import sha256_file
from medidense.io import read_region, read_volume
from medidense.phantoms import PhantomOptions, write_cohort, write_fresh
from medidense.preprocess import prepare
from medidense.values import Marker
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.25,) * 3,
    size=(32,) * 3,
    intensity=Intensity(rule="window", low=-1000, high=400),
)
OPTIONS = PhantomOptions(subjects=6, seed=5)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("phantoms"), OPTIONS)


def read(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


def marker(row: dict[str, str]) -> Marker:
    return Marker((float(row["x_mm"]), float(row["y_mm"]), float(row["z_mm"])), float(row["diameter_mm"]))


def test_the_table_has_a_row_for_each_nodule_with_a_point_or_a_mask(table):
    rows = read(table)
    assert len(rows) == 8
    assert list(rows[0]) == [
        *["subject_id", "image", "label", "mask"],
        *["x_mm", "y_mm", "z_mm", "diameter_mm", "frame", "lesion_id"],
    ]
    for row in rows:
        assert (table.parent / row["image"]).exists()
        assert bool(row["mask"]) != bool(row["x_mm"])
        assert row["frame"] == ("" if row["mask"] else "RAS")
        assert row["label"] in ("benign", "malignant")
    assert len({row["image"] for row in rows if row["mask"]}) == 2


def test_every_row_reads_back_with_its_nodule_in_the_middle(table):
    for row in read(table):
        volume = read_volume(table.parent / row["image"])
        assert volume.source.kind == ("nifti" if row["mask"] else "dicom")
        where = {"mask_path": table.parent / row["mask"]} if row["mask"] else {"marker": marker(row)}
        crop = prepare(volume, read_region(volume, **where), SPEC).array[0]
        assert crop[14:18, 14:18, 14:18].mean() > 0.1
        assert crop.mean() < -0.3


def test_the_same_options_give_the_same_bytes(table, tmp_path):
    again = write_cohort(tmp_path, OPTIONS)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(table.parent) for p in table.parent.rglob("*") if p.is_file())
    assert [sha256_file(again.parent / f) for f in files] == [sha256_file(table.parent / f) for f in files]


def test_fresh_series_are_listed_where_they_lie_and_are_in_no_cohort(table, tmp_path):
    folder, lesions = write_fresh(tmp_path, count=3, seed=5)
    rows = read(lesions)
    assert [row["image"] for row in rows] == ["series/F01", "series/F02", "series/F03", "series/F03"]
    assert sorted(path.name for path in folder.iterdir()) == ["F01", "F02", "F03"]
    known = [read_volume(table.parent / row["image"]).array for row in read(table)]
    for row in rows:
        volume = read_volume(tmp_path / row["image"])
        assert volume.source.series_uid == row["series_uid"]
        at = np.rint(volume.index_of(marker(row).centre_mm)).astype(int)
        assert np.median(volume.array[tuple(slice(a - 1, a + 2) for a in at)]) > -250
        assert not any(np.array_equal(volume.array, other) for other in known)
