import numpy as np
import pytest
import torch

from medidense.errors import UsageError
from medidense.train import Device, TrainingData
from medidense.train.stopping import Stopping
from medidense.values.training import EarlyStopping, Training

CPU = Device("cpu", "fp32", 1)
IMAGES = np.zeros((4, 1, 2, 2), dtype=np.float32)
LABELS = np.array([0, 0, 0, 1])
STOPPING = Training(early_stopping=EarlyStopping(patience=2))


class Fixed(torch.nn.Module):
    """Always the same logits: 0 for class 0, `logit` for class 1."""

    def __init__(self, logit):
        super().__init__()
        self.logit = torch.nn.Parameter(torch.tensor([0.0, logit]))

    def forward(self, images):
        return self.logit.expand(len(images), 2)


def stopping(settings, weights=(1.0, 1.0)):
    data = TrainingData(IMAGES, LABELS, IMAGES, LABELS)
    return Stopping(data, settings, np.array(weights, dtype=np.float32), CPU)


def test_loss_is_the_weighted_cross_entropy_of_torch():
    weights = (0.5, 3.0)
    wanted = torch.nn.functional.cross_entropy(
        Fixed(0.7)(torch.from_numpy(IMAGES)), torch.from_numpy(LABELS), torch.tensor(weights)
    )
    assert stopping(STOPPING, weights).look(Fixed(0.7)) == pytest.approx(wanted.item(), rel=1e-6)


def test_keeps_the_lowest_and_stops_after_patience():
    watch, logits = stopping(STOPPING), iter((1.0, -1.0, 3.0, -0.5, 0.0))
    seen = []
    for epoch in watch.epochs(after=2):
        watch.look(Fixed(next(logits)))
        seen.append(epoch)
    assert seen == [3, 4, 5, 6]
    assert list(watch.epochs(after=6)) == []
    assert watch.best["logit"].tolist() == [0.0, -1.0]


def test_keeps_a_copy_of_the_weights():
    watch, net = stopping(STOPPING), Fixed(-1.0)
    watch.look(net)
    with torch.no_grad():
        net.logit += 5
    assert watch.best["logit"].tolist() == [0.0, -1.0]


def test_without_early_stopping_it_never_looks():
    watch = stopping(Training())
    assert watch.look(None) is None
    assert watch.best is None
    assert list(watch.epochs(after=0)) == list(range(1, Training().epochs + 1))


def test_early_stopping_needs_a_validation_part():
    with pytest.raises(UsageError, match="needs a validation part"):
        Stopping(TrainingData(IMAGES, LABELS), STOPPING, np.ones(2, dtype=np.float32), CPU)
