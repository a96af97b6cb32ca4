import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medidense.train.schedule import make_optimizer, make_schedule, rate_share
from medidense.values.recipe import Training


def rates(steps, **settings):
    return [rate_share(step, steps, Training(**settings)) for step in range(steps)]


@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from(["cosine", "one_cycle"]))
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
