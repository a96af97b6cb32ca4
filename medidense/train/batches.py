"""Which samples stand together in a batch?"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.train.data import TrainingData, deal
from medidense.values.training import Training

NEAREST = 4
"""A lesion's partner in a paired batch is drawn from this many of other classes, the nearest in volume."""


def epoch_batches(
    data: TrainingData, settings: Training, steps: int, order: torch.Generator
) -> list[torch.Tensor]:
    """The int64 indices of each of `steps` batches of one epoch, drawn from `order`.

    ``shuffled`` shows every sample once. ``balanced`` gives each class the same share of every batch and rows
    without a label the share they have in the training part; a rarer class is then shown more often than
    once, a frequent one less often. A paired batch holds lesions drawn at random, each beside one of another
    class and of like volume.
    """
    shuffled = deal(len(data.labels), steps, order)
    sizes = [len(batch) for batch in shuffled]
    batches = list(shuffled) if settings.sampling == "shuffled" else _balanced(data.labels, sizes, order)
    if settings.size_paired > 0 and data.volumes is not None:
        paired = torch.rand(steps, generator=order) < settings.size_paired
        for step in torch.nonzero(paired).flatten().tolist():
            batches[step] = _paired(data.labels, data.volumes, sizes[step], order)
    return batches


def _balanced(labels: NDArray[np.int64], sizes: Sequence[int], order: torch.Generator) -> list[torch.Tensor]:
    """Batches of these sizes with equal shares of the classes."""
    decks = {int(label): _Deck(np.flatnonzero(labels == label), order) for label in np.unique(labels)}
    silent = decks.pop(-1, None)
    share = float(np.mean(labels < 0))
    batches = []
    for size in sizes:
        without = 0 if silent is None else min(_rounded(size * share, order), max(0, size - len(decks)))
        rest = np.full(len(decks), (size - without) // len(decks))
        rest[torch.randperm(len(decks), generator=order)[: (size - without) % len(decks)].numpy()] += 1
        hands = [deck.draw(int(count)) for deck, count in zip(decks.values(), rest, strict=True)]
        if silent is not None:
            hands.append(silent.draw(without))
        batches.append(torch.from_numpy(np.concatenate(hands)))
    return batches


def _paired(
    labels: NDArray[np.int64], volumes: NDArray[np.float64], size: int, order: torch.Generator
) -> torch.Tensor:
    """Half of `size` labelled lesions, and for each a partner of another class and of like volume."""
    labelled = np.flatnonzero(labels >= 0)
    chosen = labelled[torch.randperm(len(labelled), generator=order)[: max(1, size // 2)].numpy()]
    partners = []
    for lesion in chosen:
        others = labelled[labels[labelled] != labels[lesion]]
        apart = np.abs(np.log(volumes[others] / volumes[lesion]))
        nearest = others[np.argsort(apart, kind="stable")[:NEAREST]]
        partners.append(nearest[int(torch.randint(len(nearest), (), generator=order))])
    return torch.from_numpy(np.concatenate([chosen, np.array(partners)]).astype(np.int64))


def _rounded(value: float, order: torch.Generator) -> int:
    """`value` rounded up or down at random, so that the mean over many draws is `value`."""
    return int(value + float(torch.rand((), generator=order)))


class _Deck:
    """Indices dealt in random order; reshuffled once all have been shown."""

    def __init__(self, cards: NDArray[np.int64], order: torch.Generator) -> None:
        self._cards, self._order = cards, order
        self._left: NDArray[np.int64] = cards[:0]

    def draw(self, count: int) -> NDArray[np.int64]:
        """The next `count` cards."""
        while len(self._left) < count:
            fresh = self._cards[torch.randperm(len(self._cards), generator=self._order).numpy()]
            self._left = np.concatenate([self._left, fresh])
        hand, self._left = self._left[:count], self._left[count:]
        return hand
