"""How does a trained DenseNet run with fewer passes over its maps?

The network stays as it is; a `FusedDenseNet` is made from its weights for scoring. A dense block has one
buffer for all its channels, so nothing is concatenated; each layer's first batch norm, ReLU and convolution
are one kernel; its second batch norm is part of the weights before it (Jacob et al., CVPR 2018, section 3.2).
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import avg_pool2d, avg_pool3d, conv2d, conv3d, linear, max_pool2d, max_pool3d

from medidense.nets.modes import evaluating
from medidense.nets.pointwise import norm_relu_pointwise

Pointwise = Callable[..., torch.Tensor]


def fusable(net: torch.nn.Module) -> bool:
    """Whether `net` is a DenseNet as MONAI builds it and the kernel's compiler is installed.

    One that carries LoRA's factors is not: they would be passed over.
    """
    features, head = getattr(net, "features", None), getattr(net, "class_layers", None)
    blocks = {"conv0", "norm0", "pool0", "denseblock1", "norm5"}
    return (
        importlib.util.find_spec("triton") is not None
        and isinstance(features, torch.nn.Sequential)
        and isinstance(head, torch.nn.Sequential)
        and blocks <= {name for name, _ in features.named_children()}
        and isinstance(features.conv0, torch.nn.modules.conv._ConvNd)
        and [name for name, _ in head.named_children()] == ["relu", "pool", "flatten", "out"]
    )


@dataclass(frozen=True, eq=False)
class _Layer:
    """Batch norm and matrix of a convolution of one voxel; of a dense layer its bias and the next weights."""

    scale: torch.Tensor
    shift: torch.Tensor
    matrix: torch.Tensor
    bias: torch.Tensor | None = None
    second: torch.Tensor | None = None


class FusedDenseNet:
    """A DenseNet in evaluation mode, its weights in `dtype` where `net` lies; later changes are not seen.

    Call it with images (N, C, *size) to get float32 logits (N, classes). `pointwise` is the kernel, given
    for tests. Sums are in float32; with bfloat16 the maps between the layers are rounded to 8 bits.
    """

    def __init__(
        self, net: torch.nn.Module, dtype: torch.dtype, pointwise: Pointwise = norm_relu_pointwise
    ) -> None:
        self._pointwise, self._dtype = pointwise, dtype
        whole: Any = net
        parts: dict[str, Any] = dict(whole.features.named_children())
        with torch.no_grad(), evaluating(net):
            first = parts["conv0"]
            self._volume = first.weight.ndim == 5
            self._strides = (first.stride, first.padding)
            self._pooled = not isinstance(parts["pool0"], torch.nn.Identity)
            scale = torch.ones(())
            self._stem_shift: torch.Tensor | None = None
            if not isinstance(parts["norm0"], torch.nn.Identity):
                scale, self._stem_shift = _folded(parts["norm0"])
                scale = _along(scale, first.weight.ndim, 0)
            self._stem = self._laid(first.weight * scale.to(first.weight))
            self._blocks = [
                ([self._dense(layer.layers) for layer in part.children()], self._between(parts, number))
                for number, part in (
                    (n, parts[f"denseblock{n}"]) for n in range(1, 9) if f"denseblock{n}" in parts
                )
            ]
            self._last = _folded(parts["norm5"])
            out = whole.class_layers.out
            self._out = (out.weight.float().clone(), out.bias.float().clone())

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the images."""
        conv, pool, halve = (
            (conv3d, max_pool3d, avg_pool3d) if self._volume else (conv2d, max_pool2d, avg_pool2d)
        )
        stride, padding = self._strides
        maps = conv(images.to(self._dtype), self._stem, None, stride, padding)
        if self._pooled:
            # adding and cutting at 0 commute with taking the largest: on the smaller map they cost a quarter
            maps = pool(maps, 3, 2, 1)
        if self._stem_shift is not None:
            maps = (maps + _along(self._stem_shift.to(self._dtype), maps.ndim, 1)).relu_()
        for layers, transition in self._blocks:
            maps = self._block(maps, layers, conv)
            if transition is not None:
                maps = halve(self._pass(maps, transition), 2, 2)
        scale, shift = (_along(each, maps.ndim, 1) for each in self._last)
        mean = (maps.float() * scale + shift).relu_().flatten(2).mean(2)
        return linear(mean, *self._out)

    def _block(
        self, maps: torch.Tensor, layers: list[_Layer], conv: Callable[..., torch.Tensor]
    ) -> torch.Tensor:
        count, size = maps.shape[0], maps.shape[2:]
        channels = [maps.shape[1]]
        channels += [layer.second.shape[0] for layer in layers if layer.second is not None]
        buffer = maps.new_empty(count, *size, sum(channels)).movedim(-1, 1)
        buffer[:, : channels[0]] = maps
        filled = channels[0]
        for layer, more in zip(layers, channels[1:], strict=True):
            new = conv(self._pass(buffer[:, :filled], layer), layer.second, None, 1, 1)
            buffer[:, filled : filled + more] = new
            filled += more
        return buffer

    def _pass(self, maps: torch.Tensor, layer: _Layer) -> torch.Tensor:
        """The kernel on maps (N, C, *size) that are channels last, or the first channels of such."""
        rows = maps.movedim(1, -1).flatten(0, -2)
        done = self._pointwise(rows, layer.scale, layer.shift, layer.matrix, layer.bias)
        return done.unflatten(0, (maps.shape[0], *maps.shape[2:])).movedim(-1, 1)

    def _dense(self, layers: Any) -> _Layer:
        scale, bias = _folded(layers.norm2)
        matrix = layers.conv1.weight.flatten(1) * scale[:, None]
        second = self._laid(layers.conv2.weight)
        return _Layer(*_folded(layers.norm1), self._matrix(matrix), bias, second)

    def _between(self, parts: dict[str, Any], number: int) -> _Layer | None:
        transition = parts.get(f"transition{number}")
        if transition is None:
            return None
        weight = transition.conv.weight.flatten(1)
        return _Layer(*_folded(transition.norm), self._matrix(weight))

    def _matrix(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.t().to(self._dtype).contiguous()

    def _laid(self, weight: torch.Tensor) -> torch.Tensor:
        layout = torch.channels_last_3d if self._volume else torch.channels_last
        return weight.to(self._dtype, memory_format=layout, copy=True)


def _folded(norm: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Factor and summand, float32 (channels,), that batch normalisation in evaluation mode comes to."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale.float(), (norm.bias - norm.running_mean * scale).float()


def _along(values: torch.Tensor, axes: int, axis: int) -> torch.Tensor:
    """`values` (channels,) as the axis `axis` of a tensor with `axes` axes."""
    shape = [1] * axes
    shape[axis] = -1
    return values.view(shape)
