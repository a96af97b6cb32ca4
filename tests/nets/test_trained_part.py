import itertools

import pytest
import torch

from medidense.nets import NETWORKS, build, freeze_all_but, network, rate_groups, trainable


def make(name="densenet_small"):
    return build(name, dims=2, channels=1, classes=2, dropout=0.0, seed=0)


def count(net, names):
    sizes = dict(net.named_parameters())
    return sum(sizes[name].numel() for name in names)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_choice_trains_its_part(name):
    record = network(name)
    with torch.device("meta"):
        net = make(name)
    every = [key for key, _ in net.named_parameters()]
    assert trainable(net, record, "everything") == tuple(every)
    head = trainable(net, record, "head")
    assert set(head) == {f"{record.head}.weight", f"{record.head}.bias"}
    last = set(trainable(net, record, "last_block"))
    assert last - set(head) == {
        key for key in every if key.startswith(tuple(f"{part}." for part in record.blocks[-1]))
    }
    norms = set(trainable(net, record, "norm")) - set(head)
    shapes = {key: value.shape for key, value in net.named_parameters()}
    assert norms == {key for key in every if len(shapes[key]) == 1 and key not in head}
    steps = [set(trainable(net, record, "gradual", blocks)) for blocks in range(len(record.blocks) + 1)]
    assert (steps[0], steps[1], steps[-1]) == (set(head), last, set(every))
    assert all(one < two for one, two in itertools.pairwise(steps))


def test_number_of_trained_parameters():
    net, record = make("densenet121"), network("densenet121")
    counts = {trains: count(net, trainable(net, record, trains)) for trains in ("everything", "head", "norm")}
    assert counts == {"everything": 6_949_634, "head": 2_050, "norm": 85_698}


def test_frozen_parameters_and_statistics_stay():
    net, record = make(), network("densenet_small")
    before = {key: value.clone() for key, value in net.state_dict().items()}
    net.train()
    freeze_all_but(net, trainable(net, record, "last_block"))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.autograd.backward(net(torch.randn(4, 1, 32, 32)).square().sum())
    optimizer.step()
    changed = {key for key, value in net.state_dict().items() if not torch.equal(before[key], value)}
    parts = ("features.denseblock3.", "features.norm5.", "class_layers.out.")
    assert changed
    assert all(key.startswith(parts) for key in changed)
    assert "features.denseblock3.denselayer1.layers.norm1.running_mean" in changed
    assert not net.features.norm0.training
    assert net.features.norm5.training


def test_normalisation_alone_keeps_the_convolutions_and_learns_statistics():
    net, record = make(), network("densenet_small")
    net.train()
    freeze_all_but(net, trainable(net, record, "norm"))
    assert net.features.norm0.training
    assert not net.features.conv0.weight.requires_grad


def test_rates_fall_with_the_distance_from_the_head():
    net, record = make("resnet18"), network("resnet18")
    groups = rate_groups(net, record, trainable(net, record, "everything"), 0.5)
    assert [share for share, _ in groups] == [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]
    assert {id(parameter) for parameter in groups[0][1]} == {id(net.fc.weight), id(net.fc.bias)}
    assert {id(net.conv1.weight)} < {id(parameter) for parameter in groups[-1][1]}
    assert sum(len(part) for _, part in groups) == len(list(net.parameters()))
