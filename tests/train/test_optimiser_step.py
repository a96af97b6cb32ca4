"""A step's gradients are those of the loss, and applying them moves weights, rate and average."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from medidense.train import Device, Regime, TrainingData, draw
from medidense.train.optimiser_step import OptimiserStep
from medidense.values.training import Augmentation, Training

STILL = Augmentation(flip=False, rotate=0, scale=0, shift=0, gain=0, offset=0, noise=0)


def test_gradients_are_those_of_the_loss_and_apply_makes_the_step():
    random = np.random.default_rng(0)
    images, labels = random.normal(size=(6, 1, 4, 4)).astype(np.float32), np.arange(6) % 2
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    settings = Training(optimizer="sgd", clip_norm=1e9, weight_decay=0, ema=0.5, augmentation=STILL)
    regime = Regime(settings, 0, Device("cpu", "fp32", 1))
    before = [parameter.detach().clone() for parameter in net.parameters()]
    step = OptimiserStep(net, TrainingData(images, labels), regime, np.ones(2, dtype=np.float32), 10)
    step.begin(1)
    part = torch.tensor([4, 1, 0])
    draws = torch.Generator().manual_seed(0)
    loss, norm = step.gradients(part, draw(STILL, 3, 2, draws), draws)
    expected = cross_entropy(net(torch.from_numpy(images)[part]), torch.from_numpy(labels)[part])
    gradients = torch.autograd.grad(expected, list(net.parameters()))
    torch.testing.assert_close(loss, expected.detach())
    torch.testing.assert_close(norm, torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients])))
    rate = step.rate
    step.apply()
    for was, now, gradient in zip(before, net.parameters(), gradients, strict=True):
        torch.testing.assert_close(now.detach(), was - rate * gradient * 1.9)  # Nesterov: 1 + momentum
    assert step.rate != rate
    for mine, theirs in zip(step.average.module.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)  # the first update copies
