"""One series, one file, or no file at all."""

import csv
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from medidense import verbs
from medidense.errors import OutputExistsError, UsageError
from medidense.io import read_volume
from medidense.values import Refused
from tests.verbs.conftest import World


def test_values_and_geometry_survive(here: World, tmp_path: Path) -> None:
    source = next(path for path in sorted(here.fresh.rglob("*")) if path.is_dir())
    result = verbs.convert(source, tmp_path / "out.nii.gz")
    image, volume = nibabel.load(tmp_path / "out.nii.gz"), read_volume(source)
    assert np.array_equal(np.asarray(image.dataobj), volume.array)
    assert np.allclose(image.affine, volume.affine, atol=1e-4)
    assert result.written[0].shape == volume.shape


def test_a_colour_picture_becomes_rgb24(tmp_path: Path) -> None:
    array = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(array).save(tmp_path / "a.png")
    verbs.convert(tmp_path / "a.png", tmp_path / "out.nii")
    image = nibabel.load(tmp_path / "out.nii")
    assert int(image.header["datatype"]) == 128
    assert np.array_equal(np.asarray(image.dataobj)["B"][:, :, 0].T, array[..., 2])


def test_a_refused_input_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_text("text")
    with pytest.raises(Refused, match="NOT_DICOM"):
        verbs.convert(tmp_path / "a.dcm", tmp_path / "out.nii.gz")
    assert not (tmp_path / "out.nii.gz").exists()


def test_the_target_must_be_nifti_and_new(here: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.nii\.gz"):
        verbs.convert(here.fresh, tmp_path / "out.png")
    (tmp_path / "out.nii").write_text("x")
    with pytest.raises(OutputExistsError):
        verbs.convert(here.fresh, tmp_path / "out.nii")


def test_a_folder_gets_every_volume_and_a_table(here: World, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    folders = [path for path in sorted(here.fresh.rglob("*")) if path.is_dir()]
    for number, folder in enumerate(folders):
        shutil.copytree(folder, tmp_path / "in" / str(number))
    (tmp_path / "in" / "bad.nii.gz").write_bytes(b"not a volume")
    result = verbs.convert(tmp_path / "in", tmp_path / "out")
    assert [refusal.code for refusal in result.refused] == ["NOT_NIFTI"]
    with (tmp_path / "out" / "converted.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["file"] for row in rows if row["file"]} == {
        path.name for path in (tmp_path / "out").glob("*.gz")
    }
    assert len(result.written) == len(folders)
    for one in result.written:
        volume = read_volume(one.source, series_uid=one.series_uid)
        assert np.array_equal(np.asarray(nibabel.load(one.target).dataobj), volume.array)
        assert one.series_uid not in one.target.name
    with pytest.raises(OutputExistsError):
        verbs.convert(tmp_path / "in", tmp_path / "out")
    verbs.convert(tmp_path / "in", tmp_path / "out", overwrite=True)
