"""MONAI's networks, imported without the tracker that MONAI would bring along."""

import sys

HIDDEN = ("mlflow",)
"""What MONAI's own start loads where it is installed and a network never needs. Scoring promises to load no
tracker; MONAI takes an absent one in its stride (its ``optional_import``)."""

_absent = [name for name in HIDDEN if name not in sys.modules]
sys.modules.update(dict.fromkeys(_absent))  # type: ignore[arg-type]  # None: the documented mark of "not there"
try:
    from monai.networks.nets import DenseNet, ResNet
    from monai.networks.nets.densenet import _DenseBlock as DenseBlock
    from monai.networks.nets.densenet import _Transition as Transition
finally:
    for _name in _absent:
        del sys.modules[_name]

__all__ = ["DenseBlock", "DenseNet", "ResNet", "Transition"]
