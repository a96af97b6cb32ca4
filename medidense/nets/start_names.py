"""How are a network's tensors called elsewhere?

Names as of torchvision 0.28 and timm 1.0 (equal for these networks; tests/nets/foreign_names.json), of
torchxrayvision (those of torchvision; a ResNet lies under ``model.``), and of MONAI, whose names are ours.
Files of before 2018 write ``norm.1`` for ``norm1``.
"""

import re
from collections.abc import Iterable

LAYER = re.compile(r"(denselayer\d+)\.(?:layers\.)?(norm|conv)\.?([12])\.")
HEAD = "class_layers.out."
"""Head of a DenseNet here and in MONAI; torchvision calls it ``classifier``."""

XRAY_MARKS = ("op_threshs", "pathologies")


def told_by(names: Iterable[str]) -> str:
    """The source that these names speak of: torchxrayvision, monai or torchvision.

    Where they fit several (a ResNet, timm) the answer is torchvision; the names are the same.

    >>> told_by(["features.conv0.weight", "class_layers.out.weight"])
    'monai'
    """
    every = list(names)
    if any(name.split(".")[-1] in XRAY_MARKS for name in every):
        return "torchxrayvision"
    return "monai" if any(name.startswith(HEAD) or ".layers." in name for name in every) else "torchvision"


def ours(name: str) -> str:
    """The name that a tensor has in this package.

    >>> ours("features.denseblock1.denselayer2.norm.1.weight"), ours("classifier.bias"), ours("fc.bias")
    ('features.denseblock1.denselayer2.layers.norm1.weight', 'class_layers.out.bias', 'fc.bias')
    """
    name = LAYER.sub(r"\1.layers.\2\3.", name)
    return HEAD + name.removeprefix("classifier.") if name.startswith("classifier.") else name
