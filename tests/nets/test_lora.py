import sys

import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import add_lora, build, merge_lora, network, recompute, trainable
from medidense.nets.fused import fusable


def make(dims):
    return build("densenet_small", dims=dims, channels=1, classes=2, dropout=0.0, seed=0).eval()


@pytest.mark.slow  # the library takes seconds to load
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("lean", [False, True])
def test_what_is_learnt_is_merged_into_the_plain_network(dims, lean):
    net, record, image = make(dims), network("densenet_small"), torch.randn(2, 1, *[32] * dims)
    if lean:
        recompute(net)
    names = list(net.state_dict())
    with torch.no_grad():
        plain = net(image)
        add_lora(net, record, rank=4, seed=1)
        torch.testing.assert_close(net(image), plain)
        learnt = trainable(net, record, "lora")
        assert {name.split(".lora_")[0] for name in learnt if ".lora_" in name} >= {"features.conv0"}
        assert sum(".lora_" in name for name in learnt) == 2 * (1 + 24 + 2)
        for name, parameter in net.named_parameters():
            if name in learnt:
                parameter.add_(0.05 * torch.randn_like(parameter))
        adapted = net(image)
        assert not torch.allclose(adapted, plain)
        merge_lora(net)
        torch.testing.assert_close(net(image), adapted, rtol=1e-4, atol=1e-4)
    assert list(net.state_dict()) == names


@pytest.mark.slow
def test_the_seed_alone_decides_the_first_factors():
    nets = []
    for seed in (1, 1, 2):
        nets.append(make(2))
        torch.manual_seed(len(nets))
        add_lora(nets[-1], network("densenet_small"), rank=2, seed=seed)
    weights = [net.features.conv0.lora_A["default"].weight for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UsageError, match=r"medidense\[finetune\]"):
        add_lora(make(2), network("densenet_small"), rank=2, seed=0)


@pytest.mark.slow
def test_a_network_with_factors_is_scored_as_it_is():
    net = make(2)
    before = fusable(net)
    add_lora(net, network("densenet_small"), rank=2, seed=0)
    assert not fusable(net)
    merge_lora(net)
    assert fusable(net) == before
