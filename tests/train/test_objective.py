"""The loss of classes and of auxiliary targets."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from medidense.nets import build
from medidense.nets.planes import PlanesNetwork
from medidense.train.data import TrainingData, standardized
from medidense.train.objective import Learner, Objective
from medidense.values.training import Training

PLAIN = Training()


def objective(labels, settings=PLAIN, **fields):
    images = np.zeros((len(labels), 1, 4, 4), dtype=np.float32)
    data = TrainingData(images, np.array(labels, dtype=np.int64), **fields)
    rule = Objective(data, torch.tensor([1.0, 3.0]), settings, torch.device("cpu"))
    return lambda outputs, index: rule(outputs, *rule.truth(index))


LOGITS = torch.tensor([[2.0, -1.0], [0.5, 0.5], [-1.0, 1.0]])


def test_labels_are_weighted_cross_entropy():
    loss = objective([0, 1, 1, 0])(LOGITS, torch.tensor([3, 1, 2]))
    wanted = cross_entropy(LOGITS, torch.tensor([0, 1, 1]), torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(loss, wanted)


def test_soft_targets_of_certainty_point_where_labels_point():
    targets = np.eye(2, dtype=np.float32)[[0, 1, 1]]
    loss = objective([0, 1, 1], targets=targets)(LOGITS, torch.arange(3))
    logs = -torch.log_softmax(LOGITS, 1)
    torch.testing.assert_close(loss, (logs[0, 0] + 3 * logs[1, 1] + 3 * logs[2, 1]) / 3)
    half = np.full((3, 2), 0.5, dtype=np.float32)
    sure = objective([-1, -1, -1], targets=half)(torch.zeros(3, 2), torch.arange(3))
    assert sure < objective([-1, -1, -1], targets=half)(LOGITS, torch.arange(3))


def test_unknown_auxiliary_cells_are_left_out():
    auxiliary = np.array([[1.0, np.nan], [np.nan, np.nan], [0.0, 2.0]], dtype=np.float32)
    rule = objective([0, 1, 1], auxiliary=auxiliary, auxiliary_weight=0.5)
    outputs = torch.tensor([[2.0, 99.0], [99.0, 99.0], [0.0, 0.0]], requires_grad=True)
    plain = objective([0, 1, 1])(LOGITS, torch.arange(3))
    loss = rule((LOGITS, outputs), torch.arange(3))
    torch.testing.assert_close(loss - plain, torch.tensor(0.5 * (1 + 0 + 4) / 3))
    loss.backward()
    assert outputs.grad[0, 1] == 0
    assert torch.isfinite(outputs.grad).all()


def test_a_batch_without_a_label_teaches_by_its_auxiliary_targets_alone():
    rule = objective([-1, -1, 1], auxiliary=np.ones((3, 1), dtype=np.float32), auxiliary_weight=1.0)
    loss = rule((LOGITS[:2], torch.zeros(2, 1)), torch.tensor([0, 1]))
    assert loss == 1.0
    mixed = objective([0, -1, 1], auxiliary=np.zeros((3, 1), dtype=np.float32))(LOGITS, torch.arange(3))
    wanted = cross_entropy(LOGITS[[0, 2]], torch.tensor([0, 1]), torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(mixed, wanted)


def test_the_learner_gives_the_network_s_own_logits_and_reads_its_features():
    for planes in (False, True):
        inner = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
        net = PlanesNetwork(inner) if planes else inner
        learner = Learner(net, 4).eval()
        images = torch.randn(2, 1, *((3, 32, 32) if planes else (32, 32)))
        with torch.no_grad():
            logits, auxiliary = learner(images)
            assert torch.equal(logits, net(images))
        assert auxiliary.shape == (2, 4)
        assert len(list(learner.parameters())) == len(list(net.parameters())) + 2
        assert not inner.class_layers.out._forward_pre_hooks


def test_columns_are_standardised_over_what_is_known():
    columns = np.array([[1, 5], [3, np.nan], [np.nan, 5]], dtype=np.float32)
    out = standardized(columns)
    np.testing.assert_allclose(out[:, 0], [-1, 1, np.nan])
    np.testing.assert_allclose(out[:, 1], [0, np.nan, 0])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("soft", [False, True])
def test_focal_loss_without_gamma_is_cross_entropy(soft, smoothing):
    targets = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], dtype=np.float32) if soft else None
    focal = Training(loss="focal", focal_gamma=0.0, label_smoothing=smoothing)
    rule = objective([0, 1, 1], settings=focal, targets=targets)
    plain = objective([0, 1, 1], settings=Training(label_smoothing=smoothing), targets=targets)
    torch.testing.assert_close(rule(LOGITS, torch.arange(3)), plain(LOGITS, torch.arange(3)))
    nearly = objective(
        [0, 1, 1],
        settings=Training(loss="focal", focal_gamma=1e-6, label_smoothing=smoothing),
        targets=targets,
    )
    torch.testing.assert_close(
        nearly(LOGITS, torch.arange(3)), plain(LOGITS, torch.arange(3)), rtol=1e-4, atol=1e-5
    )


def test_focal_loss_lets_the_told_ones_go():
    focal = objective([0, 1, 1], settings=Training(loss="focal", focal_gamma=2.0))
    plain = objective([0, 1, 1])
    sure, unsure = torch.tensor([[6.0, -6.0]] * 3), torch.tensor([[0.1, 0.0]] * 3)
    right = torch.tensor([0])
    assert focal(sure[:1], right) < 1e-8 < plain(sure[:1], right)
    share = float(torch.softmax(unsure[0], 0)[0])
    torch.testing.assert_close(focal(unsure[:1], right), plain(unsure[:1], right) * (1 - share) ** 2)


def test_smoothing_keeps_a_network_from_certainty():
    smooth = objective([0, 1, 1], settings=Training(label_smoothing=0.2))
    best = float(np.log(0.9 * 1 / (0.1 * 3)))  # the class not wanted weighs three
    losses = [float(smooth(torch.tensor([[x, 0.0]]), torch.tensor([0]))) for x in (best - 1, best, best + 1)]
    assert losses[1] == min(losses)
