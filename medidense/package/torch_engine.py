"""How do a package's weights become networks?"""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from medidense.errors import PackageError, UsageError
from medidense.nets import build_for, load_weights
from medidense.values import Recipe


def build_networks(recipe: Recipe, classes: int, weights: Sequence[Path]) -> list[nn.Module]:
    """One network for each safetensors file, in that order, on the CPU, in evaluation mode.

    Only safetensors is read, and strictly: a missing, spare or misshapen tensor raises PackageError.
    """
    nets = []
    for path in weights:
        net = build_for(recipe, classes)
        try:
            load_weights(net, path)
        except UsageError as error:
            raise PackageError.several(error.problems) from None
        nets.append(net.eval())
    return nets
