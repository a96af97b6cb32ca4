"""Which optimiser, and how large is each of its steps?"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from medidense.values.training import Training

START = 1 / 25
"""Share of the peak rate that one-cycle starts from (Smith and Topin, arXiv 1708.07120)."""

END = 1 / 250_000
"""Share of the peak rate that one-cycle ends with."""

MOMENTUM = 0.9

FALLS = (0.5, 0.75)
"""Shares of all steps at which ``steps`` divides the rate by 10 (Huang et al., CVPR 2017, section 4.2)."""

Groups = Sequence[tuple[float, Sequence[torch.nn.Parameter]]]
"""Parameters with their share of the learning rate."""


def make_optimizer(
    net: torch.nn.Module, settings: Training, groups: Groups | None = None
) -> torch.optim.Optimizer:
    """AdamW, or SGD with Nesterov momentum 0.9, over all parameters of `net`, or over `groups` of them.

    The fused kernels do the same sums in one pass; on a CPU they take a third of the time. Where kernels
    alone decay, each group becomes two. Of `groups` some may join later, when others have a momentum already.
    """
    rate, decay = settings.learning_rate, settings.weight_decay
    parts: list[dict[str, Any]] = [
        {"params": list(parameters), "lr": rate * share}
        for share, parameters in groups or [(1.0, list(net.parameters()))]
    ]
    if settings.decayed == "kernels":
        parts = [half for part in parts for half in _halves(part)]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parts, lr=rate, weight_decay=decay, fused=True)
    made = torch.optim.SGD(parts, lr=rate, momentum=MOMENTUM, nesterov=True, weight_decay=decay, fused=True)
    if groups is not None:
        _at_rest(made)
    return made


def make_schedule(optimizer: torch.optim.Optimizer, settings: Training, steps: int) -> LambdaLR:
    """The learning rate of each of `steps` optimiser steps, one call of ``step()`` after each."""
    return LambdaLR(optimizer, lambda step: rate_share(step, steps, settings))


def rate_share(step: int, steps: int, settings: Training) -> float:
    """The learning rate of step `step` (from 0) of `steps`, as a share of the recipe's peak.

    The peak, 1, is at step ``round(warmup * steps)``, or at the last step if that comes first. ``one_cycle``
    rises to it along half a cosine from 1/25 and falls along another to 1/250000. ``cosine`` rises in a
    straight line and falls along half a cosine towards 0. ``steps`` rises so too and is divided by 10 after
    half and after three quarters of all steps. Written out, because torch's own one-cycle divides
    by zero when the rise takes exactly one step.

    >>> [round(rate_share(step, 5, Training(warmup=0.4)), 3) for step in range(5)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    peak = min(round(settings.warmup * steps), steps - 1)
    one_cycle = settings.schedule == "one_cycle"
    if step < peak:
        return _between(START, 1.0, step / peak) if one_cycle else (step + 1) / (peak + 1)
    if one_cycle:
        return _between(1.0, END, min(1.0, (step - peak) / max(1, steps - 1 - peak)))
    if settings.schedule == "steps":
        return float(0.1 ** sum(step >= fall * steps and step > peak for fall in FALLS))
    return _between(1.0, 0.0, min(1.0, (step - peak) / (steps - peak)))


def _at_rest(optimizer: torch.optim.SGD) -> None:
    """Give every parameter the momentum 0, which the first gradient changes to itself, as a missing one.

    The fused kernel takes all momenta of a group or none, and one that joins later would lack its own.
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def _halves(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A group of parameters as its kernels and the rest, which does not decay; an empty half is left out."""
    kernels = [parameter for parameter in part["params"] if parameter.ndim > 1]
    others = [parameter for parameter in part["params"] if parameter.ndim <= 1]
    halves = [part | {"params": kernels}, part | {"params": others, "weight_decay": 0.0}]
    return [half for half in halves if half["params"]]


def _between(first: float, last: float, share: float) -> float:
    """From `first` to `last` along half a cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
