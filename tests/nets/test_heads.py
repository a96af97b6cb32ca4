"""What outputs mean: scores of classes, labels and grades, and the questions each row answers."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medidense.nets import HEADS, build_for, count_classes, head_of, with_head
from medidense.values import parse_recipe

LOGITS = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-80, 80))


@given(LOGITS)
def test_the_scores_of_grades_are_a_distribution_and_agree_with_the_chain_rule(logits):
    scores = HEADS["ordinal"].scores(torch.from_numpy(logits)).numpy()
    assert scores.shape == (len(logits), logits.shape[1] + 1)
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-12)
    above = 1 - np.cumsum(scores, axis=1)[:, :-1]
    np.testing.assert_allclose(above, np.cumprod(1 / (1 + np.exp(-logits)), axis=1), atol=1e-12)
    assert (np.diff(above, axis=1) <= 1e-12).all()


def test_grades_by_hand():
    scores = HEADS["ordinal"].scores(torch.tensor([[0.0, np.log(3.0)]]))
    np.testing.assert_allclose(scores.numpy(), [[0.5, 0.125, 0.375]], rtol=1e-6)


def test_labels_have_a_score_each_and_classes_share_one():
    logits = torch.tensor([[0.0, 2.0]])
    np.testing.assert_allclose(HEADS["multi_label"].scores(logits), [[0.5, 0.8807971]], rtol=1e-6)
    assert torch.equal(HEADS["classes"].scores(logits), torch.softmax(logits, dim=1))


@pytest.mark.parametrize("kind", HEADS)
def test_evidence_for_a_class_raises_its_score(kind):
    head, logits = HEADS[kind], torch.tensor([[0.3, -0.2, 0.1]], dtype=torch.float64)
    for column in range(head.classes(3)):
        moved = logits.clone().requires_grad_(True)
        (step,) = torch.autograd.grad(head.evidence(moved)[0, column], moved)
        assert head.scores(logits + 0.1 * step)[0, column] > head.scores(logits)[0, column]


def test_a_row_is_asked_up_to_its_first_no():
    questions = HEADS["ordinal"].questions(np.array([0, 1, 3, -1]), 3)
    assert questions.tolist() == [[0, -1, -1], [1, 0, -1], [1, 1, 1], [-1, -1, -1]]


@pytest.mark.parametrize(("kind", "outputs"), [("classes", 4), ("multi_label", 4), ("ordinal", 3)])
def test_a_network_carries_the_head_of_its_recipe(kind, outputs):
    window = {"rule": "window", "low": 0, "high": 1}
    given = {"dims": 2, "region": "whole", "size": [32, 32], "intensity": window}
    tree = {"input": given, "labels": {"kind": kind}, "network": {"name": "densenet_small"}}
    net = build_for(parse_recipe(tree, "test"), 4).eval()
    assert net(torch.zeros(1, 1, 32, 32)).shape == (1, outputs)
    assert head_of(copy.deepcopy(net)).kind == kind
    assert count_classes(net, (1, 32, 32)) == 4


def test_a_network_that_does_not_say_gives_classes():
    net = torch.nn.Linear(2, 2)
    assert head_of(net).kind == "classes"
    assert head_of(with_head(net, "ordinal")).kind == "ordinal"
