"""What is the loss of yes-or-no questions of which each row answers some: several labels, grades in order?

Each cell weighs by itself, 0 where nothing is known, so an empty cell changes no number and no gradient.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import logsigmoid

from medidense.nets import Head, Questions

TINY = float(np.finfo(np.float64).tiny)


def answer_weights(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of several labels (N, L) the weight of no and of yes, float32 (L, 2): known / (2 x of that side).

    So both sides of a label weigh the same, and a label weighs as its known cells do. A side that no row has
    gets 0.

    >>> answer_weights(np.array([[0], [0], [0], [1], [-1]])).tolist()
    [[0.6666666865348816, 2.0]]
    """
    counts = np.stack([(labels == side).sum(axis=0) for side in (0, 1)], axis=1)
    weights = counts.sum(axis=1, keepdims=True) / (2 * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0.0).astype(np.float32)


def cell_weights(
    head: Head, labels: NDArray[np.int64], questions: Questions, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The weight of each answer, float32 (N, outputs), 0 where there is none.

    `weights` is (L, 2) of several labels, where a cell weighs by its side; (classes,) of grades, where all
    answers of a row weigh by its grade.
    """
    known = questions >= 0
    if head.kind == "multi_label":
        each = weights[np.arange(questions.shape[1]), np.maximum(questions, 0)]
    else:
        each = weights[np.maximum(labels, 0)][:, None]
    return np.where(known, each, 0).astype(np.float32)


def answer_loss(
    logits: torch.Tensor, answers: torch.Tensor, weights: torch.Tensor, *, smoothing: float, gamma: float
) -> torch.Tensor:
    """The weighted mean of the answers' binary cross entropy, with `gamma` > 0 focal; 0 where none weighs.

    All are (N, outputs), `answers` 0 or 1. Smoothing draws them towards one half. The focal loss is that of
    Lin et al. (ICCV 2017, equation 4). Of grades, unweighted, it is the loss of CORN (Shi, Cao, Raschka 2021,
    arXiv 2111.08851): the sum over all questions asked, divided by their number.
    """
    wanted = answers * (1 - smoothing) + smoothing / 2
    yes, no = logsigmoid(logits), logsigmoid(-logits)
    each = -(wanted * yes * no.exp() ** gamma + (1 - wanted) * no * yes.exp() ** gamma)
    return (each * weights).sum() / weights.sum().clamp(min=torch.finfo(logits.dtype).tiny)


def held_out_loss(
    scores: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """The weighted mean cross entropy of known cells, for probabilities and labels (N, L) that were held out.

    A side that the training part lacks weighs 1; infinity where no cell is known.
    """
    known = labels >= 0
    if not known.any():
        return float("inf")
    given = np.where(labels == 1, scores, 1 - scores)[known]
    side = np.where(weights > 0, weights, 1)[np.arange(labels.shape[1]), np.maximum(labels, 0)][known]
    return float(np.average(-np.log(np.maximum(given, TINY)), weights=side))
