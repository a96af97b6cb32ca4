import hashlib
import hmac
from pathlib import Path

import pytest

from medidense.errors import UsageError
from medidense.track import pseudonym, pseudonym_key


def test_the_key_is_made_once_private_and_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = pseudonym_key()
    path = tmp_path / "config" / "medidense" / "pseudonym.key"
    assert path.read_bytes() == key == pseudonym_key()
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert pseudonym_key() != key


def test_without_xdg_the_key_lies_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    pseudonym_key()
    assert (tmp_path / ".config" / "medidense" / "pseudonym.key").is_file()


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config" / "medidense" / "pseudonym.key"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"short")
    with pytest.raises(UsageError, match="5 bytes"):
        pseudonym_key()


def test_pseudonyms_are_hmac_sha256() -> None:
    key = b"k" * 32
    expected = hmac.new(key, "Müller^Anna".encode(), hashlib.sha256).hexdigest()[:10]
    assert pseudonym(key, "Müller^Anna") == f"S-{expected}"
    assert pseudonym(b"j" * 32, "Müller^Anna") != pseudonym(key, "Müller^Anna")
    assert len({pseudonym(key, f"P{number}") for number in range(2000)}) == 2000
