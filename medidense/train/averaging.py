"""How are the weights that score averaged over the steps?"""

import torch
from torch.optim.swa_utils import PARAM_LIST, AveragedModel, get_ema_multi_avg_fn


def average_of(net: torch.nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of `net`, to be found in its ``.module``.

    Call ``update_parameters(net)`` after each step. The first update copies the network. Update number `n`
    (from 0) then keeps the share ``min(decay, (1 + n) / (10 + n))`` of what was there, so that the average
    forgets the first, random weights soon. Batch-norm statistics are averaged too: they must fit the weights.
    A decay of 0 gives the network as it is.
    """

    def update(averaged: PARAM_LIST, current: PARAM_LIST, count: torch.Tensor | int) -> None:
        kept = min(decay, (1 + int(count)) / (10 + int(count)))
        get_ema_multi_avg_fn(kept)(averaged, current, count)

    return AveragedModel(net, multi_avg_fn=update, use_buffers=True)
