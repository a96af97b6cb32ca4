"""How is a DenseNet built (Huang et al., CVPR 2017, arXiv 1608.06993)?"""

from dataclasses import dataclass

import torch

from medidense.nets.monai_nets import DenseNet
from medidense.nets.stems import put_small_stem

PAIR = 2
"""Layers that a bottleneck and its convolution count as in the depth L of a DenseNet-BC."""


@dataclass(frozen=True)
class DenseNetBuilder:
    """A DenseNet of one shape: features of the stem, features each dense layer adds, layers of each block."""

    stem: int
    growth: int
    layers: tuple[int, ...]

    def __call__(self, *, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
        """The network, dropout after each dense layer."""
        network: torch.nn.Module = DenseNet(
            spatial_dims=dims,
            in_channels=channels,
            out_channels=classes,
            init_features=self.stem,
            growth_rate=self.growth,
            block_config=self.layers,
            dropout_prob=dropout,
        )
        return network

    @property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Module names of the stages, from the image to the last one before the head.

        A transition belongs to the block that it ends, the last normalisation to the last block.
        """
        last = len(self.layers)
        dense = (
            (f"features.denseblock{i}", f"features.transition{i}" if i < last else "features.norm5")
            for i in range(1, last + 1)
        )
        return (("features.conv0", "features.norm0"), *dense)

    @property
    def cam_layers(self) -> tuple[str, ...]:
        """Where a Grad-CAM map may be taken, deepest first.

        A transition halves the map, so the dense block after it is always the deeper one of the same size.
        """
        earlier = range(len(self.layers) - 1, 0, -1)
        return ("features.norm5", *(f"features.denseblock{i}" for i in earlier))


@dataclass(frozen=True)
class DenseNetBC(DenseNetBuilder):
    """A DenseNet-BC of the paper for images of 32 pixels: its stem is one convolution and nothing else."""

    @classmethod
    def of(cls, depth: int, growth: int) -> "DenseNetBC":
        """Of depth L and growth rate k: three blocks of (L - 4) / 6 pairs of layers, 2k features of the stem.

        Section 3 of the paper, "Implementation Details".
        """
        pairs = (depth - 4) // (3 * PAIR)
        return cls(stem=2 * growth, growth=growth, layers=(pairs,) * 3)

    def __call__(self, *, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
        """The network, dropout after each dense layer."""
        network = super().__call__(dims=dims, channels=channels, classes=classes, dropout=dropout)
        put_small_stem(network, stride=1)
        features = network.get_submodule("features")
        for name in ("norm0", "relu0"):
            setattr(features, name, torch.nn.Identity())
        return network

    @property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """As of any DenseNet; the stem is its convolution alone."""
        return (("features.conv0",), *super().blocks[1:])
