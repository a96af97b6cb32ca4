"""A prepared sample comes back to the bit, and is made anew whenever anything that decides it has changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from medidense.io import write_nifti
from medidense.preprocess import ArrayCache, cache, load_sample, remove_arrays
from medidense.values import Marker, Refused, Sample
from medidense.values.input import Input, Intensity

SPEC = Input(
    dims=3,
    region="lesion",
    spacing_mm=(1.0,) * 3,
    size=(32,) * 3,
    intensity=Intensity(rule="window", low=-1000, high=400),
)


@pytest.fixture
def sample(scans, tmp_path) -> Sample:
    volume = scans.volume_of(scans.noise((40, 36, 20)), (0.7, 0.7, 2.5), (5, 0, 10))
    write_nifti(volume, tmp_path / "a.nii.gz")
    point = volume.point_of(np.array([20.0, 18.0, 10.0]))
    return Sample(2, "P1", "a.nii.gz", tmp_path / "a.nii.gz", marker=Marker(point, 8.0))


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """The names of the samples that were decoded, in order."""
    names: list[str] = []

    def counted(sample, spec):
        names.append(sample.name)
        return load_sample(sample, spec)

    monkeypatch.setattr(cache, "load_sample", counted)
    return names


def arrays(folder: Path, spec: Input = SPEC, code: str = "1") -> ArrayCache:
    return ArrayCache(folder / "arrays", spec, code)


def test_a_second_process_decodes_nothing_and_has_the_same_bits(sample, tmp_path, made):
    array, facts = arrays(tmp_path).load(sample)
    again, told = arrays(tmp_path).load(sample)
    prepared, known = load_sample(sample, SPEC)
    assert array.tobytes() == again.tobytes() == prepared.array.tobytes()
    assert facts == told == known
    assert len(made) == 1


def test_the_folder_and_its_files_are_the_users_alone_and_name_nobody(sample, tmp_path):
    store = arrays(tmp_path)
    store.load(sample)
    path = store.path(sample)
    assert (tmp_path / "arrays").stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    assert sample.subject_id.encode() not in safetensors.numpy.load(content)["facts"].tobytes()
    assert sample.name.encode() not in content
    remove_arrays(tmp_path / "arrays")
    assert not (tmp_path / "arrays").exists()
    remove_arrays(tmp_path / "arrays")


def test_the_row_says_whose_it_is(sample, tmp_path, made):
    arrays(tmp_path).load(sample)
    facts = arrays(tmp_path).load(replace(sample, subject_id="P2", lesion_id="other"))[1]
    assert (facts.subject_id, facts.sample) == ("P2", "a.nii.gz#other")
    assert len(made) == 1


def test_whatever_decides_the_array_names_the_file(sample, tmp_path, scans):
    names = {arrays(tmp_path).path(sample).name}
    x, y, z = sample.marker.centre_mm
    for other in (
        replace(sample, marker=Marker((x + 1, y, z), 8.0)),
        replace(sample, marker=Marker((x, y, z), 9.0)),
        replace(sample, segment="2"),
        replace(sample, series_uid="1.2"),
        replace(sample, spacing_known=False),
        replace(sample, spacing_mm=(1.0, 2.0)),
        replace(sample, mask="a.nii.gz", mask_path=tmp_path / "a.nii.gz"),
    ):
        names.add(arrays(tmp_path).path(other).name)
    names.add(arrays(tmp_path, SPEC.model_copy(update={"fill": "edge"})).path(sample).name)
    names.add(arrays(tmp_path, code="2").path(sample).name)
    content = bytearray((tmp_path / "a.nii.gz").read_bytes())
    content[4] ^= 1  # the time in the gzip header
    (tmp_path / "a.nii.gz").write_bytes(content)
    names.add(arrays(tmp_path).path(sample).name)
    assert len(names) == 11


def test_folders_and_pairs_are_digested_whole(tmp_path):
    for folder, name in (("series", "b/2.dcm"), ("pair", "a.img")):
        place = tmp_path / folder
        (place / "b").mkdir(parents=True)
        (place / "a.hdr").write_bytes(b"head")
        (place / name).write_bytes(b"before")
        image = place if folder == "series" else place / "a.hdr"
        row = Sample(2, "P1", folder, image)
        before = arrays(tmp_path).path(row)
        (place / name).write_bytes(b"after")
        assert arrays(tmp_path).path(row) != before


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty"])
def test_a_torn_or_foreign_file_is_made_again(sample, tmp_path, made, damage):
    store = arrays(tmp_path)
    array, facts = store.load(sample)
    path = store.path(sample)
    content = path.read_bytes()
    if damage == "foreign":
        other = replace(sample, marker=Marker(sample.marker.centre_mm, 12.0))
        store.load(other)
        path.write_bytes(store.path(other).read_bytes())
    else:
        half = len(content) // 2
        flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        path.write_bytes({"cut": content[:half], "flipped": flipped, "empty": b""}[damage])
    before = len(made)
    again, told = store.load(sample)
    assert len(made) == before + 1
    assert (again.tobytes(), told) == (array.tobytes(), facts)
    assert path.read_bytes() == content


def test_an_image_that_is_gone_is_refused_and_a_refusal_is_not_kept(sample, tmp_path):
    store = arrays(tmp_path)
    gone = replace(sample, image="b.nii.gz", image_path=tmp_path / "b.nii.gz")
    with pytest.raises(Refused):
        store.load(gone)
    with pytest.raises(Refused) as caught:
        store.load(replace(sample, marker=None))
    assert caught.value.refusal.code == "NO_REGION"
    assert list((tmp_path / "arrays").iterdir()) == []
