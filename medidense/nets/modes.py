"""How is a network looked at without leaving a trace in it?"""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def evaluating(net: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode (no dropout, stored batch-norm statistics) inside the block.

    After it every module is in the mode it was in before, also where only a part of the network was frozen.
    """
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
