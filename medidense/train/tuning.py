"""Which weights may the loop change, in which epoch, and how fast?"""

from dataclasses import dataclass

import torch

from medidense.nets import NetworkRecord, bare, freeze_all_but, rate_groups, trainable
from medidense.values.network import Start


@dataclass(frozen=True)
class Tuning:
    """A fine-tuning of a network of `record`, or of one shared by planes, over `epochs` epochs. All that it
    does follows from the epoch, so a training that goes on half-way does the same."""

    record: NetworkRecord
    start: Start
    epochs: int

    def names(self, net: torch.nn.Module, epoch: int) -> tuple[str, ...]:
        """The parameters that epoch `epoch` (from 1) changes, by their names in the bare network."""
        blocks = sum(first <= epoch for first in self.unfreezing)
        return trainable(bare(net), self.record, self.start.trains, blocks)

    def groups(
        self, net: torch.nn.Module, learner: torch.nn.Module
    ) -> list[tuple[float, list[torch.nn.Parameter]]]:
        """Every parameter that some epoch changes, with its share of the learning rate, the head first.

        What `learner` has beside the bare network (an auxiliary head, the head of covariates) learns in every
        epoch, at the full rate.
        """
        names = self.names(net, self.epochs)
        found = rate_groups(bare(net), self.record, names, self.start.layer_decay)
        own = set(bare(net).parameters())
        beside = [parameter for parameter in learner.parameters() if parameter not in own]
        return [*found, (1.0, beside)] if beside else found

    def begin(self, net: torch.nn.Module, epoch: int) -> None:
        """To be called when `net` was put in training mode for this epoch."""
        freeze_all_but(bare(net), self.names(net, epoch))

    @property
    def unfreezing(self) -> tuple[int, ...]:
        """The epochs at whose start one more block joins, from the last block to the first."""
        if self.start.trains != "gradual":
            return ()
        blocks = len(self.record.blocks)
        if self.start.unfreeze_epochs:
            return self.start.unfreeze_epochs[:blocks]
        return tuple(1 + max(n, round(n * self.epochs / 2 / blocks)) for n in range(1, blocks + 1))
