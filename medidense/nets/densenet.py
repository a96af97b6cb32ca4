"""MONAI's DenseNet-121, imported without the tracker that MONAI would bring along."""

import sys

import torch

HIDDEN = ("mlflow",)
"""What MONAI's own start loads where it is installed and a network never needs. Scoring promises to load no
tracker; MONAI takes an absent one in its stride (its ``optional_import``)."""

_absent = [name for name in HIDDEN if name not in sys.modules]
sys.modules.update(dict.fromkeys(_absent))  # type: ignore[arg-type]  # None: the documented mark of "not there"
try:
    from monai.networks.nets import DenseNet121
finally:
    for _name in _absent:
        del sys.modules[_name]


def densenet121(*, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
    """DenseNet-121 (Huang et al., CVPR 2017, table 1), dropout after each dense layer."""
    network: torch.nn.Module = DenseNet121(
        spatial_dims=dims, in_channels=channels, out_channels=classes, dropout_prob=dropout
    )
    return network
