"""How is a ResNet built (He et al., CVPR 2016, arXiv 1512.03385)?"""

from dataclasses import dataclass

import torch

from medidense.nets.monai_nets import ResNet

PLANES = [64, 128, 256, 512]
"""Features of the four stages, before a bottleneck's expansion."""


@dataclass(frozen=True)
class ResNetBuilder:
    """A ResNet of one shape: its kind of block (``basic`` or ``bottleneck``) and how many each stage has."""

    block: str
    layers: tuple[int, ...]

    def __call__(self, *, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
        """The network, dropout on the pooled features, before the head.

        Strides, pooling and shortcuts without a bias are those of torchvision's ResNet, so that its weights
        fit; MONAI's own defaults differ in all three.
        """
        network: torch.nn.Module = ResNet(
            self.block,
            list(self.layers),
            PLANES,
            spatial_dims=dims,
            n_input_channels=channels,
            conv1_t_size=7,
            conv1_t_stride=2,
            shortcut_type="B",
            bias_downsample=False,
            num_classes=classes,
        )
        # Neither has weights: the names of all tensors stay those of MONAI and torchvision.
        network.avgpool = torch.nn.Sequential(network.get_submodule("avgpool"), torch.nn.Dropout(dropout))
        return network
