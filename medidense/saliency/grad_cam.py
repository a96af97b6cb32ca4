"""Where in the input did a network find evidence for a class?

Grad-CAM (Selvaraju et al., ICCV 2017, equations 1 and 2): the gradient of the class's logit with respect to
a layer's feature maps, averaged over positions, weighs the maps; negative sums are cut to 0.
"""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medidense.errors import UsageError
from medidense.nets import PlanesNetwork, evaluating, head_of

UPSAMPLING = {1: "linear", 2: "bilinear", 3: "trilinear"}


def grad_cam(net: nn.Module, layer: str, array: NDArray[np.float32], class_index: int) -> NDArray[np.float32]:
    """Evidence for one class (or label, or grade) at each voxel of the network's input.

    `array` is float32 (C, *size) with 2 or 3 axes of size; `layer` is the dotted name of a submodule whose
    output is (1, K, *map); the net gives logits (1, outputs), of which its head makes a sum for each class.
    Returns float32 (*size), in units of logit per cell of the map, not rescaled: 0 is no positive evidence,
    the highest is the strongest. The map is interpolated linearly with the centres of its cells at the
    centres of the voxels they cover. A PlanesNetwork has a map for each plane: float32 (3, S, S).

    The net is left as it was: mode, gradients, flags and hooks. Works inside ``torch.no_grad``.
    Raises UsageError for a layer or a class that the net does not have.
    """
    target = _layer(net, layer)
    anchor = next(net.parameters(), torch.empty(0))
    with torch.inference_mode(False), torch.enable_grad(), evaluating(net), _caught(target) as maps:
        outputs = net(torch.tensor(array[None], dtype=torch.float32, device=anchor.device))
        if not maps:
            raise UsageError(layer, "this layer takes no part in the forward pass", "", "name another layer")
        logits = head_of(net).evidence(outputs)
        if not 0 <= class_index < logits.shape[1]:
            raise UsageError(
                "class_index", f"the network has {logits.shape[1]} classes", class_index, "count from 0"
            )
        (gradient,) = torch.autograd.grad(logits[0, class_index], maps[-1])
    evidence = _evidence(maps[-1].detach(), gradient)
    if isinstance(net, PlanesNetwork):
        return np.stack([_upsampled(plane, array.shape[2:]) for plane in evidence])
    return _upsampled(evidence[0], array.shape[1:])


def _layer(net: nn.Module, layer: str) -> nn.Module:
    """The submodule of that dotted name."""
    modules = dict(net.named_modules())
    if not layer or layer not in modules:
        raise UsageError("layer", "the network has no such layer", layer, "net.named_modules() lists them")
    return modules[layer]


@contextlib.contextmanager
def _caught(target: nn.Module) -> Iterator[list[Tensor]]:
    """The layer's output as a leaf of the graph, once a forward pass has run.

    The pass goes on with a copy, so that an in-place activation behind the layer cannot change what was
    caught; the leaf asks for its own gradient, so that frozen networks work and no parameter gets one.
    """
    maps: list[Tensor] = []

    def catch(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        maps.append(output.detach().clone().requires_grad_(True))
        return maps[-1].clone()

    handle = target.register_forward_hook(catch)
    try:
        yield maps
    finally:
        handle.remove()


def _evidence(maps: Tensor, gradient: Tensor) -> Tensor:
    """(N, *map) of the non-negative weighted sum of (N, K, *map) feature maps."""
    weights = gradient.float().flatten(2).mean(dim=2)
    return torch.einsum("bk,bk...->b...", weights, maps.float()).clamp(min=0)


def _upsampled(evidence: Tensor, size: tuple[int, ...]) -> NDArray[np.float32]:
    """(*map) -> float32 (*size); half a cell at each border takes the border's value."""
    mode = UPSAMPLING[len(size)]
    wide = nn.functional.interpolate(evidence[None, None], size=size, mode=mode, align_corners=False)
    return np.ascontiguousarray(wide[0, 0].cpu().numpy(), dtype=np.float32)
