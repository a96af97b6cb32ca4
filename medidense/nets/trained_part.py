"""Which parameters does a fine-tuning change, and how far is each from the head?"""

from collections.abc import Sequence

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from medidense.nets.registry import NetworkRecord


def depth_of(name: str, record: NetworkRecord) -> int:
    """How many blocks lie between a parameter and the head: 0 in the head, 1 in the last block.

    >>> from medidense.nets.registry import NETWORKS
    >>> [depth_of(name, NETWORKS["resnet18"]) for name in ("fc.bias", "layer4.0.bn1.weight", "conv1.weight")]
    [0, 1, 5]
    """
    for depth, block in enumerate(reversed(record.blocks), start=1):
        if name.startswith(tuple(f"{part}." for part in block)):
            return depth
    return 0


def trainable(net: torch.nn.Module, record: NetworkRecord, trains: str, blocks: int = 0) -> tuple[str, ...]:
    """Names of the parameters of `net` that `trains` (the recipe's start.trains) changes, in their order.

    With ``gradual`` that is the head and the last `blocks` blocks; with ``lora`` the head and the added
    factors; ``norm`` is the head and every weight and bias of a batch normalisation.
    """
    names = [name for name, _ in net.named_parameters()]
    if trains == "everything":
        return tuple(names)
    reach = {"last_block": 1, "gradual": blocks}.get(trains, 0)
    norms = {
        f"{module}.{leaf}"
        for module, child in net.named_modules()
        if trains == "norm" and isinstance(child, _BatchNorm)
        for leaf, _ in child.named_parameters(recurse=False)
    }
    return tuple(
        name
        for name in names
        if depth_of(name, record) <= reach or name in norms or (trains == "lora" and ".lora_" in name)
    )


def freeze_all_but(net: torch.nn.Module, names: Sequence[str]) -> None:
    """Let only these parameters learn. A batch normalisation whose own are frozen stays in evaluation mode:
    it uses and keeps the statistics it came with. To be called again after ``net.train()``."""
    learning = set(names)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in learning)
    for child in net.modules():
        own = list(child.parameters(recurse=False))
        if isinstance(child, _BatchNorm) and own and not any(parameter.requires_grad for parameter in own):
            child.eval()


def rate_groups(
    net: torch.nn.Module, record: NetworkRecord, names: Sequence[str], layer_decay: float
) -> list[tuple[float, list[torch.nn.Parameter]]]:
    """The named parameters with their share of the learning rate, the largest (the head's) first.

    The share is ``layer_decay ** depth`` (Howard and Ruder, ACL 2018, arXiv 1801.06146, section 3.2).
    """
    by_share: dict[float, list[torch.nn.Parameter]] = {}
    learning = set(names)
    for name, parameter in net.named_parameters():
        if name in learning:
            by_share.setdefault(layer_decay ** depth_of(name, record), []).append(parameter)
    return sorted(by_share.items(), key=lambda group: -group[0])
