"""What shapes flow through a network for a given input?

The forward pass runs on torch's meta device: shapes without numbers, so it costs nothing and changes nothing.
"""

import torch

from medidense.errors import UsageError
from medidense.nets.covariates import image_part
from medidense.nets.heads import head_of
from medidense.nets.modes import evaluating
from medidense.nets.planes import PlanesNetwork
from medidense.nets.registry import NETWORKS

SMALLEST_MAP = 4
"""Cells a side below which a Grad-CAM map shows no more than a corner of the image."""


def cam_layer(name: str, net: torch.nn.Module, input_shape: tuple[int, ...]) -> str:
    """The deepest candidate layer of network `name` whose map has at least 4 cells along every axis.

    `net` is a network of that name, or one that shares it between planes; `input_shape` is the shape of one
    input, (C, *size). Raises UsageError where the input is so small that no candidate has such a map.
    """
    record = NETWORKS[name]
    if min(input_shape[1:]) >= record.smallest_side:
        prefix = "plane." if isinstance(net, PlanesNetwork) else ""
        layers = tuple(prefix + layer for layer in record.cam_layers)
        shapes = _shapes(net, input_shape, layers)
        for layer in layers:
            if min(shapes[layer][2:]) >= SMALLEST_MAP:
                return layer
    size = "x".join(str(side) for side in input_shape[1:])
    rule = f"no layer of {name} has a map of {SMALLEST_MAP} cells a side for this input"
    raise UsageError("saliency", rule, f"{size} voxels", "use a larger input.size")


def count_classes(net: torch.nn.Module, input_shape: tuple[int, ...]) -> int:
    """The number of classes that `net` tells apart, given the shape of one input, (C, *size)."""
    return head_of(net).classes(_shapes(image_part(net), input_shape, ("",))[""][1])


def _shapes(
    net: torch.nn.Module, input_shape: tuple[int, ...], layers: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    """The output shape of each named layer ("" is the network itself) for a batch of one input."""
    seen: dict[str, tuple[int, ...]] = {}

    def note(layer: str, output: torch.Tensor) -> None:
        seen[layer] = tuple(output.shape)

    hooks = [
        net.get_submodule(layer).register_forward_hook(lambda _m, _i, out, layer=layer: note(layer, out))
        for layer in layers
    ]
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    hollow = {key: torch.empty_like(tensor, device="meta") for key, tensor in tensors.items()}
    try:
        with evaluating(net), torch.no_grad():
            torch.func.functional_call(net, hollow, torch.empty(1, *input_shape, device="meta"))
    finally:
        for hook in hooks:
            hook.remove()
    return seen
