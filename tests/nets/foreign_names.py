"""Writes foreign_names.json: names and shapes of the tensors of torchvision's and timm's networks.

Neither library is needed by medidense or its tests. In an environment that has both:

    python tests/nets/foreign_names.py
"""

import json
from pathlib import Path

import torch

NETWORKS = ("densenet121", "densenet169", "densenet201", "resnet18", "resnet50")


def shapes(make) -> dict[str, list[int]]:
    """Name -> shape of every tensor of the network; nothing is allocated."""
    with torch.device("meta"):
        return {name: list(tensor.shape) for name, tensor in make().state_dict().items()}


def main() -> None:
    """One line a network; timm's are written only where they differ."""
    import timm
    import torchvision

    lines = []
    for name in NETWORKS:
        first = shapes(lambda name=name: getattr(torchvision.models, name)(weights=None))
        second = shapes(lambda name=name: timm.create_model(name, pretrained=False))
        lines.append(f'"torchvision/{name}": {json.dumps(first, separators=(",", ":"))}')
        same = second == first
        lines.append(f'"timm/{name}": {json.dumps("as torchvision" if same else second)}')
    versions = {"torchvision": torchvision.__version__, "timm": timm.__version__}
    lines.insert(0, f'"versions": {json.dumps(versions)}')
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
