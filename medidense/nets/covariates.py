"""How does a network take what is known beside the image?

A linear head on the image's features joined with the covariates is the sum of two linear maps, one of each.
So the image's network stays as it is, however it is built, and the covariates add their share to its logits.
"""

import torch
from torch import nn

from medidense.nets.heads import head_of, with_head
from medidense.nets.planes import PlanesNetwork


class CovariateNetwork(nn.Module):
    """A network of images, `image`, and the columns of its head that belong to `width` covariates.

    Those start at 0: the network begins with the image alone. Its `outputs` mean what those of `image` mean.
    """

    def __init__(self, image: nn.Module, width: int, outputs: int) -> None:
        super().__init__()
        self.image = image
        self.covariates = nn.utils.skip_init(nn.Linear, width, outputs, bias=False)  # draws nothing
        nn.init.zeros_(self.covariates.weight)
        with_head(self, head_of(image).kind)

    def forward(self, images: torch.Tensor, covariates: torch.Tensor) -> torch.Tensor:
        """Logits (N, outputs) of images (N, C, *size) and covariates float32 (N, width)."""
        logits: torch.Tensor = self.image(images)
        return logits + self.covariates(covariates)


def image_part(net: nn.Module) -> nn.Module:
    """What looks at the image: `net` itself, unless it takes covariates too."""
    return net.image if isinstance(net, CovariateNetwork) else net


def covariate_width(net: nn.Module) -> int:
    """How many covariates `net` takes."""
    return net.covariates.in_features if isinstance(net, CovariateNetwork) else 0


def covariate_logits(net: nn.Module, covariates: torch.Tensor) -> torch.Tensor:
    """What covariates float32 (width,) add to the logits of the image, float64 (outputs,).

    0 for a network that takes none.
    """
    if not isinstance(net, CovariateNetwork):
        return torch.zeros((), dtype=torch.float64)
    weight = net.covariates.weight.detach().to(device="cpu", dtype=torch.float64)
    return weight @ covariates.double()


def bare(net: nn.Module) -> nn.Module:
    """The network that a recipe names: without the part of covariates, and the one that planes share."""
    image = image_part(net)
    return image.plane if isinstance(image, PlanesNetwork) else image
