"""How does a 2D network look at a cube? At the three orthogonal planes through its middle (2.5D)."""

import torch
from torch import nn

PLANES = 3
"""Across the first, the second and the third axis of the cube, in this order."""


def central_planes(cubes: torch.Tensor) -> torch.Tensor:
    """(N, C, S, S, S) -> (N, C, 3, S, S): plane p lies across axis p, at index S // 2 of it.

    The axes that are left keep their order.
    """
    middle = cubes.shape[-1] // 2
    return torch.stack([cubes.select(2 + axis, middle) for axis in range(PLANES)], dim=2)


class PlanesNetwork(nn.Module):
    """A 2D network that sees the planes of a cube one by one; its logits are the mean over the planes.

    The head of a classifier is linear, so the mean of the logits is the logit of the mean of the features.
    Takes cubes (N, C, S, S, S), or planes that are cut out already, (N, C, 3, S, S); a cube has a side of at
    least 32. `plane` is the network that all planes share.
    """

    def __init__(self, plane: nn.Module) -> None:
        super().__init__()
        self.plane = plane

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes)."""
        planes = images if images.shape[2] == PLANES else central_planes(images)
        count, channels = planes.shape[:2]
        rows = planes.transpose(1, 2).reshape(count * PLANES, channels, *planes.shape[3:])
        layout = torch.channels_last if _innermost(self.plane) else torch.contiguous_format
        logits: torch.Tensor = self.plane(rows.contiguous(memory_format=layout))
        return logits.unflatten(0, (count, PLANES)).mean(dim=1)


def _innermost(net: nn.Module) -> bool:
    """True where the kernels of `net` lie channels last, so that its images should too."""
    kernel = next((p for p in net.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1), None)
    return kernel is not None and kernel.is_contiguous(memory_format=torch.channels_last)
