import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medidense.train.schedule import make_optimizer, make_schedule, rate_share
from medidense.values.training import Training


def rates(steps, **settings):
    return [rate_share(step, steps, Training(**settings)) for step in range(steps)]


@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from(["cosine", "one_cycle", "steps"]))
def test_one_peak_where_the_warm_up_ends(steps, warmup, schedule):
    shares = rates(steps, warmup=warmup, schedule=schedule)
    peak = min(round(warmup * steps), steps - 1)
    assert shares[peak] == max(shares) == pytest.approx(1)
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert min(shares) >= 0


def test_one_cycle_is_that_of_torch_where_torch_can():
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    # torch ends the rise at step pct_start * steps - 1.
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, 40, pct_start=11 / 40, cycle_momentum=False)
    wanted = []
    for _ in range(40):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert rates(40, warmup=0.25) == pytest.approx(wanted, abs=1e-7)


def test_cosine_falls_along_half_a_cosine():
    shares = rates(10, warmup=0, schedule="cosine")
    assert shares == pytest.approx([(1 + math.cos(math.pi * step / 10)) / 2 for step in range(10)])


def test_cosine_rises_in_a_straight_line():
    assert rates(20, warmup=0.2, schedule="cosine")[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_optimizer_walks_through_the_schedule(name):
    net = torch.nn.Linear(2, 2)
    settings = Training(optimizer=name, learning_rate=0.5, warmup=0.5)
    optimizer = make_optimizer(net, settings)
    schedule = make_schedule(optimizer, settings, 8)
    used = []
    for _ in range(8):
        net(torch.ones(1, 2)).sum().backward()
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert used == pytest.approx([0.5 * share for share in rates(8, warmup=0.5)])
    assert optimizer.param_groups[0]["weight_decay"] == 0.02


def test_the_recipe_chooses_the_optimizer():
    net = torch.nn.Linear(2, 2)
    assert isinstance(make_optimizer(net, Training()), torch.optim.AdamW)
    sgd = make_optimizer(net, Training(optimizer="sgd"))
    assert isinstance(sgd, torch.optim.SGD)
    assert sgd.param_groups[0]["momentum"] == 0.9


def test_steps_divide_the_rate_by_ten_at_half_and_at_three_quarters():
    shares = rates(300, warmup=0, schedule="steps")
    assert shares[:150] == [1.0] * 150
    assert shares[150:225] == pytest.approx([0.1] * 75)
    assert shares[225:] == pytest.approx([0.01] * 75)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_kernels_alone_decay_where_the_recipe_says_so(name):
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(2, 2))
    optimizer = make_optimizer(net, Training(optimizer=name, weight_decay=0.1, decayed="kernels"))
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert {name for name, p in net.named_parameters() if decay[id(p)]} == {"0.weight", "2.weight"}
    assert len(decay) == len(list(net.parameters()))


def test_groups_keep_their_rates_when_they_are_halved():
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    groups = [(1.0, list(first.parameters())), (0.5, [second.weight])]
    settings = Training(learning_rate=0.4, weight_decay=0.1, decayed="kernels")
    found = make_optimizer(first, settings, groups).param_groups
    assert [(group["lr"], group["weight_decay"]) for group in found] == [(0.4, 0.1), (0.4, 0.0), (0.2, 0.1)]


def test_weights_that_join_later_gather_momentum_as_if_they_were_alone():
    nets = [torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)]
    nets[1].load_state_dict(nets[0].state_dict())
    settings = Training(optimizer="sgd", learning_rate=0.1, weight_decay=0.1)
    one = make_optimizer(nets[0], settings, [(1.0, list(nets[0].parameters()))])
    other = torch.optim.SGD(nets[1].parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)
    for step in range(4):
        for net, optimizer in zip(nets, (one, other), strict=True):
            net.bias.requires_grad_(step >= 2)
            optimizer.zero_grad()
            net(torch.ones(1, 2)).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(nets[0].weight, nets[1].weight)
    torch.testing.assert_close(nets[0].bias, nets[1].bias)
