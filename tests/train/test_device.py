import os

import pytest
import torch

from medidense.errors import RecipeError, UsageError
from medidense.train import Device, choose_device
from medidense.train.device import Setting
from medidense.values.training import Training


@pytest.fixture
def gpu(monkeypatch):
    def pretend(present):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: present)

    return pretend


def test_auto_takes_the_gpu_that_is_there(gpu):
    gpu(True)
    assert choose_device("auto", Training(threads=1)) == Device("cuda", "bf16", 1)
    assert choose_device("cuda", Training(threads=1, precision="fp32")) == Device("cuda", "fp32", 1)
    assert choose_device("cpu", Training(threads=1)) == Device("cpu", "fp32", 1)


def test_without_one_auto_is_the_cpu_and_cuda_an_error(gpu):
    gpu(False)
    assert choose_device("auto", Training(threads=2)) == Device("cpu", "fp32", 2)
    with pytest.raises(UsageError, match="no CUDA device"):
        choose_device("cuda", Training())


def test_all_cores_are_counted_at_once(gpu, monkeypatch):
    gpu(False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1, 4, 6})
    assert choose_device("auto", Training(threads=0)).threads == 3


def test_bf16_on_a_cpu_is_refused():
    with pytest.raises(RecipeError, match=r"training\.precision"):
        choose_device("cpu", Training(precision="bf16"))


def test_unknown_device_is_refused():
    with pytest.raises(UsageError, match="choose auto, cpu or cuda"):
        choose_device("tpu", Training())


def test_random_state_goes_on_inside_and_stays_outside():
    def numbers(disturb):
        setting, drawn = Setting(Device("cpu", "fp32", 1), seed=3), []
        for _ in range(3):
            with setting.held():
                drawn += torch.rand(2).tolist()
            disturb()
        return drawn

    torch.manual_seed(9)
    before = torch.get_rng_state()
    quiet = numbers(lambda: None)
    assert torch.equal(torch.get_rng_state(), before)
    assert numbers(lambda: torch.rand(5)) == quiet
    assert len(set(quiet)) == 6


def test_switches_and_threads_are_put_back_after_an_error():
    threads = torch.get_num_threads()
    setting = Setting(Device("cpu", "fp32", threads + 1), seed=0)
    with pytest.raises(KeyError), torch.no_grad(), setting.held():
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_grad_enabled()
        assert torch.get_num_threads() == threads + 1
        raise KeyError
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads


def test_several_devices_share_the_cores_and_are_refused_where_they_cannot_be(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert choose_device("cpu", Training(), 3) == Device("cpu", "fp32", 2, 3)
    assert choose_device("cpu", Training(threads=4), 3).threads == 4
    with pytest.raises(RecipeError, match="a compiled network trains on one device"):
        choose_device("cpu", Training(compile=True), 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UsageError, match="torch sees 2 CUDA devices; found 3"):
        choose_device("auto", Training(), 3)
    assert choose_device("auto", Training(), 2).devices == 2
