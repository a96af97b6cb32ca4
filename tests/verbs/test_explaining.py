"""Maps on the scan's own grid, by run or by package."""

import csv
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medidense import verbs
from medidense.errors import OutputExistsError, UsageError
from medidense.io import read_volume
from tests.verbs.conftest import World


def test_a_map_lies_on_the_scans_own_grid(here: World, tmp_path: Path) -> None:
    result = verbs.explain(here.package, [here.fresh], lesions=here.lesions, out=tmp_path / "maps")
    assert result.refused == 0
    item = result.items[0]
    found = nibabel.load(tmp_path / "maps" / item.map)
    volume = read_volume(Path(item.input))
    assert found.shape == volume.shape
    assert np.allclose(found.affine, volume.affine, atol=1e-3)
    values = np.asarray(found.dataobj)
    assert (values >= 0).all()
    with (tmp_path / "maps" / "explain.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(result.items)


def test_a_series_in_an_archive_is_explained(here: World, tmp_path: Path) -> None:
    archive = tmp_path / "fresh.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in (here.fresh / "F01").iterdir():
            packed.write(file, f"deep/{file.name}")
    (item,) = verbs.explain(here.package, [archive], lesions=here.lesions, out=tmp_path / "maps").items
    assert (item.input, item.lesion_id, item.status) == (str(archive), "L1", "explained")
    assert nibabel.load(tmp_path / "maps" / item.map).shape == read_volume(here.fresh / "F01").shape


def test_file_names_say_nothing_of_the_input(here: World, tmp_path: Path) -> None:
    verbs.explain(here.package, [here.fresh], lesions=here.lesions, out=tmp_path / "maps")
    assert not [path.name for path in (tmp_path / "maps").iterdir() if "F0" in path.name or "L1" in path.name]


@pytest.mark.slow
def test_a_run_explains_its_own_samples_with_their_own_lesions(here: World, tmp_path: Path) -> None:
    images = here.cohort.parent / "images"
    result = verbs.explain(here.run, [images], out=tmp_path / "maps")
    assert {item.status for item in result.items} == {"explained"}
    assert len(result.items) == sum(1 for _ in here.cohort.open()) - 1


def test_a_scan_without_its_lesion_is_refused_with_the_reason(here: World, tmp_path: Path) -> None:
    result = verbs.explain(here.package, [here.fresh], out=tmp_path / "maps")
    assert result.refused == len(result.items) > 0
    assert result.items[0].reason.startswith("NO_REGION")


def test_an_unknown_class_costs_one_line_and_no_folder(here: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="benign, malignant"):
        verbs.explain(here.package, [here.fresh], out=tmp_path / "maps", target_class="bening")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_kept(here: World, tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError):
        verbs.explain(here.package, [here.fresh], out=tmp_path)
