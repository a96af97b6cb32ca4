"""The loss of yes-or-no questions: by hand, against the rule of CORN, and deaf to empty cells."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from medidense.errors import UsageError
from medidense.nets import HEADS, build, with_head
from medidense.train import Regime, TrainingData, choose_device, fit
from medidense.train.answering import answer_loss, answer_weights, cell_weights, held_out_loss
from medidense.train.data import class_weights
from medidense.train.objective import Objective
from medidense.train.stopping import Stopping
from medidense.train.weighing import loss_weights
from medidense.values import EpochRecord
from medidense.values.training import Augmentation, EarlyStopping, Training

KNOWN = np.array([[1, -1], [0, 1], [1, 0], [-1, 0]])
LOGITS = torch.tensor([[2.0, 9.0], [0.5, -1.0], [-1.0, 0.25], [7.0, 0.0]])
CPU = torch.device("cpu")
PLAIN = Training()


def objective(labels, kind, settings=PLAIN, weights=None, **fields):
    data = TrainingData(np.zeros((len(labels), 1, 4, 4), dtype=np.float32), np.array(labels), **fields)
    given = np.ones((2, 2) if kind == "multi_label" else 3, dtype=np.float32) if weights is None else weights
    rule = Objective(data, torch.from_numpy(given), settings, CPU, HEADS[kind])
    return lambda outputs: rule(outputs, *rule.truth(torch.arange(len(labels))))


def test_several_labels_are_the_mean_of_the_known_cells():
    known = torch.from_numpy(KNOWN >= 0)
    wanted = binary_cross_entropy_with_logits(LOGITS[known], torch.from_numpy(KNOWN).float()[known])
    torch.testing.assert_close(objective(KNOWN, "multi_label")(LOGITS), wanted)


def test_by_hand_with_weights():
    weights = np.array([[1.0, 3.0], [0.5, 2.0]], dtype=np.float32)
    yes, no = -logsigmoid(LOGITS), -logsigmoid(-LOGITS)
    top = 3 * yes[0, 0] + no[1, 0] + 3 * yes[2, 0] + 2 * yes[1, 1] + 0.5 * no[2, 1] + 0.5 * no[3, 1]
    torch.testing.assert_close(objective(KNOWN, "multi_label", weights=weights)(LOGITS), top / 10)


def test_an_empty_cell_moves_no_number_and_no_gradient():
    logits = LOGITS.clone().requires_grad_(True)
    loss = objective(KNOWN, "multi_label")(logits)
    loss.backward()
    empty = torch.from_numpy(KNOWN < 0)
    assert (logits.grad[empty] == 0).all()
    assert (logits.grad[~empty] != 0).all()
    far = torch.where(empty, torch.tensor(-1e4), LOGITS)
    assert objective(KNOWN, "multi_label")(far) == loss.detach()


def test_a_batch_in_which_nothing_is_known_has_no_loss():
    auxiliary = np.zeros((4, 1), dtype=np.float32)
    rule = objective(np.full((4, 2), -1), "multi_label", auxiliary=auxiliary)
    assert rule((LOGITS, torch.zeros(4, 1))) == 0


def test_grades_are_the_loss_of_corn():
    labels = np.array([0, 1, 2, 2])
    logits, total, asked = LOGITS[:, :2], 0.0, 0
    for step in range(2):  # the published rule: for each step the rows that reached it
        there = torch.from_numpy(labels > step - 1)
        target = torch.from_numpy(labels > step)[there].float()
        own = logits[there, step]
        total = total - (logsigmoid(own) * target + (logsigmoid(own) - own) * (1 - target)).sum()
        asked += int(there.sum())
    torch.testing.assert_close(objective(labels, "ordinal")(logits), total / asked)


def test_the_loss_of_one_grade_is_the_log_of_its_score():
    logits = torch.tensor([[0.4, -0.7]], dtype=torch.float64)
    for grade, score in enumerate(HEADS["ordinal"].scores(logits)[0]):
        questions = HEADS["ordinal"].questions(np.array([grade]), 2)
        answers, weights = (torch.from_numpy(x).double() for x in (np.maximum(questions, 0), questions >= 0))
        mean = answer_loss(logits, answers, weights, smoothing=0.0, gamma=0.0)
        torch.testing.assert_close(mean * weights.sum(), -score.log())


def test_focal_and_smoothing():
    logits, answers, ones = torch.tensor([[1.0]]), torch.tensor([[1.0]]), torch.ones(1, 1)
    p = torch.sigmoid(torch.tensor(1.0))
    focal = answer_loss(logits, answers, ones, smoothing=0.0, gamma=2.0)
    torch.testing.assert_close(focal, -((1 - p) ** 2) * p.log())
    smooth = answer_loss(logits, answers, ones, smoothing=0.2, gamma=0.0)
    torch.testing.assert_close(smooth, -(0.9 * p.log() + 0.1 * (1 - p).log()))


def test_both_sides_of_a_label_weigh_the_same():
    labels = np.array([[1, 0], [0, 0], [0, -1], [-1, 0]])
    weights = answer_weights(labels)
    np.testing.assert_allclose(weights, [[0.75, 1.5], [0.5, 0.0]])
    np.testing.assert_array_equal(class_weights(labels, 2), weights)
    cells = cell_weights(HEADS["multi_label"], labels, labels, weights)
    np.testing.assert_allclose(cells, [[1.5, 0.5], [0.75, 0.5], [0.75, 0], [0, 0.5]])


def test_all_answers_of_a_row_weigh_by_its_grade():
    labels = np.array([0, 2, -1])
    questions = HEADS["ordinal"].questions(labels, 2)
    cells = cell_weights(HEADS["ordinal"], labels, questions, np.array([2, 3, 5], dtype=np.float32))
    assert cells.tolist() == [[2, 0], [5, 5], [0, 0]]


def test_held_out_cells_that_are_not_known_are_left_out():
    scores = np.array([[0.9, 0.01], [0.2, 0.5]])
    loss = held_out_loss(scores, np.array([[1, -1], [0, 1]]), np.array([[1.0, 3.0], [1.0, 1.0]]))
    assert loss == pytest.approx(-(3 * np.log(0.9) + np.log(0.8) + np.log(0.5)) / 5)
    assert held_out_loss(scores, np.full((2, 2), -1), np.ones((2, 2))) == np.inf


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 1, 32, 32)).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "labels", "outputs"),
    [
        ("multi_label", np.array([[1, 0], [0, -1], [1, 1], [-1, 0], [0, 1], [1, 0]]), 2),
        ("ordinal", np.array([0, 1, 2, 2, 1, 0]), 2),
    ],
)
def test_a_network_learns_by_heart_with_early_stopping(kind, labels, outputs):
    net = build("densenet_small", dims=2, channels=1, classes=outputs, dropout=0.0, seed=0)
    data = TrainingData(pictures(6), labels, pictures(6), labels)
    still = Augmentation(flip=False, rotate=0, scale=0, shift=0, gain=0, offset=0, noise=0)
    stopping = EarlyStopping(patience=40)
    settings = Training(epochs=40, batch_size=6, threads=1, augmentation=still, early_stopping=stopping)
    device = choose_device("cpu", settings)
    told = [
        r for r in fit(with_head(net, kind), data, Regime(settings, 0, device)) if isinstance(r, EpochRecord)
    ]
    assert told[-1].loss < 0.5 * told[0].loss
    assert min(record.validation_loss for record in told) < told[0].validation_loss


def test_stopping_looks_at_the_known_cells(monkeypatch):
    scores = np.array([[0.9, 0.01], [0.2, 0.5]])
    monkeypatch.setattr("medidense.train.stopping.predict_scores", lambda *_, **__: scores)
    labels = np.array([[1, -1], [0, 1]])
    data = TrainingData(pictures(2), labels, pictures(2), labels)
    settings = Training(early_stopping=EarlyStopping())
    rule = Stopping(data, settings, np.ones((2, 2), dtype=np.float32), choose_device("cpu", settings))
    wanted = -(np.log(0.9) + np.log(0.8) + np.log(0.5)) / 3
    assert rule.look(torch.nn.Linear(1, 1)) == pytest.approx(wanted)


def test_labels_of_another_kind_than_the_network_are_refused():
    net = build("densenet_small", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    several = TrainingData(pictures(2), np.array([[1, 0], [0, 1]]))
    with pytest.raises(UsageError, match=r"labels\.kind classes"):
        loss_weights(net, several, Training())
    with pytest.raises(UsageError, match=r"labels\.kind multi_label"):
        loss_weights(with_head(net, "multi_label"), TrainingData(pictures(2), np.array([1, 0])), Training())
