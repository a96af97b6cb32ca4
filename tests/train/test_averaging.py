import pytest
import torch

from medidense.train import average_of


def walk(net, steps=12):
    """The weights and the batch-norm mean after each of some steps that change them at random."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        with torch.no_grad():
            net[0].weight += torch.randn(net[0].weight.shape, generator=generator)
            net[1].running_mean += torch.randn(3, generator=generator)
        yield net[0].weight.detach().clone(), net[1].running_mean.clone()


@pytest.mark.parametrize("decay", [0.98, 0.3, 0.0])
def test_equals_the_average_by_hand(decay):
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    average, wanted = average_of(net, decay), None
    for count, (weight, mean) in enumerate(walk(net)):
        average.update_parameters(net)
        if wanted is None:
            wanted = [weight.double(), mean.double()]
        kept = min(decay, (1 + count) / (10 + count)) if count else 0
        wanted = [
            kept * old + (1 - kept) * new.double() for old, new in zip(wanted, (weight, mean), strict=True)
        ]
    torch.testing.assert_close(average.module[0].weight.double(), wanted[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(average.module[1].running_mean.double(), wanted[1], rtol=0, atol=1e-5)


def test_no_decay_gives_the_network_itself_to_the_last_bit():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    average = average_of(net, 0.0)
    for weight, mean in walk(net):
        average.update_parameters(net)
        assert torch.equal(average.module[0].weight, weight)
        assert torch.equal(average.module[1].running_mean, mean)


def test_the_network_is_not_touched():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    average = average_of(net, 0.9)
    for weight, _ in walk(net):
        average.update_parameters(net)
        assert torch.equal(net[0].weight, weight)
