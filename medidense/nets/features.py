"""What does a network know of an image before its head decides? Its last features, pooled."""

import copy

import torch
from torch import nn

from medidense.nets.covariates import bare, image_part
from medidense.nets.registry import NetworkRecord


def headless(net: nn.Module, record: NetworkRecord) -> nn.Module:
    """A copy of what looks at the image in `net`, without its last linear layer.

    It maps images to pooled features (N, F); of planes they are the mean over the planes. `net` is left as it
    is.
    """
    image = copy.deepcopy(image_part(net))
    where, _, name = record.head.rpartition(".")
    setattr(bare(image).get_submodule(where), name, nn.Identity())
    with torch.no_grad():
        return image.requires_grad_(False)
