"""Is a written package complete, and the same bytes for the same contents?"""

from dataclasses import replace
from pathlib import Path

import pytest

from medidense import durable
from medidense.errors import PackageError
from medidense.package import PackageContents, load_package, write_package


def digests(folder: Path) -> dict[str, str]:
    return {path.name: durable.sha256_file(path) for path in folder.iterdir()}


def test_equal_contents_give_equal_bytes(contents: PackageContents, written: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    manifest = write_package(again, contents)
    assert digests(again) == digests(written)
    assert set(digests(again)) == {*manifest.files, "manifest.json"}
    assert manifest.models == ("fold_0.safetensors", "fold_1.safetensors")
    assert {path.stat().st_mode & 0o777 for path in again.iterdir()} == {0o644}


def test_the_manifest_says_what_was_given(contents: PackageContents, written: Path) -> None:
    package = load_package(written)
    assert package.recipe == contents.recipe
    assert package.manifest.training == contents.training
    assert package.manifest.region == "lesion"
    assert package.manifest.classes == contents.classes
    assert package.digest == durable.sha256_file(written / "manifest.json")


def test_what_cannot_score_is_never_written(contents: PackageContents, tmp_path: Path) -> None:
    missing = replace(contents, weights=(*contents.weights, tmp_path / "none.safetensors"))
    with pytest.raises(PackageError, match="weights are missing"):
        write_package(_empty(tmp_path / "a"), missing)
    with pytest.raises(PackageError, match="another network"):
        write_package(_empty(tmp_path / "b"), replace(contents, classes=("a", "b", "malignant")))
    with pytest.raises(PackageError, match="positive: the manifest contradicts itself"):
        write_package(_empty(tmp_path / "c"), replace(contents, positive="Malignant"))
    with pytest.raises(PackageError, match="at least one fold"):
        write_package(_empty(tmp_path / "d"), replace(contents, weights=()))


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder
