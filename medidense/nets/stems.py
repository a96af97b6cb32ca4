"""What does an image meet first: a stem for large images, or one that leaves small images their size?

A stem of ImageNet halves an image twice before the first block (7x7 with stride 2, pooling). Of 32 pixels it
leaves 8; so networks for CIFAR begin with one 3x3 convolution (He et al., CVPR 2016, section 4.2; Huang et
al., CVPR 2017, section 3).
"""

from typing import Any

import torch

from medidense.errors import RecipeError

SMALL_STRIDES = {"small": 1, "small_stride2": 2}
"""Stride of the 3x3 convolution of each stem for small images."""


def restem(net: torch.nn.Module, stem: str, *, seed: int) -> None:
    """Give `net`, new from `build`, the stem that a recipe names, in place; ``auto`` leaves its own.

    Names of tensors stay. The first convolution is drawn anew from `seed` as He et al. do (ICCV 2015). Raises
    RecipeError for ``standard`` where the network was made with one for small images.
    """
    if stem == "auto":
        return
    if stem == "standard":
        if set(_first(net)[0].kernel_size) == {3}:
            step = "leave it at auto, or choose another network"
            raise RecipeError("network.stem", "this network has a stem for small images", stem, step)
        return
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        put_small_stem(net, SMALL_STRIDES[stem])


def put_small_stem(net: torch.nn.Module, stride: int) -> None:
    """Replace the first convolution of `net` by one of 3 and its pooling by nothing, in place.

    The weights are drawn from torch's global generator.
    """
    old, parts, conv, pool = _first(net)
    new = type(old)(old.in_channels, old.out_channels, kernel_size=3, stride=stride, padding=1, bias=False)
    torch.nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    setattr(parts, conv, new)
    setattr(parts, pool, torch.nn.Identity())


def _first(net: torch.nn.Module) -> tuple[Any, torch.nn.Module, str, str]:
    """The first convolution, the module that holds it, its name there and that of the pooling."""
    parts: Any = getattr(net, "features", net)
    conv, pool = ("conv0", "pool0") if parts is not net else ("conv1", "maxpool")
    return parts.get_submodule(conv), parts, conv, pool
