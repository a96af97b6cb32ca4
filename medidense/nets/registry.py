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
from medidense.nets.covariates import CovariateNetwork
from medidense.nets.dense_memory import recompute
from medidense.nets.dense_training import with_few_passes
from medidense.nets.densenet import DenseNetBC, DenseNetBuilder
from medidense.nets.heads import HEADS, with_head
from medidense.nets.planes import PlanesNetwork
from medidense.nets.products import as_products
from medidense.nets.resnet import ResNetBuilder
from medidense.nets.stems import restem
from medidense.values.recipe import Recipe


class Builder(Protocol):
    """Makes a network whose initial weights come from torch's CPU generator."""

    def __call__(self, *, dims: int, channels: int, classes: int, dropout: float) -> torch.nn.Module:
        """A network from (N, channels, *size) to logits (N, classes)."""


@dataclass(frozen=True)
class NetworkRecord:
    """What must be known about a network before it is built.

    `dims` are the numbers of spatial axes it exists for, `smallest_side` the shortest side in voxels that
    it takes, `cam_layers` the module names whose output may carry a Grad-CAM map, deepest first, `head` the
    name of the last linear layer, `blocks` the module names of each stage between image and head in that
    order (together with the head they hold every parameter), `weights_licence` the licence of the weights
    it starts from (empty: they are drawn at random).
    """

    name: str
    dims: tuple[int, ...]
    smallest_side: int
    cam_layers: tuple[str, ...]
    head: str
    blocks: tuple[tuple[str, ...], ...]
    weights_licence: str
    build: Builder


def _densenet(name: str, smallest_side: int, build: DenseNetBuilder) -> NetworkRecord:
    return NetworkRecord(
        name=name,
        dims=(2, 3),
        smallest_side=smallest_side,
        cam_layers=build.cam_layers,
        head="class_layers.out",
        blocks=build.blocks,
        weights_licence="",
        build=build,
    )


def _resnet(name: str, build: ResNetBuilder) -> NetworkRecord:
    return NetworkRecord(
        name=name,
        dims=(2, 3),
        # Padded convolutions take any side; five halvings bring 32 voxels to one.
        smallest_side=32,
        cam_layers=("layer4", "layer3", "layer2", "layer1"),
        head="fc",
        blocks=(("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",)),
        weights_licence="",
        build=build,
    )


# Five halvings bring 32 voxels to one; 28 leave nothing for the last block (29 to 31 just pass). The small
# network (0.41 million parameters in 3D) has three blocks, so four halvings.
_RECORDS = (
    _densenet("densenet121", 32, DenseNetBuilder(stem=64, growth=32, layers=(6, 12, 24, 16))),
    _densenet("densenet169", 32, DenseNetBuilder(stem=64, growth=32, layers=(6, 12, 32, 32))),
    _densenet("densenet201", 32, DenseNetBuilder(stem=64, growth=32, layers=(6, 12, 48, 32))),
    _densenet("densenet264", 32, DenseNetBuilder(stem=64, growth=32, layers=(6, 12, 64, 48))),
    _densenet("densenet_small", 16, DenseNetBuilder(stem=32, growth=16, layers=(4, 4, 4))),
    _densenet("densenet_bc_100_12", 8, DenseNetBC.of(depth=100, growth=12)),
    _densenet("densenet_bc_40_48", 8, DenseNetBC.of(depth=40, growth=48)),
    _resnet("resnet18", ResNetBuilder("basic", (2, 2, 2, 2))),
    _resnet("resnet50", ResNetBuilder("bottleneck", (3, 4, 6, 3))),
)

NETWORKS: Mapping[str, NetworkRecord] = MappingProxyType({record.name: record for record in _RECORDS})
"""Every network by the name that a recipe uses."""


def network(name: str) -> NetworkRecord:
    """The record of that name. Raises RecipeError, which names the nearest one."""
    record = NETWORKS.get(name)
    if record is None:
        near = difflib.get_close_matches(name, NETWORKS, n=1)
        step = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(NETWORKS)}"
        raise RecipeError("network.name", "no such network", name, step)
    return record


def build(name: str, *, dims: int, channels: int, classes: int, dropout: float, seed: int) -> torch.nn.Module:
    """A new network on the CPU, its initial weights decided by `seed` alone.

    It maps float32 (N, channels, *size) with `dims` spatial axes to logits (N, classes). The global
    random state is left as it was found. Raises RecipeError for a name or a number of axes that no
    record offers.
    """
    record = network(name)
    if dims not in record.dims:
        known = " or ".join(str(number) for number in record.dims)
        raise RecipeError("input.dims", f"{name} works in {known} dimensions", dims, "change input.dims")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = record.build(dims=dims, channels=channels, classes=classes, dropout=dropout)
    as_products(net)
    with_few_passes(net)
    return net


def build_for(recipe: Recipe, classes: int, *, seed: int = 0, covariates: int = 0) -> torch.nn.Module:
    """The new network that a recipe describes, for its input: float32 (N, C, *size) to logits (N, outputs).

    It carries the head of ``labels.kind``: a logit for each class or label, of grades one fewer.
    With ``input.view: planes`` it is a 2D network that shares its weights between the three planes; with
    ``network.memory: recompute`` its dense blocks keep no concatenation. With `covariates` above 0 it takes
    as many numbers beside the image, and its weights are those that `seed` decides without. Raises
    RecipeError as `build`, `restem` and `recompute` do.
    """
    planes, outputs = recipe.input.view == "planes", HEADS[recipe.labels.kind].outputs(classes)
    net = build(
        recipe.network.name,
        dims=2 if planes else recipe.input.dims,
        channels=recipe.input.channels,
        classes=outputs,
        dropout=recipe.network.dropout,
        seed=seed,
    )
    restem(net, recipe.network.stem, seed=seed)
    if recipe.network.memory == "recompute":
        recompute(net)
    net = with_head(PlanesNetwork(net) if planes else net, recipe.labels.kind)
    return CovariateNetwork(net, covariates, outputs) if covariates else net


def count_parameters(recipe: Recipe, classes: int) -> int:
    """How many numbers a training of the recipe's network may change; planes share theirs.

    Nothing is allocated. Raises RecipeError.
    """
    with torch.device("meta"):
        net = build_for(recipe, classes)
    return sum(parameter.numel() for parameter in net.parameters())
