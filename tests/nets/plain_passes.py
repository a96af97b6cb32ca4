"""What the kernels of `training_passes` compute, one formula after the other, on any device."""

import torch


def fold(moments, norm, rows):
    mean, spread = moments
    inverse = torch.rsqrt(spread + norm.eps)
    factor = norm.weight * inverse
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(spread * rows / (rows - 1), norm.momentum)
    return torch.stack([factor, norm.bias - mean * factor, mean, inverse]).detach()


def append(source, target, moments):
    if target is not None:
        target.copy_(source)
    moments[0], moments[1] = source.double().mean(0), source.double().var(0, correction=0)


def activate(source, affine):
    return torch.relu(source.to(affine.dtype) * affine[0] + affine[1]).to(source.dtype)


def product(source, affine, weight, *, measured):
    done, moments = activate(source, affine) @ weight.t(), affine.new_empty(2, len(weight))
    if measured:
        append(done, None, moments)
    return done, moments


def settle(grad, source, owed):
    return (grad - owed[0] - owed[1] * source).to(grad.dtype)


def kept(grad, source, affine):
    return torch.where(source.to(affine.dtype) * affine[0] + affine[1] > 0, grad.to(affine.dtype), 0.0)


def owe(grad, source, affine):
    sums = torch.stack([grad.sum(0), (grad * (source - affine[2]) * affine[3]).sum(0)])
    slope = affine[0] * sums[1] * affine[3] / len(grad)
    return sums, torch.stack([affine[0] * sums[0] / len(grad) - slope * affine[2], slope])


def norm_backward(grad, source, affine):
    active = kept(grad, source, affine)
    sums, owed = owe(active, source, affine)
    return settle(affine[0] * active, source, owed).to(source.dtype), sums


def weight_gradient(source, affine, grad):
    return (grad.t() @ activate(source, affine)).to(affine.dtype)


def spread(grad, weight, source, affine, target, owed, *, fresh):
    active = kept(grad.to(affine.dtype) @ weight.to(affine.dtype), source, affine)
    sums, more = owe(active, source, affine)
    target.copy_(affine[0] * active + (0 if fresh else target))
    owed.copy_(more if fresh else owed + more)
    return sums
