"""One series, one file, or no file at all."""

import csv
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from medidense import verbs
from medidense.errors import NothingFoundError, OutputExistsError, UsageError
from medidense.io import read_volume, write_series
from medidense.values import ReadOptions, Refused, Source, Volume
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


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with two series."""
    array = (np.arange(60, dtype=np.int16) * 17).reshape(5, 4, 3)
    for number in range(2):
        volume = Volume(array + number, np.diag([-0.5, -0.75, 2.0, 1.0]), Source("dicom", "CT"))
        write_series(volume, tmp_path / "two", patient="invented", seed=number)
    return tmp_path / "two"


def uids(folder: Path) -> list[str]:
    return sorted({entry.series_uid for entry in verbs.scan([folder]).entries})


def test_a_series_is_chosen_by_the_end_that_scan_shows(two: Path, tmp_path: Path) -> None:
    result = verbs.scan([two])
    for entry in result.entries:
        said = f"..{entry.series_uid[-result.entries.tail :]}"
        for target in (f"{entry.series_uid[-4:]}.nii.gz", f"{entry.series_uid[-4:]}/"):
            done = verbs.convert(two, f"{tmp_path}/{target}", series=said)
            assert [one.series_uid for one in done.written] == [entry.series_uid]


def test_a_series_that_is_missing_is_the_same_error_into_a_file_and_into_a_folder(
    two: Path, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "a"), "zip", two)
    for source in (two, Path(archive), list(two.iterdir())):
        for target in ("out.nii.gz", "out"):
            for said in ("999", "1.2"):
                with pytest.raises(UsageError, match=f"--series {said}") as caught:
                    verbs.convert(source, tmp_path / target, series=said)
                assert caught.value.exit_code == 2
                assert not (tmp_path / target).exists()


def test_files_given_one_by_one_are_one_volume(two: Path, tmp_path: Path) -> None:
    files = [path for path in sorted(two.iterdir()) if read_volume(path).source.series_uid == uids(two)[0]]
    done = verbs.convert(files, tmp_path / "out.nii")
    assert done.written[0].shape == (5, 4, 3)
    (one,) = verbs.convert(files[:1], tmp_path / "folder").written
    assert one.shape == (5, 4, 1)
    (one,) = verbs.convert(files, tmp_path / "all").written
    assert one.shape == (5, 4, 3)
    with pytest.raises(Refused, match="SEVERAL_SERIES"):
        verbs.convert(list(two.iterdir()), tmp_path / "none.nii")


def test_what_name_is_a_folder(two: Path, tmp_path: Path) -> None:
    (tmp_path / "there.png").mkdir()
    for name in ("1.2.840.10008", "v.2", "out.v2/", "x.nii.gz/", "there.png", "plain"):
        assert len(verbs.convert(two, f"{tmp_path}/{name}").written) == 2
        assert (tmp_path / name / "converted.csv").is_file()
    for name in ("out.png", "out.v2x", "out.nii.bz2"):
        with pytest.raises(UsageError, match="or in / for a folder"):
            verbs.convert(two, f"{tmp_path}/{name}")
        assert not (tmp_path / name).exists()


def test_the_options_of_reading_count_for_what_is_found(two: Path, tmp_path: Path) -> None:
    for path in two.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[144 + int.from_bytes(content[140:144], "little") :])  # the data set alone
    assert verbs.convert(two, tmp_path / "none").written == ()
    done = verbs.convert(two, tmp_path / "out", options=ReadOptions(guess_syntax=True))
    assert [one.shape for one in done.written] == [(5, 4, 3)] * 2
    said = uids_guessed(two)[0]
    options = ReadOptions(guess_syntax=True)
    assert verbs.convert(two, tmp_path / "a.nii", series=said, options=options).written[0].shape == (5, 4, 3)


def uids_guessed(folder: Path) -> list[str]:
    options = ReadOptions(guess_syntax=True)
    return sorted({entry.series_uid for entry in verbs.scan([folder], options=options).entries})


def test_series_without_the_picked_value_are_passed_over_into_a_folder(two: Path, tmp_path: Path) -> None:
    options = ReadOptions(pick={"EchoTime": "7"})
    with pytest.raises(Refused, match="NOT_PICKED"):
        verbs.convert(two, tmp_path / "a.nii", series=uids(two)[0], options=options)
    with pytest.raises(NothingFoundError, match=r"has the value that was picked.*EchoTime 7"):
        verbs.convert(two, tmp_path / "none", options=options)
    assert not (tmp_path / "none").exists()
    for file in sorted((two).rglob("*.dcm")):
        stored = dcmread(file)
        if stored.SeriesInstanceUID == uids(two)[0]:
            stored.EchoTime = "7"
            stored.save_as(file)
    done = verbs.convert(two, tmp_path / "out", options=options)
    assert ([one.series_uid for one in done.written], done.refused) == ([uids(two)[0]], ())
    assert "NOT_PICKED" in (tmp_path / "out" / "converted.csv").read_text()


def test_an_archive_is_unpacked_once(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from medidense.io import archive

    packed, unpacked, real = shutil.make_archive(str(tmp_path / "a"), "zip", two), [], archive._unpack

    def counting(*arguments: object) -> None:
        unpacked.append(arguments)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(archive, "_unpack", counting)
    assert len(verbs.convert(Path(packed), tmp_path / "out").written) == 2
    assert len(unpacked) == 6
