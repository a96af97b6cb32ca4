"""A package that was touched is found out."""

import shutil
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import PackageError
from tests.verbs.conftest import World


def test_a_sound_package_passes_every_check(here: World) -> None:
    result = verbs.verify(here.package)
    assert result.ok
    assert all(check.ok for check in result.checks)


def test_one_changed_byte_is_named(here: World, tmp_path: Path) -> None:
    copy = tmp_path / "package"
    shutil.copytree(here.package, copy)
    weights = next(copy.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    result = verbs.verify(copy)
    assert not result.ok
    assert any(weights.name in check.detail for check in result.checks if not check.ok)
    with pytest.raises(PackageError, match=weights.name):
        verbs.score(copy, [here.fresh], lesions=here.lesions, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
