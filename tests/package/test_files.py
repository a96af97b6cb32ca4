"""Is every damage of a package found, and named, before a tensor is read?"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medidense import durable
from medidense.errors import PackageError
from medidense.package import load_package
from medidense.package.files import LARGEST_TEXT, canonical_json


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """A package of one's own to damage."""
    return Path(shutil.copytree(written, tmp_path / "package"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and write it back."""
    tree = json.loads((folder / "manifest.json").read_bytes())
    change(tree)
    (folder / "manifest.json").write_bytes(canonical_json(tree))


def problem(folder: Path) -> str:
    with pytest.raises(PackageError) as caught:
        load_package(folder)
    assert caught.value.exit_code == 2
    return "\n".join(caught.value.lines)


def test_a_folder_without_manifest_and_no_folder(tmp_path: Path) -> None:
    assert "manifest.json: a package needs this file" in problem(tmp_path)
    assert "a package is a folder" in problem(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda tree: tree.update(format=2), "this version reads packages of format 1; found 2"),
        (lambda tree: tree.pop("format"), "this version reads packages of format 1; found None"),
        (lambda tree: tree.update(engine="onnx"), "this version scores torch only; found 'onnx'"),
        (lambda tree: tree.update(colour="blue"), "colour: unknown manifest key"),
        (lambda tree: tree["training"].update(subject="P1"), "training.subject: unknown manifest key"),
        (lambda tree: tree.pop("threads"), "threads: a manifest needs this key"),
        (lambda tree: tree.update(threads=0), "threads: the manifest contradicts itself"),
        (lambda tree: tree.update(threads="many"), "threads: "),
        (lambda tree: tree.update(operating_point=1.5), "operating_point: the manifest contradicts"),
        (lambda tree: tree.update(positive="x"), "positive: the manifest contradicts"),
        (lambda tree: tree.update(classes=["malignant"]), "classes: the manifest contradicts"),
        (lambda tree: tree.update(models=[]), "models: the manifest contradicts"),
        (lambda tree: tree.update(models=["../fold_0.safetensors"]), "models.0: "),
        (lambda tree: tree["files"].update({"../x.json": "0" * 64}), "files"),
        (lambda tree: tree["files"].update({"/etc/passwd": "0" * 64}), "files"),
        (lambda tree: tree["files"].update({"recipe.json": "0"}), "files"),
        (lambda tree: tree.update(training_digest="digest.bin"), "files: the manifest contradicts"),
        (lambda tree: tree["files"].pop("selftest.json"), "files: the manifest contradicts"),
        (lambda tree: tree.update(region="whole"), "region: the recipe says lesion; found whole"),
    ],
)
def test_a_manifest_that_does_not_hold(
    copy: Path, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    edit(copy, change)
    assert told in problem(copy)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"[" * 200_000, b'{"format": 1, "format": 1}', b"\xff\xfe", b'{"a": ' * 50_000],
)
def test_a_manifest_that_is_no_object(copy: Path, content: bytes) -> None:
    (copy / "manifest.json").write_bytes(content)
    assert "must be" in problem(copy)


def test_a_manifest_too_large_is_not_parsed(copy: Path) -> None:
    (copy / "manifest.json").write_bytes(b" " * (LARGEST_TEXT + 1))
    assert "at most 1000000 bytes" in problem(copy)


def test_a_changed_file_is_named(copy: Path) -> None:
    for name in ("fold_1.safetensors", "recipe.json", "selftest.json"):
        content = bytearray((copy / name).read_bytes())
        content[-2] ^= 1
        (copy / name).write_bytes(bytes(content))
        told = problem(copy)
        assert name in told
        assert "sha256 must be" in told
        content[-2] ^= 1
        (copy / name).write_bytes(bytes(content))
    assert load_package(copy).manifest.name == "nodules"


def test_every_missing_and_every_extra_file_is_named(copy: Path) -> None:
    (copy / "fold_0.safetensors").unlink()
    (copy / "notes.txt").write_text("hello")
    (copy / "deeper").mkdir()
    told = problem(copy)
    assert "fold_0.safetensors: a file of the package is missing" in told
    assert "notes.txt: the manifest does not name this file" in told
    assert "deeper: a package holds plain files only" in told


def test_a_link_is_no_plain_file(copy: Path, written: Path) -> None:
    (copy / "fold_0.safetensors").unlink()
    (copy / "fold_0.safetensors").symlink_to(written / "fold_0.safetensors")
    assert "fold_0.safetensors: a package holds plain files only" in problem(copy)


def test_weights_of_another_network_are_refused_when_they_are_used(copy: Path) -> None:
    import safetensors.torch
    import torch

    content = safetensors.torch.save({"weight": torch.zeros(3)})
    (copy / "fold_0.safetensors").write_bytes(content)
    digest = durable.sha256_file(copy / "fold_0.safetensors")
    edit(copy, lambda tree: tree["files"].update({"fold_0.safetensors": digest}))
    with pytest.raises(PackageError, match="another network"):
        load_package(copy).networks()


def test_a_recipe_of_a_later_version_is_a_problem_of_the_package(copy: Path) -> None:
    tree = json.loads((copy / "recipe.json").read_bytes())
    tree["training"]["magic"] = 1
    (copy / "recipe.json").write_bytes(canonical_json(tree))
    digest = durable.sha256_file(copy / "recipe.json")
    edit(copy, lambda manifest: manifest["files"].update({"recipe.json": digest}))
    assert "training.magic: unknown recipe key" in problem(copy)
