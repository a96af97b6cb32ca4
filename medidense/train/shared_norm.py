"""What does batch normalisation do when each of several processes holds a part of the batch?

The same as with the whole batch in one place. torch's SyncBatchNorm does so on GPUs alone.
"""

from typing import Any

import torch
from torch import distributed
from torch.autograd import Function
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm


def shared_norm(module: _BatchNorm, maps: torch.Tensor) -> torch.Tensor:
    """`module` in training mode on this process's part (N, C, ...) of a batch; its statistics count all."""
    normalised, mean, variance, count = _SharedNorm.apply(maps, module.weight, module.bias, module.eps)
    if module.track_running_stats and module.running_mean is not None and module.running_var is not None:
        with torch.no_grad():
            share = module.momentum or 0.0
            unbiased = variance * (count / (count - 1).clamp(min=1))
            module.running_mean.lerp_(mean.to(module.running_mean), share)
            module.running_var.lerp_(unbiased.to(module.running_var), share)
            if module.num_batches_tracked is not None:
                module.num_batches_tracked.add_(1)
    return normalised


class _SharedNorm(Function):
    """Normalised maps, and mean, variance and number of the values of a channel on all processes.

    Forward and backward pass of Ioffe and Szegedy (ICML 2015, arXiv 1502.03167, section 3), the sums over
    all processes; the gradients of weight and bias are those of this part alone.
    """

    @staticmethod
    def forward(
        ctx: Any, maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        values = maps.float()
        over = [axis for axis in range(maps.ndim) if axis != 1]
        spread, middle = torch.var_mean(values, over, correction=0)
        own = spread.new_full((1,), maps.numel() / maps.shape[1])
        each = _from_all(torch.cat([middle, spread, own]))
        counts = each[:, -1:]
        count, means, spreads = counts.sum(), each[:, :-1].chunk(2, dim=1)[0], each[:, :-1].chunk(2, dim=1)[1]
        mean = (means * counts).sum(0) / count
        # the variances of the parts and that of their means (Chan, Golub and LeVeque, 1979)
        variance = ((spreads + (means - mean) ** 2) * counts).sum(0) / count
        ctx.save_for_backward(maps, weight, mean, variance, count)
        ctx.eps = eps
        normalised = batch_norm(maps, mean, variance, weight, bias, training=False, eps=eps)
        ctx.mark_non_differentiable(mean, variance, count)
        return normalised, mean, variance, count

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        maps, weight, mean, variance, count = ctx.saved_tensors
        over = [axis for axis in range(maps.ndim) if axis != 1]
        along = (1, -1, *[1] * (maps.ndim - 2))
        scale = torch.rsqrt(variance + ctx.eps)
        gradient = gradients[0].float()
        normal = (maps.float() - mean.view(along)) * scale.view(along)
        bias_gradient, weight_gradient = gradient.sum(over), (gradient * normal).sum(over)
        sums = torch.stack([bias_gradient, weight_gradient])
        distributed.all_reduce(sums)
        shift, slope = (each.view(along) for each in sums / count)
        wanted = (gradient - shift - normal * slope) * (scale * weight).view(along)
        return wanted.to(maps.dtype), weight_gradient.to(weight), bias_gradient.to(weight), None


def _from_all(figures: torch.Tensor) -> torch.Tensor:
    """What each process has, (processes, figures), the same on all."""
    table = figures.new_zeros(distributed.get_world_size(), len(figures))
    table[distributed.get_rank()] = figures
    distributed.all_reduce(table)
    return table
