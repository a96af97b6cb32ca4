"""Does verification find what is wrong, and say which check found it?"""

import json
import shutil
from pathlib import Path

import pytest

from medidense import durable
from medidense.errors import PackageError
from medidense.package import verify_package
from medidense.package.files import canonical_json

NAMES = ["manifest", "files", "networks", "forward pass", "self-test"]


def copied(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "package"))


def put(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and make the manifest agree with it."""
    (folder / name).write_bytes(content)
    tree = json.loads((folder / "manifest.json").read_bytes())
    tree["files"][name] = durable.sha256_file(folder / name)
    (folder / "manifest.json").write_bytes(canonical_json(tree))


def test_a_sound_package_holds_bit_for_bit(written: Path) -> None:
    found = verify_package(written)
    assert found.ok
    assert [check.name for check in found.checks] == NAMES
    assert found.checks[-1].detail == "the stored scores repeat bit for bit"
    assert durable.sha256_file(written / "manifest.json") in found.checks[0].detail


def test_the_check_that_fails_is_the_last(written: Path, tmp_path: Path) -> None:
    folder = copied(written, tmp_path)
    with (folder / "fold_0.safetensors").open("ab") as stream:
        stream.write(b"0")
    found = verify_package(folder)
    assert not found.ok
    assert [check.ok for check in found.checks] == [True, False]
    assert "fold_0.safetensors" in found.checks[-1].detail
    (folder / "manifest.json").unlink()
    assert [check.name for check in verify_package(folder).checks] == ["manifest"]
    with pytest.raises(PackageError):
        verify_package(tmp_path / "none")


@pytest.mark.parametrize(
    ("shift", "ok", "told"), [(3e-6, True, "repeat to 3.0e-06"), (1e-3, False, "they differ by 0.001")]
)
def test_scores_may_differ_in_the_last_digits_only(
    written: Path, tmp_path: Path, shift: float, ok: bool, told: str
) -> None:
    folder = copied(written, tmp_path)
    tree = json.loads((folder / "selftest.json").read_bytes())
    tree["scores"][0] += shift
    put(folder, "selftest.json", canonical_json(tree))
    found = verify_package(folder)
    assert found.ok is ok
    assert told in found.checks[-1].detail


@pytest.mark.parametrize(
    "tree",
    [{}, {"seed": -1, "scores": [0.5, 0.5]}, {"seed": 20, "scores": [1.0]}, {"seed": 20, "scores": "x"}],
)
def test_a_self_test_that_holds_nothing_is_found(
    written: Path, tmp_path: Path, tree: dict[str, object]
) -> None:
    folder = copied(written, tmp_path)
    put(folder, "selftest.json", canonical_json(tree))
    found = verify_package(folder)
    assert [check.ok for check in found.checks] == [True] * 4 + [False]


def test_networks_that_give_no_number_are_found(written: Path, tmp_path: Path) -> None:
    import safetensors.torch

    folder = copied(written, tmp_path)
    tensors = safetensors.torch.load((folder / "fold_0.safetensors").read_bytes())
    tensors["class_layers.out.bias"][0] = float("nan")
    put(folder, "fold_0.safetensors", safetensors.torch.save(tensors))
    found = verify_package(folder)
    assert [check.ok for check in found.checks] == [True] * 3 + [False]
