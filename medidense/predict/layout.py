"""How do images and weights lie in memory?

The kernel that torch picks, and so the last bit of a result, depends on the strides. Where an axis has length
one several strides mean the same layout and torch keeps whichever it meets; so they are set anew here.
"""

import torch


def channels_last(axes: int) -> torch.memory_format:
    """The layout with the channel axis innermost for tensors of 4 or 5 axes; row-major for all others."""
    if axes == 5:
        return torch.channels_last_3d
    return torch.channels_last if axes == 4 else torch.contiguous_format


def arranged(tensor: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    """`tensor` with exactly the strides of `layout`: itself where it has them, else a copy."""
    canonical = torch.empty_like(tensor, device="meta", memory_format=layout)
    if tensor.stride() == canonical.stride():
        return tensor
    return torch.empty_like(tensor, memory_format=layout).copy_(tensor)


def arrange(net: torch.nn.Module, *, last: bool) -> None:
    """Lay out the parameters of `net` in place: channels last, or row-major. Their values stay."""
    with torch.inference_mode(False), torch.no_grad():
        for parameter in net.parameters():
            layout = channels_last(parameter.ndim) if last else torch.contiguous_format
            parameter.data = arranged(parameter.data, layout)
