"""Packages of several labels and of grades: what the manifest says, what is decided, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from medidense.errors import PackageError
from medidense.nets import build, save_weights
from medidense.package import PackageContents, load_package, verify_package, write_package
from medidense.package.files import MANIFEST, canonical_json
from medidense.values import Region, Volume, parse_recipe

CLASSES = {"multi_label": ("cyst", "mass"), "ordinal": ("poor", "fair", "good")}


@pytest.fixture(params=CLASSES)
def folder(request, contents: PackageContents, tmp_path: Path) -> Path:
    """A package of two networks with two outputs each."""
    tree = contents.recipe.model_dump(mode="json")
    tree["labels"]["kind"] = request.param
    tree["network"]["name"] = "densenet_small"
    weights = []
    for seed in (0, 1):
        weights.append(tmp_path / f"{seed}.safetensors")
        net = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=seed)
        save_weights(net, weights[-1])
    names = CLASSES[request.param]
    own = replace(
        contents,
        recipe=parse_recipe(tree, "test"),
        classes=names,
        positive=names[-1],
        weights=tuple(weights),
    )
    (tmp_path / "package").mkdir()
    write_package(tmp_path / "package", own)
    return tmp_path / "package"


def test_it_proves_itself_and_scores(folder: Path, scan: Volume, lesion: Region) -> None:
    package = load_package(folder)
    verified = {check.name: check for check in verify_package(folder).checks}
    assert all(check.ok for check in verified.values())
    said = package.predict(scan, lesion)
    assert tuple(said.scores) == CLASSES[package.manifest.kind]
    total = sum(said.scores.values())
    if package.manifest.kind == "ordinal":
        assert total == pytest.approx(1, abs=1e-12)
        assert said.decision in said.scores
        assert "3 classes that sum to 1" in verified["forward pass"].detail
    else:
        assert said.decision == (";".join(name for name, p in said.scores.items() if p >= 0.5) or "-")
        assert "2 labels that lie from 0 to 1" in verified["forward pass"].detail


def test_a_manifest_of_another_kind_than_the_recipe_is_refused(folder: Path) -> None:
    tree = json.loads((folder / MANIFEST).read_text())
    tree["kind"] = "classes"
    (folder / MANIFEST).write_bytes(canonical_json(tree))
    with pytest.raises(PackageError, match="kind: the recipe says"):
        load_package(folder)
