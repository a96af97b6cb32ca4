"""A package knows the subjects and images of its training again, and names none of them."""

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from medidense.errors import PackageError
from medidense.package import PackageContents, TrainingDigest, load_package, training_digest, write_package
from medidense.package.training_digest import read_training_digest, write_training_digest
from medidense.track import pseudonym

KEY, OTHER = bytes(32), b"\1" * 32


def image(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def made(key: bytes | None = KEY) -> TrainingDigest:
    digest = training_digest(["P1", "P2"], [image("a"), image("b"), image("a")], key)
    assert digest is not None
    return digest


def stored(digest: TrainingDigest, folder: Path) -> TrainingDigest:
    write_training_digest(digest, folder / "d.safetensors")
    content = (folder / "d.safetensors").read_bytes()
    return read_training_digest(folder / "d.safetensors", hashlib.sha256(content).hexdigest())


def test_what_was_put_in_is_found_again_and_nothing_else(tmp_path: Path) -> None:
    back = stored(made(), tmp_path)
    assert back.made_with(KEY)
    assert [back.has_subject(KEY, name) for name in ("P1", "P2", "P3", "")] == [True, True, False, False]
    assert [back.has_image(image(name)) for name in "abc"] == [True, True, False]
    assert back.images is not None
    assert len(back.images) == 2


def test_the_numbers_are_those_of_the_standard() -> None:
    wanted = hmac.new(KEY, b"medidense training subject\0P1", "sha256").digest()[:8]
    digest = training_digest(["P1"], None, KEY)
    assert digest is not None
    assert digest.subjects is not None
    assert digest.subjects.tolist() == [int.from_bytes(wanted, "big")]
    assert pseudonym(KEY, "P1").removeprefix("S-") != wanted.hex()[:10]


def test_under_another_key_no_subject_is_known_and_that_is_said() -> None:
    digest = made()
    assert not digest.made_with(OTHER)
    assert not digest.made_with(None)
    assert not digest.has_subject(OTHER, "P1")
    assert digest.has_image(image("a"))


def test_parts_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    no_key = stored(made(key=None), tmp_path)
    assert (no_key.subjects, no_key.key_check) == (None, None)
    assert not no_key.made_with(KEY)
    assert no_key.has_image(image("b"))
    blind = training_digest(["P1"], None, KEY)
    assert blind is not None
    assert stored(blind, tmp_path).images is None
    assert training_digest(["P1"], None, None) is None


def test_a_hundred_thousand_of_each_take_under_two_megabytes(tmp_path: Path) -> None:
    count = 100_000
    digest = training_digest(map(str, range(count)), (image(str(n)) for n in range(count)), KEY)
    assert digest is not None
    write_training_digest(digest, tmp_path / "d.safetensors")
    assert (tmp_path / "d.safetensors").stat().st_size < 2_000_000


@pytest.mark.parametrize(
    "parts",
    [
        {"images": np.array([2, 1], dtype=np.uint64)},
        {"images": np.array([1, 1], dtype=np.uint64)},
        {"images": np.array([1, 2], dtype=np.int64)},
        {"images": np.array([[1]], dtype=np.uint64)},
        {"subjects": np.array([1], dtype=np.uint64)},
        {"key_check": np.array([1], dtype=np.uint64)},
        {"names": np.array([1], dtype=np.uint64)},
    ],
)
def test_a_file_that_holds_something_else(parts: dict[str, np.ndarray], tmp_path: Path) -> None:
    content = safetensors.numpy.save(parts)
    (tmp_path / "d.safetensors").write_bytes(content)
    with pytest.raises(PackageError, match="holds"):
        read_training_digest(tmp_path / "d.safetensors", hashlib.sha256(content).hexdigest())


def test_a_file_that_is_none_of_ours_or_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(PackageError, match="sha256 must be"):
        read_training_digest(path, "0" * 64)
    with pytest.raises(PackageError, match="must be safetensors"):
        read_training_digest(path, hashlib.sha256(b"nonsense").hexdigest())
    with pytest.raises(PackageError, match="cannot be read"):
        read_training_digest(tmp_path / "none", "0" * 64)


def test_a_package_carries_it_under_a_sum(contents: PackageContents, written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    write_package(folder, replace(contents, digest=made()))
    found = load_package(folder).training_digest()
    assert found is not None
    assert found.has_subject(KEY, "P2")
    assert b"P2" not in (folder / "training_digest.safetensors").read_bytes()
    assert load_package(written).training_digest() is None  # one of an older version
    (folder / "training_digest.safetensors").unlink()
    with pytest.raises(PackageError, match="a file of the package is missing"):
        load_package(folder)
