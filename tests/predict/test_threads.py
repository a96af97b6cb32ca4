import os

import pytest
import torch

from medidense.errors import UsageError
from medidense.predict import count_threads, limit_threads


def test_the_number_holds_inside_and_is_put_back():
    before = torch.get_num_threads()
    with limit_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        with limit_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_put_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), limit_threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


def test_none_means_the_cores_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 3, 5})
    assert count_threads(0) == 3
    assert count_threads(2) == 2
    monkeypatch.delattr(os, "sched_getaffinity")  # macOS
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert count_threads(0) == 5


def test_negative_is_refused():
    with pytest.raises(UsageError, match="must not be negative"):
        count_threads(-1)
