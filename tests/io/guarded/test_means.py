import sys

import pytest

from medidense.io.guarded.means import Means, means, missing_guards


def test_linux_has_all_guards():
    assert means() == Means(workers=True, address_space=True)
    assert missing_guards() == ()


def test_macos_does_not_limit_memory(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    (said,) = missing_guards()
    assert "memory" in said
    assert means().workers


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.delattr("socket.AF_UNIX"),
        lambda patch: patch.setitem(sys.modules, "resource", None),
        lambda patch: patch.setattr(sys, "executable", ""),
        lambda patch: patch.setattr(sys, "frozen", True, raising=False),
    ],
    ids=["no local sockets", "no resource", "no interpreter", "frozen"],
)
def test_without_workers_it_is_said_what_that_means(monkeypatch, change):
    change(monkeypatch)
    (said,) = missing_guards()
    assert "in this process" in said
