"""How do a package's weights become networks?"""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from medidense.errors import PackageError, UsageError
from medidense.nets import build_for, load_weights
from medidense.values import CovariateEncoding, Recipe


def build_networks(
    recipe: Recipe, classes: int, weights: Sequence[Path], covariates: Sequence[CovariateEncoding] = ()
) -> list[nn.Module]:
    """One network for each safetensors file, in that order, on the CPU, in evaluation mode.

    `covariates` says what each takes beside the image; empty where none takes anything.
    Only safetensors is read, and strictly: a missing, spare or misshapen tensor raises PackageError.
    """
    nets = []
    widths = [encoding.width for encoding in covariates] or [0] * len(weights)
    for path, width in zip(weights, widths, strict=True):
        net = build_for(recipe, classes, covariates=width)
        try:
            load_weights(net, path)
        except UsageError as error:
            raise PackageError.several(error.problems) from None
        nets.append(net.eval())
    return nets
