"""How are the weights that score averaged over the steps?"""

from itertools import chain

import torch
from torch.optim.swa_utils import AveragedModel


class Average(AveragedModel):
    """An exponential moving average of a network, to be found in its ``.module``.

    It differs from torch's own in that the count of its updates stays on the CPU: torch asks the GPU for it,
    and so waits for the GPU after each step.
    """

    def __init__(self, net: torch.nn.Module, decay: float) -> None:
        super().__init__(net, use_buffers=True)
        self._decay = decay

    def update_parameters(self, model: torch.nn.Module) -> None:
        """Take in the weights and buffers of `model` after a step."""
        count = int(self.n_averaged)
        kept = min(self._decay, (1 + count) / (10 + count)) if count else 0.0
        old, new = (list(chain(net.parameters(), net.buffers())) for net in (self.module, model))
        with torch.no_grad():
            for real in (True, False):
                mine, theirs = (
                    [tensor for tensor in tensors if tensor.is_floating_point() == real]
                    for tensors in (old, new)
                )
                if mine and real and count:
                    torch._foreach_lerp_(mine, theirs, 1 - kept)
                elif mine:
                    torch._foreach_copy_(mine, theirs)
        self.n_averaged += 1


def average_of(net: torch.nn.Module, decay: float) -> Average:
    """The average of `net` before its first step.

    Call ``update_parameters(net)`` after each step. The first update copies the network. Update number `n`
    (from 0) then keeps the share ``min(decay, (1 + n) / (10 + n))`` of what was there, so that the average
    forgets the first, random weights soon. Batch-norm statistics are averaged too: they must fit the weights;
    whole numbers (batch norm's count of steps) are copied. A decay of 0 gives the network as it is.
    """
    return Average(net, decay)
