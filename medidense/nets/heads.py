"""How do a network's outputs become scores, and which questions does its training ask of each row?

A network carries its head (`head_of`), so that whoever has the network has the one way to its scores. The
trainings of several labels and of grades are the same: yes-or-no questions, of which a row answers some.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.values import Kind

Questions = NDArray[np.int64]
"""(N, outputs): 1 yes, 0 no, -1 not asked of this row."""


class Head(ABC):
    """What the outputs of a network mean. `sums_to_one`: its scores are a distribution over the classes."""

    kind: Kind
    sums_to_one = True

    @abstractmethod
    def outputs(self, classes: int) -> int:
        """How many outputs a network for so many classes has."""

    @abstractmethod
    def classes(self, outputs: int) -> int:
        """How many classes a network with so many outputs is for."""

    @abstractmethod
    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities (..., classes) in 0..1 for logits (..., outputs)."""

    @abstractmethod
    def evidence(self, logits: torch.Tensor) -> torch.Tensor:
        """A sum of logits for each class, (..., classes) for (..., outputs), that speaks for it."""

    @abstractmethod
    def questions(self, labels: NDArray[np.int64], outputs: int) -> Questions | None:
        """What each output is asked of each row; None where the classes are one question with one answer."""


class OneClass(Head):
    """One of several classes: the softmax of a logit for each."""

    kind: Kind = "classes"

    def outputs(self, classes: int) -> int:
        """One for each class."""
        return classes

    def classes(self, outputs: int) -> int:
        """One for each output."""
        return outputs

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """The softmax."""
        return torch.softmax(logits, dim=-1)

    def evidence(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits themselves."""
        return logits

    def questions(self, labels: NDArray[np.int64], outputs: int) -> Questions | None:
        """None: which class it is."""
        return None


class Labels(OneClass):
    """Any of several labels at once: the sigmoid of a logit for each."""

    kind: Kind = "multi_label"
    sums_to_one = False

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """The sigmoids."""
        return torch.sigmoid(logits)

    def questions(self, labels: NDArray[np.int64], outputs: int) -> Questions | None:
        """The labels (N, L) themselves, -1 where one is not known."""
        return labels


class Grades(Head):
    """One of K grades in order: logit k is of "above grade k, given that it is not below" (CORN).

    The chance of being above grade k is the product of the first k + 1 conditional ones (Shi, Cao, Raschka
    2021, arXiv 2111.08851, section 3: the chain rule of probability), so it never rises with k.
    """

    kind: Kind = "ordinal"

    def outputs(self, classes: int) -> int:
        """One fewer than grades."""
        return classes - 1

    def classes(self, outputs: int) -> int:
        """One more than outputs."""
        return outputs + 1

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """The chance of reaching each grade times that of not passing it: products in 0..1 that sum to 1."""
        one = torch.ones_like(logits[..., :1])
        reached = torch.cat([one, torch.cumprod(torch.sigmoid(logits), dim=-1)], dim=-1)
        not_passed = torch.cat([torch.sigmoid(-logits), one], dim=-1)
        return reached * not_passed

    def evidence(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits that must be high for the grade, less the one that must be low."""
        none = torch.zeros_like(logits[..., :1])
        climbed = torch.cat([none, torch.cumsum(logits, dim=-1)], dim=-1)
        return climbed - torch.cat([logits, none], dim=-1)

    def questions(self, labels: NDArray[np.int64], outputs: int) -> Questions | None:
        """Of a row of grade g: is it above 0, 1, ... g? What comes after the first no is not asked.

        >>> Grades().questions(np.array([0, 1, 2]), 2).tolist()
        [[0, -1], [1, 0], [1, 1]]
        """
        steps = np.arange(outputs)
        answers = (labels[:, None] > steps).astype(np.int64)
        return np.where(labels[:, None] >= steps, answers, -1)


HEADS: Mapping[Kind, Head] = MappingProxyType({head.kind: head for head in (OneClass(), Labels(), Grades())})
"""The head of each kind of truth."""

_CARRIED = "medidense_head"


def with_head(net: torch.nn.Module, kind: Kind) -> torch.nn.Module:
    """The network, which from now on says that its outputs are of this kind; its copies do too."""
    setattr(net, _CARRIED, HEADS[kind])
    return net


def head_of(net: torch.nn.Module) -> Head:
    """What the outputs of this network mean; one that does not say gives a logit for each class."""
    head = getattr(net, _CARRIED, HEADS["classes"])
    return head if isinstance(head, Head) else HEADS["classes"]
