"""Which networks can a recipe name, and what must be known about each?

To add one, write its building function and its record in this file; the contract tests find it by themselves.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import torch

from medidense.errors import RecipeError
from medidense.nets.densenet import densenet121
from medidense.nets.products import as_products


class Builder(Protocol):
    """Makes a network whose initial weights come from torch's CPU generator."""

    def __call__(self, *, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
        """A network from (N, channels, *size) to logits (N, classes)."""


@dataclass(frozen=True)
class NetworkRecord:
    """What must be known about a network before it is built.

    `dims` are the numbers of spatial axes it exists for, `smallest_side` the shortest side in voxels that
    it takes, `cam_layers` the module names whose output may carry a Grad-CAM map, deepest first,
    `weights_licence` the licence of the weights it starts from (empty: they are drawn at random).
    """

    name: str
    dims: tuple[int, ...]
    smallest_side: int
    cam_layers: tuple[str, ...]
    weights_licence: str
    build: Builder


_RECORDS = (
    NetworkRecord(
        name="densenet121",
        dims=(2, 3),
        # Five halvings bring 32 voxels to one; 28 leave nothing for the last block (29 to 31 just pass).
        smallest_side=32,
        # A transition halves the map, so the dense block after it is always the deeper one of the same size.
        cam_layers=(
            "features.norm5",
            "features.denseblock3",
            "features.denseblock2",
            "features.denseblock1",
        ),
        weights_licence="",
        build=densenet121,
    ),
)

NETWORKS: Mapping[str, NetworkRecord] = MappingProxyType({record.name: record for record in _RECORDS})
"""Every network by the name that a recipe uses."""


def build(name: str, *, dims: int, channels: int, classes: int, dropout: float, seed: int) -> torch.nn.Module:
    """A new network on the CPU, its initial weights decided by `seed` alone.

    It maps float32 (N, channels, *size) with `dims` spatial axes to logits (N, classes). The global
    random state is left as it was found. Raises RecipeError for a name or a number of axes that no
    record offers.
    """
    record = NETWORKS.get(name)
    if record is None:
        near = difflib.get_close_matches(name, NETWORKS, n=1)
        step = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(NETWORKS)}"
        raise RecipeError("network.name", "no such network", name, step)
    if dims not in record.dims:
        known = " or ".join(str(number) for number in record.dims)
        raise RecipeError("input.dims", f"{name} works in {known} dimensions", dims, "change input.dims")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = record.build(dims=dims, channels=channels, classes=classes, dropout=dropout)
    as_products(net)
    return net
