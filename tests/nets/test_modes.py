import pytest
import torch

from medidense.nets import evaluating


def test_every_module_is_back_in_its_own_mode():
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout())
    net.train()
    net[0].eval()
    with evaluating(net):
        assert [module.training for module in net.modules()] == [False, False, False]
    assert [module.training for module in net.modules()] == [True, False, True]


def test_also_after_an_error():
    net = torch.nn.Dropout().train()
    with pytest.raises(KeyError), evaluating(net):
        raise KeyError
    assert net.training
