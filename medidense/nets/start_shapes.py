"""How does a tensor made for other images fit into a network?"""

import torch

XRAY_RANGE = 1024.0
"""torchxrayvision's networks see images in -1024..1024, ours in -1..1."""


def inflated(kernel: torch.Tensor) -> torch.Tensor:
    """A 2D kernel (O, I, k, l) as (O, I, k, l, l): repeated along the third axis and divided by its length.

    An image that does not change along that axis gives the same answer (Carreira and Zisserman, CVPR 2017,
    arXiv 1705.07750, section 2.1).
    """
    length = kernel.shape[-1]
    return kernel.unsqueeze(-1).repeat(1, 1, 1, 1, length) / length


def for_channels(kernel: torch.Tensor, channels: int) -> torch.Tensor:
    """A first kernel (O, I, ...) as (O, channels, ...): the sum over I, shared evenly by the channels.

    So an image repeated in every channel gives the same answer as before; for one channel it is the sum.
    """
    total = kernel.sum(dim=1, keepdim=True)
    return total.expand(-1, channels, *kernel.shape[2:]) / channels


def fit_stem(kernel: torch.Tensor, wanted: torch.Size) -> tuple[torch.Tensor, str]:
    """The first convolution for other channels, and what was done in words (empty: nothing)."""
    if kernel.ndim < 4 or kernel.shape[1] == wanted[1]:
        return kernel, ""
    found = kernel.shape[1]
    words = f"summed over {found} input channels" + (f", shared by {wanted[1]}" if wanted[1] > 1 else "")
    return for_channels(kernel, wanted[1]), words


def fit_axes(kernel: torch.Tensor, wanted: torch.Size) -> tuple[torch.Tensor, str]:
    """A convolution with one axis more, and what was done in words (empty: nothing)."""
    if kernel.ndim == 4 and len(wanted) == 5 and inflated(kernel).shape == wanted:
        return inflated(kernel), f"repeated {wanted[-1]} times along the third axis"
    return kernel, ""
