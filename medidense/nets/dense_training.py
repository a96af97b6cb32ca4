"""How does a DenseNet train on a GPU with fewer passes over its maps?

A dense layer normalises everything before it. By itself each normalisation, ReLU, concatenation and sum of
gradients reads and writes all of it, and the time of a training step goes into that. Here a block has one
buffer; mean and variance of a channel are worked out once, when it is made, for all layers that read it; and
what the normalisations take off a channel's gradient (it is linear in the channel: Ioffe and Szegedy, ICML
2015, section 3) is added up and taken off once.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch

from medidense.nets import training_passes
from medidense.nets.monai_nets import DenseBlock, Transition
from medidense.nets.products import Pointwise3d

DTYPE = torch.bfloat16
"""Of the maps between the layers."""


class BlockPass(torch.autograd.Function):
    """A dense block as one step: ``apply(layers, passes, dtype, maps, *weights)``.

    `layers` are pairs of its normalisations, whose running statistics are brought up to date; `passes` is
    `training_passes` or what stands for it in a test; `maps` is (N, C, *size); `weights` are those of each
    layer: weight and bias of the first normalisation, first convolution, weight and bias of the second,
    second convolution. The result is (N, C + growth of all layers, *size) in `dtype`, channels last.
    """

    @staticmethod
    def forward(
        ctx: Any,
        layers: Sequence[Any],
        passes: Any,
        dtype: torch.dtype,
        maps: torch.Tensor,
        *weights: torch.Tensor,
    ) -> torch.Tensor:
        """The block."""
        given, shape = rows_of(maps.to(dtype)), maps.shape
        rows, first = given.shape
        grown = [weight.shape[0] for weight in weights[5::6]]
        buffer = given.new_empty(rows, first + sum(grown))
        moments = _exact(buffer, 2, buffer.shape[1])
        passes.append(given, buffer[:, :first], moments[:, :first])
        kept, filled = [], first
        for (norm1, norm2), more, (_, _, mix, _, _, conv) in zip(layers, grown, _sixes(weights), strict=True):
            one = passes.fold(moments[:, :filled], norm1, rows)
            mix, conv = _matrix(mix, dtype), conv.to(dtype)
            hidden, its_moments = passes.product(buffer[:, :filled], one, mix, measured=True)
            two = passes.fold(its_moments, norm2, rows)
            active = passes.activate(hidden, two)
            new = _convolution(maps_of(active, shape), conv)
            passes.append(rows_of(new), buffer[:, filled : filled + more], moments[:, filled : filled + more])
            kept += [one, hidden, two, active, mix, conv]
            filled += more
        ctx.save_for_backward(buffer, *kept)
        ctx.passes, ctx.shape, ctx.dtype = passes, shape, maps.dtype
        return maps_of(buffer, shape)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        """Gradients of maps and weights."""
        buffer, *kept = ctx.saved_tensors
        passes, shape = ctx.passes, ctx.shape
        total = torch.empty_like(buffer).copy_(rows_of(grad))
        owed = _exact(buffer, 2, buffer.shape[1]).zero_()
        filled, found = buffer.shape[1], list[torch.Tensor]()
        for one, hidden, two, active, mix, conv in reversed(list(_sixes(kept))):
            end, filled = filled, filled - conv.shape[0]
            new = passes.settle(total[:, filled:end], buffer[:, filled:end], owed[:, filled:end])
            behind, conv_grad = _convolution_backward(maps_of(new, shape), maps_of(active, shape), conv)
            before, second = passes.norm_backward(rows_of(behind), hidden, two)
            place = buffer[:, :filled], one, total[:, :filled], owed[:, :filled]
            mix_grad = passes.weight_gradient(*place[:2], before)
            first = passes.spread(before, mix, *place, fresh=False)
            found = [first[1], first[0], _kernel(mix_grad, shape), second[1], second[0], conv_grad, *found]
        maps = passes.settle(total[:, :filled], buffer[:, :filled], owed[:, :filled])
        return None, None, None, maps_of(maps, shape).to(ctx.dtype), *found


class MixPass(torch.autograd.Function):
    """Normalisation, ReLU, a convolution of one voxel, the mean of each 2 x 2 (x 2) voxels.

    ``apply(norm, passes, dtype, maps, *weights)``: `weights` are weight and bias of the normalisation and the
    convolution. From (N, C, *size) to (N, width, *(size // 2)) in `dtype`, channels last.
    """

    @staticmethod
    def forward(
        ctx: Any, norm: Any, passes: Any, dtype: torch.dtype, maps: torch.Tensor, *weights: torch.Tensor
    ) -> torch.Tensor:
        """All four."""
        source = rows_of(maps.to(dtype))
        moments = _exact(source, 2, source.shape[1])
        passes.append(source, None, moments)
        affine = passes.fold(moments, norm, source.shape[0])
        mix = _matrix(weights[2], dtype)
        done, _ = passes.product(source, affine, mix, measured=False)
        ctx.save_for_backward(source, affine, mix)
        ctx.passes, ctx.shape, ctx.dtype = passes, maps.shape, maps.dtype
        pool = torch.nn.functional.avg_pool3d if maps.ndim == 5 else torch.nn.functional.avg_pool2d
        return pool(maps_of(done, maps.shape), 2, 2)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        """Gradients of maps and weights."""
        source, affine, mix = ctx.saved_tensors
        behind = rows_of(_unpooled(grad.to(source.dtype), ctx.shape))
        mix_grad = ctx.passes.weight_gradient(source, affine, behind)
        total, owed = torch.empty_like(source), _exact(source, 2, source.shape[1])
        sums = ctx.passes.spread(behind, mix, source, affine, total, owed, fresh=True)
        maps = maps_of(ctx.passes.settle(total, source, owed), ctx.shape)
        return None, None, None, maps.to(ctx.dtype), sums[1], sums[0], _kernel(mix_grad, ctx.shape)


class FewPassesBlock(DenseBlock):
    """A dense block of MONAI's that takes `BlockPass` where it can; same weights under the same names."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        """(N, C, *size) to (N, C + growth of all layers, *size)."""
        if not _can(input):
            return cast(torch.Tensor, super().forward(input))
        parts = [dict(layer.layers.named_children()) for layer in cast(Any, self.children())]
        norms = [part[name] for part in parts for name in ("norm1", "norm2")]
        convs = [part[name] for part in parts for name in ("conv1", "conv2")]
        if any(list(part) != _LAYER for part in parts) or not _usual(norms, convs):
            return cast(torch.Tensor, super().forward(input))
        torch._foreach_add_([norm.num_batches_tracked for norm in norms], 1)
        weights = [
            tensor
            for part in parts
            for norm, conv in (("norm1", "conv1"), ("norm2", "conv2"))
            for tensor in (part[norm].weight, part[norm].bias, part[conv].weight)
        ]
        layers = [(part["norm1"], part["norm2"]) for part in parts]
        done = BlockPass.apply(layers, training_passes, DTYPE, input, *weights)
        return cast(torch.Tensor, done)


class FewPassesTransition(Transition):
    """A transition of MONAI's that takes `MixPass` where it can; same weights under the same names."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        """(N, C, *size) to (N, width, *(size / 2))."""
        steps: Any = self
        norm = steps.norm
        if not (_can(input) and _usual([norm], [steps.conv])):
            return cast(torch.Tensor, super().forward(input))
        norm.num_batches_tracked.add_(1)
        weights = (norm.weight, norm.bias, steps.conv.weight)
        return cast(torch.Tensor, MixPass.apply(norm, training_passes, DTYPE, input, *weights))


def with_few_passes(net: torch.nn.Module) -> None:
    """Let every dense block and transition of `net` train so where that is possible, in place.

    That is on one CUDA device, in bf16 under autocast, in training mode, without dropout between the layers
    and with no convolution that was replaced; else they compute as they always do.
    """
    for module in net.modules():
        if type(module) is DenseBlock:
            module.__class__ = FewPassesBlock
        elif type(module) is Transition:
            module.__class__ = FewPassesTransition


_LAYER = ["norm1", "relu1", "conv1", "norm2", "relu2", "conv2"]
_NORMS = (torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
_CONVS = (torch.nn.Conv2d, torch.nn.Conv3d, Pointwise3d)


def _can(maps: torch.Tensor) -> bool:
    """Whether such maps are what the kernels are for; all else is asked only then."""
    return (
        maps.is_cuda
        and torch.is_grad_enabled()
        and torch.is_autocast_enabled("cuda")
        and torch.get_autocast_dtype("cuda") is torch.bfloat16
        and importlib.util.find_spec("triton") is not None
        and not torch.compiler.is_compiling()
    )


def _usual(norms: Sequence[Any], convs: Sequence[Any]) -> bool:
    """Whether these normalise and convolve as MONAI's own do."""
    return all(_plain(norm) for norm in norms) and all(type(conv) in _CONVS for conv in convs)


def _plain(norm: Any) -> bool:
    """Whether it normalises by the batch that passes here; `Ranks` gives it another forward pass where the
    batch lies on several devices."""
    alone = type(norm) in _NORMS and "forward" not in vars(norm)
    return bool(alone and norm.training and norm.momentum is not None)


def rows_of(maps: torch.Tensor) -> torch.Tensor:
    """(N, C, *size) as (N * voxels, C); no copy where the channels lie innermost."""
    return maps.movedim(1, -1).flatten(0, -2)


def maps_of(rows: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """(N * voxels, C) as (N, C, *size), N and size those of `shape`."""
    return rows.unflatten(0, (shape[0], *shape[2:])).movedim(-1, 1)


def _unpooled(grad: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """The gradient before a mean over 2 voxels along each axis, channels last; an odd last one got none.

    Torch's own takes ten times as long as what it writes needs.
    """
    count, size, axes = shape[0], shape[2:], len(shape) - 2
    even = all(side % 2 == 0 for side in size)
    whole = (grad.new_empty if even else grad.new_zeros)(count, *size, grad.shape[1])
    place, given = whole, grad.movedim(1, -1) / 2**axes
    for axis, half in enumerate(grad.shape[2:]):
        at = 2 * axis + 1
        place = place.narrow(at, 0, 2 * half).unflatten(at, (half, 2))
        given = given.unsqueeze(at + 1)
    place.copy_(given.expand_as(place))
    return whole.movedim(-1, 1)


def _matrix(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return weight.flatten(1).to(dtype)


def _kernel(matrix: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """(width, channels) as the weight of a convolution of one voxel over maps of `shape`."""
    return matrix.view(*matrix.shape, *[1] * (len(shape) - 2))


def _convolution(maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    conv = torch.nn.functional.conv3d if maps.ndim == 5 else torch.nn.functional.conv2d
    return conv(maps, weight, padding=1)


def _convolution_backward(
    grad: torch.Tensor, maps: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of maps and weight, the second in float32."""
    ones, zeros = [1] * (maps.ndim - 2), [0] * (maps.ndim - 2)
    needed = [True, True, False]
    behind, of_weight, _ = torch.ops.aten.convolution_backward(
        grad, maps, weight, None, ones, ones, ones, False, zeros, 1, needed
    )
    return behind, of_weight.to(_finer(of_weight.dtype))


def _finer(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _exact(like: torch.Tensor, *shape: int) -> torch.Tensor:
    """Room for sums over `like`."""
    return like.new_empty(shape, dtype=_finer(like.dtype))


def _sixes(tensors: Sequence[torch.Tensor]) -> Iterator[tuple[torch.Tensor, ...]]:
    return zip(*[iter(tensors)] * 6, strict=True)
