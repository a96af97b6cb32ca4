from pathlib import Path

import pytest

from medidense.errors import WriteError
from medidense.rundir import code_digest, newest_sanity, note_sanity
from medidense.rundir import sanity as module


def test_the_newest_verdict_of_each_name_is_kept_for_this_code(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert newest_sanity(code_digest()) == ()
    note_sanity("phantom", passed=False, verdict="FAIL: first")
    cifar = note_sanity("cifar10-smoke", passed=True, verdict="PASS")
    phantom = note_sanity("phantom", passed=True, verdict="PASS: second")
    assert newest_sanity(code_digest()) == (cifar, phantom)
    assert phantom.line == f"phantom, {phantom.when[:10]}: PASS: second"


def test_another_code_has_none_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    note_sanity("phantom", passed=True, verdict="PASS")
    assert newest_sanity("0.1.0+0123456789abcdef") == ()
    monkeypatch.setattr(module, "code_digest", lambda: "0.1.0+0123456789abcdef")
    note_sanity("phantom", passed=True, verdict="PASS")
    assert len(newest_sanity("0.1.0+0123456789abcdef")) == 1


def test_a_torn_file_counts_as_none(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    note_sanity("phantom", passed=True, verdict="PASS")
    (file,) = tmp_path.rglob("*.json")
    for content in ("{", "[]", '{"phantom": {"name": 1}}', '{"phantom": 3}'):
        file.write_text(content)
        assert newest_sanity(code_digest()) == ()


def test_a_user_without_a_home_has_none_and_can_keep_none(monkeypatch):
    """As an arbitrary user of a container."""

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert newest_sanity(code_digest()) == ()
    with pytest.raises(WriteError, match="set XDG_STATE_HOME to a folder"):
        note_sanity("phantom", passed=True, verdict="PASS")
